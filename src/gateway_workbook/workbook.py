"""Where the workbook's own files are: the notebooks, and the profiles and suites to start from."""

from __future__ import annotations

__all__ = ["folder", "ready_file", "ready_names"]

from pathlib import Path

from gateway_workbook.errors import UsageError


def folder() -> Path:
    """The notebooks folder: inside an installed package, or beside src/ in a checkout."""
    package = Path(__file__).parent
    installed, checkout = package / "notebooks", package.parents[1] / "notebooks"
    return installed if installed.is_dir() else checkout


def ready_names(kind: str) -> list[str]:
    """Names of the files to start from in notebooks/`kind` (gateways, prompts or tools)."""
    return sorted(path.stem for path in (folder() / kind).glob("*.yaml"))


def ready_file(name_or_path: str | Path, *, kind: str) -> Path:
    """The file of that path, or the ready one of that name; raises UsageError naming what there is."""
    path = Path(name_or_path).expanduser()
    # A notebook's kernel starts in notebooks/; people think of the folder above.
    for place in (path, Path.cwd().parent / path) if Path.cwd().name == "notebooks" else (path,):
        if place.is_file():
            return place
    known = ready_names(kind)
    if str(name_or_path) in known:
        return folder() / kind / f"{name_or_path}.yaml"
    what = {"gateways": "profile", "prompts": "suite", "tools": "tools file"}[kind]
    raise UsageError(
        f"no {what} '{name_or_path}' (looked for {path.absolute()}): give a file, or one of {', '.join(known)}"
    )
