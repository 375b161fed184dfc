"""One notebook under papermill, on a kernel that can be ended: bounded in time, interruptible, quiet.

papermill runs in a thread of its own. In the main thread a Ctrl-C would go off inside its event loop, which keeps the
interrupt and raises it once more in the next notebook.
"""

from __future__ import annotations

__all__ = ["run_notebook"]

import os
import sys
import threading
import time
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import ensure_event_loop
from traitlets import Any as AnyTrait
from traitlets.config import Config

from gateway_workbook.front_end import OF_FRONT_ENDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_POLL_SECONDS: Final = 0.1
_ENDING_SECONDS: Final = 20
_GOODBYE: Final = "KeyboardInterrupt caught in kernel."


class _Run:
    """The run of one notebook: what it says goes to `log`, and `end` ends it from another thread."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self.process: Any = None  # a subprocess.Popen; jupyter_client has no public name for its type
        self.ended = False
        self.problem: str | None = None

    def __deepcopy__(self, _: object) -> _Run:
        return self  # traitlets copies what it is configured with, and a copy could not be ended

    def end(self) -> None:
        """Kill the kernel, also one that is only about to start."""
        self.ended = True
        if self.process is not None:
            self.process.kill()


class QuietKernel(AsyncKernelManager):
    """What a kernel says while it is interrupted or killed is for the log; people get one sentence."""

    run = AnyTrait(config=True)  # a _Run

    async def start_kernel(self, **options: Any) -> None:  # type: ignore[override]  # declared sync, awaited by nbclient
        """Start it with its standard error in the log, and without the words by which servers tell of a person."""
        options["env"] = {name: value for name, value in os.environ.items() if name not in OF_FRONT_ENDS}
        with self.run.log.open("ab") as log:
            await self._async_start_kernel(stderr=log, **options)
        self.run.process = getattr(self.provisioner, "process", None)
        if self.run.ended:
            self.run.end()


def run_notebook(source: Path, output: Path, *, parameters: Mapping[str, Any], timeout: float) -> str | None:
    """Run `source` into `output`; returns None, or why it did not run to its end.

    `timeout` (seconds) bounds the whole notebook, because a kernel can be idle for ever after a lost message. Raises
    KeyboardInterrupt when the main thread is interrupted, the kernel ended and the output written.
    """
    run = _Run(output.with_suffix(".log"))
    thread = threading.Thread(target=_papermill, args=(run, source, output, parameters), daemon=True)
    thread.start()
    try:
        if not _joined(thread, timeout):
            run.end()
            _joined(thread, _ENDING_SECONDS)
            return f"stopped after {timeout:.0f} s: raise --timeout, or look for what hangs"
    except KeyboardInterrupt:
        run.end()
        _joined(thread, _ENDING_SECONDS)
        raise
    finally:
        _forget_goodbye(run)
    return run.problem


def _forget_goodbye(run: _Run) -> None:
    """Remove a log that is empty, or has nothing but what a kernel says when it is asked to end while idle."""
    lines = run.log.read_text(encoding="utf-8", errors="replace").splitlines() if run.log.exists() else []
    if not [line for line in lines if line.strip() and not line.endswith(_GOODBYE)]:
        run.log.unlink(missing_ok=True)


def _joined(thread: threading.Thread, seconds: float) -> bool:
    # In short waits, because on Windows a long one does not hear of Ctrl-C.
    deadline = time.monotonic() + seconds
    while thread.is_alive() and time.monotonic() < deadline:
        thread.join(_POLL_SECONDS)
    return not thread.is_alive()


def _papermill(run: _Run, source: Path, output: Path, parameters: Mapping[str, Any]) -> None:
    import papermill

    try:
        with _private_sockets(run) as kernel:
            papermill.execute_notebook(
                source, output, parameters=dict(parameters), kernel_name="python3", progress_bar=False, **kernel
            )
    except papermill.exceptions.PapermillExecutionError as error:
        run.problem = f"{error.ename}: {error.evalue}"
    except Exception as error:  # noqa: BLE001  whatever papermill and nbclient raise is why the notebook ended
        run.problem = f"{type(error).__name__}: {error}".strip()
    finally:
        ensure_event_loop().close()  # jupyter's own, one for each thread


@contextmanager
def _private_sockets(run: _Run) -> Iterator[dict[str, Any]]:
    with TemporaryDirectory(prefix="gateway-workbook-", ignore_cleanup_errors=True) as folder:
        settings: dict[str, Any] = {"run": run}
        if sys.platform != "win32":
            # On TCP anybody on the machine could listen. Kernels that share an `ip` would share their sockets too.
            settings |= {"transport": "ipc", "ip": f"{folder}/kernel"}
        yield {"kernel_manager_class": QuietKernel, "config": Config(QuietKernel=settings)}
