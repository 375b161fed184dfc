"""The kernel of a headless notebook: reached by private sockets, its own words in a log instead of on the terminal."""

from __future__ import annotations

__all__ = ["kernel_options"]

import sys
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from jupyter_client.manager import AsyncKernelManager
from traitlets import Unicode
from traitlets.config import Config

if TYPE_CHECKING:
    from collections.abc import Iterator


class QuietKernel(AsyncKernelManager):
    """What a kernel says while it is interrupted or killed is for the log; people get one sentence."""

    log_file = Unicode(config=True)

    async def start_kernel(self, **options: Any) -> None:  # type: ignore[override]  # declared sync, awaited by nbclient
        """Start it with its standard error in `log_file`."""
        with Path(self.log_file).open("ab") as log:  # noqa: ASYNC230  once, on a local file
            await self._async_start_kernel(stderr=log, **options)


@contextmanager
def kernel_options(log: Path) -> Iterator[dict[str, Any]]:
    """What papermill needs to run a notebook on such a kernel; `log` is removed again when nothing was said."""
    with TemporaryDirectory(prefix="gateway-workbook-") as folder:
        settings = {"log_file": str(log)}
        if sys.platform != "win32":
            # On TCP anybody on the machine could listen. Kernels that share an `ip` would share their sockets too.
            settings |= {"transport": "ipc", "ip": f"{folder}/kernel"}
        yield {"kernel_manager_class": QuietKernel, "config": Config(QuietKernel=settings)}
    if log.exists() and not log.stat().st_size:
        log.unlink()
