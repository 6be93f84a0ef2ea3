"""Options that all commands have: which server, and as whom.

As those of the aws command, they stand before the name of the command or behind it.
"""

from __future__ import annotations

from typing import Annotated

import typer

from ..configure import choose_s3

EndpointUrl = Annotated[
    str | None,
    typer.Option(metavar="URL", help="S3 server; before ARRAYMORPH_ENDPOINT_URL"),
]
Region = Annotated[
    str | None, typer.Option(metavar="REGION", help="its region; before ARRAYMORPH_REGION")
]
Profile = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="profile of ~/.aws; before ARRAYMORPH_PROFILE and keys"),
]


def choose(
    endpoint_url: EndpointUrl = None, region: Region = None, profile: Profile = None
) -> None:
    """For this process and its children."""
    choose_s3(endpoint=endpoint_url, region=region, profile=profile)


def with_common_options(app: typer.Typer) -> typer.core.TyperGroup:
    """The program, whose commands take the options of `choose` as well."""
    program = typer.main.get_command(app)
    assert isinstance(program, typer.core.TyperGroup)
    for command in program.commands.values():
        probe = typer.Typer(add_completion=False)
        probe.command()(choose)
        for option in typer.main.get_command(probe).params:
            if option.name == "help":
                continue
            option.expose_value = False
            option.callback = _chosen
            command.params.append(option)
    return program


def _chosen(_context: object, option: object, value: str | None) -> str | None:
    if value is not None:
        choose(**{str(option.name): value})  # type: ignore[attr-defined]
    return value
