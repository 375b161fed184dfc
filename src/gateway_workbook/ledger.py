"""What a run makes in Azure, written down before it is made, so that cleaning up finds it even after a crash."""

from __future__ import annotations

__all__ = ["Entry", "Ledger"]

import json
import os
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from gateway_workbook.errors import ServiceError, UsageError
from gateway_workbook.profile import Scope

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Kind = Literal["connection", "agent"]
State = Literal["intended", "withdrawn", "removed"]
_REFUSED = range(400, 500)


class Entry(BaseModel):
    """One line: `intended` before the request, `withdrawn` when that was refused, `removed` by cleaning up."""

    model_config = ConfigDict(frozen=True)

    time: datetime
    state: State
    kind: Kind
    name: str
    scope: Scope = "project"

    @property
    def shown(self) -> str:
        """What it is, in words."""
        return f"{self.kind} {self.name}" + (" of the account" if self.scope == "account" else "")

    @property
    def key(self) -> tuple[Kind, str, Scope]:
        """What makes it one thing: a connection of the account is another than the project's of the same name."""
        return self.kind, self.name, self.scope


class Ledger:
    """An append-only file of JSON lines; each line is on disk before the call it speaks of is made."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def creating(self, kind: Kind, name: str, *, scope: Scope = "project") -> Iterator[None]:
        """Write the entry, then let the request be made.

        A refusal (4xx) withdraws the entry; any other failure leaves it, because what an unanswered request did is not
        known. What this run owns already stays owned either way.
        """
        owned = any(entry.key == (kind, name, scope) for entry in self.open_entries())
        if not owned:
            self._append("intended", kind, name, scope)
        try:
            yield
        except ServiceError as error:
            if error.status in _REFUSED and not owned:
                self._append("withdrawn", kind, name, scope)
            raise

    def removed(self, kind: Kind, name: str, *, scope: Scope = "project") -> None:
        """Note that it is gone."""
        self._append("removed", kind, name, scope)

    def entries(self) -> list[Entry]:
        """Every line in order; a last line cut short by a crash was followed by no request, and is passed over."""
        if not self.path.exists():
            return []
        lines = self.path.read_text(encoding="utf-8", errors="replace").split("\n")
        try:
            return [Entry.model_validate(data) for line in lines if (data := _whole(line)) is not None]
        except ValidationError as error:
            raise UsageError(f"{self.path} has a line that is no ledger entry: mend or remove that line") from error

    def open_entries(self) -> list[Entry]:
        """What this run still owns, the newest first: the order in which to remove it."""
        owned: dict[tuple[Kind, str, Scope], Entry] = {}
        for entry in self.entries():
            owned.pop(entry.key, None)
            if entry.state == "intended":
                owned[entry.key] = entry
        return list(reversed(owned.values()))

    def _append(self, state: State, kind: Kind, name: str, scope: Scope) -> None:
        entry = Entry(time=datetime.now(UTC), state=state, kind=kind, name=name, scope=scope)
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        torn = self.path.exists() and not self.path.read_bytes().endswith(b"\n")
        with open(self.path, "a", encoding="utf-8", opener=_private) as file:
            file.write(("\n" if torn else "") + entry.model_dump_json() + "\n")
            file.flush()
            os.fsync(file.fileno())


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _whole(line: str) -> object | None:
    try:
        parsed: object = json.loads(line)
    except json.JSONDecodeError:
        return None
    return parsed
