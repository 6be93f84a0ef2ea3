"""The command `arraymorph`: one file per command. Imported by nothing else in the package."""

from __future__ import annotations

import typer

from . import copy, doctor, env, gc, plugin_path, pointer, verify

app = typer.Typer(
    name="arraymorph",
    help="HDF5 on S3-compatible object storage: switch it on, look after stored files.",
    epilog="Without a command: env. A URL is s3://bucket/name or file:///directory/name; a pointer "
    "file or a plain name that BUCKET_NAME or ARRAYMORPH_ROOT places will do as well.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("env")(env.env)
app.command("plugin-path")(plugin_path.plugin_path)
app.command("pointer")(pointer.pointer)
app.command("copy")(copy.copy)
app.command("verify")(verify.verify)
app.command("gc")(gc.gc)
app.command("doctor")(doctor.doctor)


@app.callback(invoke_without_command=True)
def _without_command(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        env.env()


def main() -> None:
    """Entry point; ends the process."""
    app(prog_name="arraymorph")
