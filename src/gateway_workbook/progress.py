"""How far a suite has come, in a notebook: one line that is updated in place, with or without a browser."""

from __future__ import annotations

__all__ = ["Progress"]

from threading import Lock
from typing import TYPE_CHECKING
from uuid import uuid4

from IPython.display import publish_display_data

if TYPE_CHECKING:
    from gateway_workbook.validation import Verdict


class Progress:
    """Call it with each verdict as it comes. No Output widget: under papermill those can wait for ever."""

    def __init__(self, total: int) -> None:
        self._total, self._passed, self._done = total, 0, 0
        self._lock = Lock()
        self._id = uuid4().hex
        self._show(update=False)

    def __call__(self, verdict: Verdict) -> None:
        """Count the verdict and redraw the line; may be called from several threads."""
        with self._lock:
            self._done += 1
            self._passed += verdict.judgement == "passed"
            self._show(update=True)

    def _show(self, *, update: bool) -> None:
        publish_display_data({"text/plain": self._text()}, transient={"display_id": self._id}, update=update)

    def _text(self) -> str:
        filled = round(20 * self._done / max(self._total, 1))
        return f"{'█' * filled}{'░' * (20 - filled)} {self._done} of {self._total} judged, {self._passed} passed"
