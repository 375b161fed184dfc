"""An executed notebook as one HTML page that reads as it stands: no script, no network, no second file, no kernel."""

from __future__ import annotations

__all__ = ["notebooks_of", "write_pages"]

import base64
import mimetypes
import warnings
from dataclasses import dataclass
from datetime import UTC, datetime
from os.path import normpath
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit

from gateway_workbook.errors import UsageError
from gateway_workbook.frames import mark
from gateway_workbook.inert import inert
from gateway_workbook.notebook_cells import cells
from gateway_workbook.run import Run, run_folder
from gateway_workbook.stages import stages
from gateway_workbook.visible import visible
from gateway_workbook.whole_files import write_files

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jinja2 import Environment
    from markupsafe import Markup
    from nbformat import NotebookNode

    from gateway_workbook.notebook_cells import Cell


@dataclass(frozen=True, kw_only=True)
class _Page:
    """One notebook and the file its page goes to; `pages` are all that are written together."""

    notebook: Path
    path: Path
    pages: tuple[Path, ...]
    report: Path | None


def notebooks_of(place: str | Path) -> list[Path]:
    """The notebook itself, or the executed ones of a run folder; raises UsageError where there is neither."""
    path = Path(place).expanduser()
    if path.suffix == ".ipynb" and path.is_file():
        return [path]
    folder = run_folder(place)
    if found := sorted((folder / "notebooks").glob("*.ipynb")):
        return found
    why = "holds no executed notebook" if folder.is_dir() else "is no notebook" if folder.exists() else "is not there"
    raise UsageError(
        f"{place} {why}: give the folder that `gateway-workbook run` told at its end, or notebooks (….ipynb)"
    )


def write_pages(notebooks: Sequence[Path], *, out: Path | None = None, report: Path | None = None) -> list[Path]:
    """Write NAME.html for each notebook, beside it or in `out`: all of them, or none.

    Raises UsageError for two of one name, for a damaged notebook, and where nothing can be written. `report` is one
    that is about to be written; one that is there is linked to in any case.
    """
    paths = [(out or notebook.parent) / f"{notebook.stem}.html" for notebook in notebooks]
    for number, path in enumerate(paths):
        if path in paths[:number]:
            raise UsageError(f"{path} would be written twice: convert notebooks of one name into different folders")
    pages = [
        _Page(notebook=notebook, path=path, pages=tuple(paths), report=report or _report_of(notebook))
        for notebook, path in zip(notebooks, paths, strict=True)
    ]
    template = _environment().get_template("notebook.html.j2")
    texts = {page.path: template.render(_shown(page, _read(page.notebook))) for page in pages}
    if out:
        _private_folder(out)
    return write_files(texts, overwrite=True)


def _report_of(notebook: Path) -> Path | None:
    report = notebook.parent.parent / "report.html"
    return report if report.is_file() else None


def _private_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise UsageError(f"{folder} cannot be written ({error.strerror}): take another --out") from error


def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("gateway_workbook"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _read(path: Path) -> NotebookNode:
    import nbformat
    from jsonschema import ValidationError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of cells without an id, which no page needs
            notebook: NotebookNode = nbformat.read(path, as_version=4)
            nbformat.validate(notebook)
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror}): mend that") from error
    except (ValueError, AttributeError, RecursionError, ValidationError) as error:  # whatever nbformat meets
        raise UsageError(f"{path} is damaged or no notebook: run it again") from error
    return notebook


def _shown(page: _Page, notebook: NotebookNode) -> dict[str, object]:
    from nbconvert.filters.markdown_mistune import InvalidNotebook

    try:
        shown = cells(notebook, lambda html: _inert(html, page))
    except InvalidNotebook as error:
        raise UsageError(f"{page.notebook} is damaged ({error}): run it again") from error
    return {
        "name": page.notebook.stem,
        "title": _title(shown) or page.notebook.stem,
        "standing": _standing(page.notebook),
        "stopped": next((cell for cell in shown if cell.stopped), None),
        "executed": _executed(notebook),
        "cells": shown,
        "others": [(path.stem, _relative(path, page)) for path in _siblings(page)],
        "report": _relative(page.report, page) if page.report else None,
    }


def _siblings(page: _Page) -> list[Path]:
    """The pages in the page's folder: those written with it, and those of the notebooks that lie there."""
    folder = page.path.parent
    there = {path for path in folder.glob("*.html") if path.with_suffix(".ipynb").is_file()}
    return sorted(there | {path for path in page.pages if path.parent == folder})


def _title(shown: Sequence[Cell]) -> str:
    from bs4 import BeautifulSoup

    for cell in shown:
        if cell.kind == "prose" and (heading := BeautifulSoup(cell.body, "html.parser").find("h1")):
            return heading.get_text()
    return ""


def _standing(notebook: Path) -> tuple[str, str] | None:
    """How the notebook stands in its run, and a line that tells it; None outside of a run."""
    course = stages(Run(notebook.parent.parent))
    stage = next((stage for stage in course if stage.step == notebook.stem and stage.standing != "not run"), None)
    if stage is None:
        return None
    seconds = "" if stage.seconds is None else f", {stage.seconds:.1f} s"
    found = f": {visible(stage.found)}" if stage.found else ""
    return stage.standing, f"{mark(stage.standing)}{seconds}{found}"


def _executed(notebook: NotebookNode) -> str:
    papermill = notebook.metadata.get("papermill")
    try:
        started = datetime.fromisoformat(papermill["start_time"])
    except (KeyError, TypeError, ValueError):  # not by papermill, or by one that writes it otherwise
        return ""
    return f"{started.astimezone(UTC) if started.tzinfo else started:%Y-%m-%d %H:%M} UTC"


def _relative(path: Path, page: _Page) -> str:
    from os.path import relpath

    return quote(Path(relpath(path, page.path.parent)).as_posix())


def _inert(html: str, page: _Page) -> Markup:
    return inert(
        html,
        link=lambda href: _linked(href, page),
        picture=lambda source: _picture(source, page.notebook.parent),
    )


def _linked(href: str, page: _Page) -> str | None:
    """A link of a notebook as one of its page: to the other's page where there is one, and none that leads nowhere."""
    parts = urlsplit(href)
    if parts.scheme or parts.netloc or not parts.path:
        return href
    there = Path(normpath(page.path.parent / unquote(parts.path).replace("\0", "")))
    twin = there.with_suffix(".html")
    if there.suffix == ".ipynb" and (twin in map(Path, map(normpath, page.pages)) or _exists(twin)):
        return parts._replace(path=_relative(twin, page)).geturl()
    return href if _exists(there) else None


def _picture(source: str, folder: Path) -> str | None:
    """A picture that lies beside the notebook, or below, as a `data:` URL."""
    path = Path(normpath(folder / unquote(urlsplit(source).path).replace("\0", "")))
    kind = mimetypes.guess_type(path.name)[0] or ""
    if not kind.startswith("image/") or not path.is_relative_to(normpath(folder)) or not _exists(path):
        return None
    return f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"


def _exists(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name too long for any file
        return False
