"""One tree of errors: what you can mend, what a service answered, and a checkpoint that did not hold."""

from __future__ import annotations

__all__ = ["CheckpointFailed", "ProfileError", "ServiceError", "UsageError", "WorkbookError"]

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class WorkbookError(Exception):
    """One sentence for a person: the fact, then the mend."""

    def _render_traceback_(self) -> list[str]:
        # IPython asks an exception for its own traceback: a person's mistake gets the sentence alone.
        return [f"{type(self).__name__}: {self}"]


class UsageError(WorkbookError):
    """Something the person can change: a profile, a parameter, an environment variable, the order of notebooks."""


class ProfileError(UsageError):
    """A profile or suite file is not usable; `problems` holds every reason found, each with its place and mend."""

    def __init__(self, source: str, problems: Sequence[str]) -> None:
        self.source = source
        self.problems = tuple(problems)
        count = "1 problem" if len(self.problems) == 1 else f"{len(self.problems)} problems"
        super().__init__(f"{source}: {count}\n" + "\n".join(f"  - {problem}" for problem in self.problems))


class ServiceError(WorkbookError):
    """A service was reached, or should have been, and did not do what was asked; `status` is None without an answer."""

    def __init__(self, message: str, *, status: int | None = None) -> None:
        self.status = status
        super().__init__(message)


class CheckpointFailed(WorkbookError):  # noqa: N818  a verdict, named as the notebooks name it
    """The last claim of a notebook does not hold; the run stops here, except for cleaning up."""
