"""The commands that change a profile's form: `export` writes what Azure's tools take, `import` reads it back."""

from __future__ import annotations

__all__ = ["register"]

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from gateway_workbook.export import Form
    from gateway_workbook.target import Target


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command("export")(export_form)


def export_form(
    profile: Annotated[str, typer.Argument(help="Profile: a file of any form, or the name of a ready one.")],
    *,
    form: Annotated[
        str, typer.Option("--format", help="arm, template, bicep, parameters, az-yaml or az-rest.")
    ] = "template",
    out: Annotated[Path, typer.Option(help="Folder for the files.")] = Path(),
    target: Annotated[str, typer.Option(help="Where the connection will be: azure, or the running sandbox.")] = "azure",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Write over files that are there.")] = False,
) -> None:
    """Write a profile in a form that Azure's own tools take, and print the command that uses it.

    No form holds a secret; the command takes each from an environment variable.
    """
    from gateway_workbook.export import export
    from gateway_workbook.profile import load_profile

    chosen = load_profile(profile)
    exported = export(chosen, _form(form), target=_target(target, chosen.project_resource_id))
    for path in exported.write(out, overwrite=overwrite):
        typer.echo(f"wrote {path}")
    where = "" if out == Path() else f"cd {shlex.quote(str(out))}\n"
    typer.echo(f"\nNext:\n\n{where}{exported.command}", nl=False)


def _form(wanted: str) -> Form:
    from gateway_workbook.errors import UsageError
    from gateway_workbook.export import FORMS

    for form in FORMS:
        if form == wanted:
            return form
    raise UsageError(f"no form '{wanted}': write {', '.join(FORMS)}")


def _target(kind: str, project_resource_id: str | None) -> Target:
    from gateway_workbook import target as targets
    from gateway_workbook.errors import UsageError

    if kind == "sandbox":
        return targets.sandbox(start=False)
    if kind == "azure":
        return targets.azure(project_resource_id)
    raise UsageError(f"no target '{kind}': write azure or sandbox")
