"""The command `arraymorph`: one file per command. Imported by nothing else in the package.

What takes long to import (h5py, NumPy, rich) is imported where it is used: every press of the tab
key starts the program.
"""

from __future__ import annotations

import typer

from . import (
    bench,
    cat,
    common,
    copy,
    doctor,
    env,
    gc,
    info,
    ls,
    map,
    plugin_path,
    pointer,
    rm,
    tree,
    verify,
)

app = typer.Typer(
    name="arraymorph",
    help="HDF5 on S3-compatible object storage: switch it on, look after stored files."
    "\n\n\b\n"
    'eval "$(arraymorph env)"               let HDF5 programs use it\n'
    "arraymorph doctor s3://bucket          does it work here?\n"
    "arraymorph ls s3://bucket              what is there?\n"
    "arraymorph tree s3://bucket/run42.h5   what is in it?\n"
    "arraymorph COMMAND --help              examples of each",
    epilog="Without a command: env. A URL is s3://bucket/name or file:///directory/name; a pointer "
    "file, a file of the local disk, or a plain name that BUCKET_NAME or ARRAYMORPH_ROOT places "
    "will do as well. --endpoint-url, --region and --profile may stand behind the command too. "
    "Exit status: 0 done, 1 something went wrong (one line on stderr says what), "
    "2 the command line was not understood.",
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for _name, _command, _short in (
    ("ls", ls.ls, "List HDF5 files in a bucket, members of a group."),
    ("tree", tree.tree, "Show groups, datasets, types, chunks, sizes."),
    ("info", info.info, "Tell everything about a file or dataset."),
    ("cat", cat.cat, "Print values: text, CSV, NumPy files."),
    ("map", map.map_, "Draw chunks, and which ones a program fetched."),
    ("copy", copy.copy, "Copy files in and out, or between stores."),
    ("rm", rm.rm, "Remove a stored file, after asking."),
    ("verify", verify.verify, "Check that a stored file is whole."),
    ("gc", gc.gc, "Remove objects that a file does not need."),
    ("doctor", doctor.doctor, "Does ArrayMorph work here? What to do if not."),
    ("bench", bench.bench, "Measure a store from here."),
    ("env", env.env, "Print the lines that switch it on in a shell."),
    ("plugin-path", plugin_path.plugin_path, "Print the directory of the HDF5 plugin."),
    ("pointer", pointer.pointer, "Make a local file that leads to a stored one."),
):
    app.command(_name, short_help=_short)(_command)


@app.callback(invoke_without_command=True)
def _before_command(
    context: typer.Context,
    endpoint_url: common.EndpointUrl = None,
    region: common.Region = None,
    profile: common.Profile = None,
) -> None:
    common.choose(endpoint_url, region, profile)
    if context.invoked_subcommand is None:
        env.env(None)


def main() -> None:
    """Entry point; ends the process."""
    common.with_common_options(app)(prog_name="arraymorph")
