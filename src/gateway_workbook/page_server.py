"""voila, serving the page of forms to one person on this machine: with a token, no files, nothing from the network.

Started within this process: the token would stand among another's arguments, and one of the settings is code.
"""

from __future__ import annotations

__all__ = ["PageServer", "serve"]

import os
import secrets
import sys
import tempfile
import webbrowser
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from traitlets import Bool
from traitlets.config import Config
from voila.app import Voila

from gateway_workbook import workbook
from gateway_workbook.walkthrough import FOLDER_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Callable

_IDLE_SECONDS: Final = 300  # a kernel without its page; the page's own good-bye usually ends it at once
_REDIRECT: Final = '<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0; url={url}">'


class PageServer(Voila):  # type: ignore[misc]  # voila ships no types
    """voila that answers to this machine's own names alone, and says where the page is, its token with it."""

    opens = Bool(default_value=True, help="Whether a browser is opened.")
    told: Callable[[str], None] = print

    def init_settings(self) -> dict[str, Any]:
        """Have the Host header checked: else a page of anybody could reach this one by a name that leads here."""
        settings: dict[str, Any] = super().init_settings()
        return settings | {"allow_remote_access": False}

    def launch_browser(self) -> None:
        """Say where the page is, and open it through a private file, so that the token is nobody's argument."""
        url = f"{self.connection_url}?token={self.identity_provider.token}"
        self.told(url)
        if self.opens:
            handle, name = tempfile.mkstemp(suffix=".html")
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(_REDIRECT.format(url=url))
            webbrowser.open(Path(name).as_uri())


def serve(*, port: int, opens: bool, told: Callable[[str], None]) -> None:
    """Serve until Ctrl-C; `told` is called with the page's URL once it can be opened."""
    os.environ[FOLDER_VARIABLE] = str(Path.cwd())
    ours = str(files("gateway_workbook").joinpath("templates"))
    os.environ["JUPYTER_PATH"] = os.pathsep.join(filter(None, (ours, os.environ.get("JUPYTER_PATH"))))
    PageServer.clear_instance()
    server = PageServer.instance(config=_config(port), opens=opens)
    server.told = told
    server.initialize([str(workbook.folder() / "walkthrough.ipynb")])
    server.start()


def _config(port: int) -> Config:
    config = Config()
    config.Voila = Config(
        ip="127.0.0.1", port=port, token=secrets.token_urlsafe(24), open_browser=True, log_level="WARN"
    )
    config.VoilaConfiguration = Config(
        template="workbook",
        allow_template_override="NO",
        allow_theme_override="NO",
        file_allowlist=[],  # the page needs no file, and voila would give out pictures without the token
        prelaunch_hook=_greet,
    )
    config.MappingKernelManager = Config(cull_idle_timeout=_IDLE_SECONDS, cull_interval=30)
    if sys.platform != "win32":
        config.KernelManager = Config(transport="ipc")  # on TCP anybody on the machine could listen
    return config


def _greet(handler: Any, **_more: Any) -> None:
    """Set the cookie against forgery, which asking for it does: without it the page's good-bye is refused."""
    _ = handler.xsrf_token
