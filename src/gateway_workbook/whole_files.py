"""Files written whole or not at all, for their owner's eyes alone."""

from __future__ import annotations

__all__ = ["write_files"]

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from gateway_workbook.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping


def write_files(texts: Mapping[Path, str], *, overwrite: bool = False) -> list[Path]:
    """Write all of them, or none; raises UsageError where a file is in the way or the folder cannot be written."""
    there = [path for path in texts if path.exists()]
    folders = [path for path in there if path.is_dir()]
    if folders:
        raise UsageError(f"{folders[0]} is a folder: name a file")
    if there and not overwrite:
        raise UsageError(f"{there[0]} is there already: take another place, or add --overwrite")
    written: dict[Path, str] = {}
    path = next(iter(texts), Path())
    try:
        for path, text in texts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            written[path] = _beside(path, text)
        for path in list(written):
            Path(written[path]).replace(path)
            del written[path]
    except OSError as error:
        raise UsageError(f"{path} cannot be written ({error.strerror}): take another place") from error
    finally:
        for temporary in written.values():
            Path(temporary).unlink(missing_ok=True)
    return list(texts)


def _beside(path: Path, text: str) -> str:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
        file.write(text)
    return temporary
