"""The commands that change a profile's form: `export` writes what Azure's tools take, `import` reads it back."""

from __future__ import annotations

__all__ = ["register"]

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway_workbook.cli_target import chosen_target
from gateway_workbook.errors import UsageError
from gateway_workbook.visible import visible

if TYPE_CHECKING:
    from gateway_workbook.export import Form
    from gateway_workbook.reading import Reading
    from gateway_workbook.target import Target


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command("export", short_help="Write a profile as template, Bicep, az script, …")(export_form)
    app.command("import", short_help="Make a profile of any of those, or of a connection.")(import_form)


def export_form(
    profile: Annotated[str, typer.Argument(help="Profile: a file of any form, or the name of a ready one.")],
    *,
    form: Annotated[
        str, typer.Option("--format", help="arm, template, bicep, parameters, az-yaml or az-rest.")
    ] = "template",
    out: Annotated[Path, typer.Option(help="Folder for the files.")] = Path(),
    target: Annotated[
        str | None,
        typer.Option(
            help="Where the connection will be; default azure where the profile names a project, else sandbox."
        ),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Write over files that are there.")] = False,
) -> None:
    """Write a profile in a form that Azure's own tools take, and print the command that uses it.

    No form holds a secret; the command takes each from an environment variable.
    """
    from gateway_workbook.export import export
    from gateway_workbook.profile import load_profile

    chosen = load_profile(profile)
    where = chosen_target(target, project=None if target == "sandbox" else chosen.project_resource_id)
    exported = export(chosen, _form(form), target=where)
    for path in exported.write(out, overwrite=overwrite):
        typer.echo(f"wrote {path}")
    if where.kind == "sandbox" and target is None:
        typer.echo("note: for the sandbox, as the profile names no project (projectResourceId)", err=True)
    folder = "" if out == Path() else f"cd {shlex.quote(str(out))}\n"
    typer.echo(f"\nNext:\n\n{folder}{exported.command}", nl=False)


def import_form(  # noqa: PLR0913  one parameter per option
    source: Annotated[str, typer.Argument(help="A file of any form, or the name of a connection that is there.")],
    *,
    out: Annotated[Path | None, typer.Option(help="File for the profile; default is to print it.")] = None,
    target: Annotated[
        str | None, typer.Option(help="Where the connection is; default azure with --project, else sandbox.")
    ] = None,
    project: Annotated[str | None, typer.Option(help="The project's resource id on Azure.")] = None,
    name: Annotated[str | None, typer.Option(help="The connection's name in the profile; default its own.")] = None,
    client_id: Annotated[
        str | None, typer.Option(help="An OAuth2 client's id, which Azure does not give back.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Write over a file that is there.")] = False,
) -> None:
    """Make a profile of an ARM resource, a template, a parameter file, Bicep, an az script, or a connection.

    What it cannot know, such as the secret, becomes a reference; standard error says which variable to set.
    """
    from gateway_workbook.importing import import_profile
    from gateway_workbook.reading import read_file
    from gateway_workbook.whole_files import write_files

    path = Path(source).expanduser()
    if path.is_file():
        where, reading = (None if target in (None, "azure") else chosen_target(target)), read_file(path)
    else:
        where = _holder(source, target=target, project=project)
        reading = _stored(source, where)
    changes = {"connectionName": name, "projectResourceId": project, "clientId": client_id}
    imported = import_profile(reading, changes=changes, target=where)
    for sentence in imported.told:
        typer.echo(f"note: {visible(sentence)}", err=True)
    if out is None:
        typer.echo(imported.profile.to_yaml(), nl=False)
        return
    write_files({out: imported.profile.to_yaml()}, overwrite=overwrite)
    typer.echo(f"wrote {out}")


def _holder(name: str, *, target: str | None, project: str | None) -> Target:
    """Where a connection of that name is."""
    if Path(name).expanduser().is_dir():
        raise UsageError(f"{name} is a folder: give one file of it, or the name of a connection")
    if not re.fullmatch(r"[A-Za-z0-9_-]+", name):
        raise UsageError(f"no file '{name}': give one, or the name of a connection that is there")
    return chosen_target(target, project=project)


def _stored(name: str, where: Target) -> Reading:
    from gateway_workbook.arm import Connections
    from gateway_workbook.reading import read_stored
    from gateway_workbook.target import http_client

    with http_client(where) as http:
        connections = Connections(where, http, credential=where.credential(), secrets=where.secrets())
        return read_stored(connections.find(name), source=f"connection {name}")


def _form(wanted: str) -> Form:
    from gateway_workbook.export import FORMS

    for form in FORMS:
        if form == wanted:
            return form
    raise UsageError(f"no form '{wanted}': write {', '.join(FORMS)}")
