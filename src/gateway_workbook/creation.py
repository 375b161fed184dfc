"""Making the connection: by a request of the workbook's own, or by files that a person's own tools deploy."""

from __future__ import annotations

__all__ = ["Made", "create"]

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gateway_workbook.errors import UsageError
from gateway_workbook.export import export
from gateway_workbook.progress import Task
from gateway_workbook.run import write_text

if TYPE_CHECKING:
    from pathlib import Path

    from gateway_workbook.arm import Outcome
    from gateway_workbook.connection import Connection
    from gateway_workbook.difference import Difference
    from gateway_workbook.step import Step

SCRIPT: Final = "deploy.sh"


@dataclass(frozen=True)
class Made:
    """What became of the connection; `command` deploys the files, where there are any, and so does `script`."""

    outcome: Outcome
    differences: tuple[Difference, ...]
    command: str = ""
    script: Path | None = None

    @property
    def waits(self) -> bool:
        """Whether the files are there, and the connection is not."""
        return bool(self.command) and self.outcome == "created"


def create(step: Step, wanted: Connection, *, way: str, replace: bool = False) -> Made:
    """Make the connection (`rest`), or write the files that make it into the run folder (`files`).

    What files make is not this run's: it is neither written over nor removed by it.
    """
    if way == "rest":
        with Task(f"creating connection {wanted.name}", done=f"connection {wanted.name} created"):
            return Made(*step.connections.apply(wanted, ledger=step.run.ledger, replace=replace))
    if way != "files":
        raise UsageError(f"no way '{way}' to create a connection: write rest or files")
    exported = export(step.run.profile(), target=step.target)
    folder = step.run.folder.absolute() / "deployment"
    exported.write(folder, overwrite=True)
    command = f"cd {shlex.quote(str(folder))}\n{exported.command}"
    write_text(folder / SCRIPT, command)
    return Made(*step.connections.compare(wanted), command, script=folder / SCRIPT)
