"""The notebooks of the workbook, and where a JupyterLab on this machine shows them."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlencode, urlsplit

from foundry_sandbox.loopback import is_loopback

NOTEBOOKS = (
    "00_start_here",
    "01_create_connections",
    "02_discover_models",
    "03_deploy_agent",
    "04_validate_prompts",
    "05_clean_up",
    "10_find_settings",
)
LONGEST = 2000  # characters


@dataclass(frozen=True, kw_only=True)
class NotebookLinks:
    """Links to the notebooks in one folder; without a folder there are none."""

    folder: str | None

    @property
    def query(self) -> str:
        """Return the part of an address that keeps the folder."""
        return f"?{urlencode({'notebooks': self.folder})}" if self.folder else ""

    def to(self, name: str) -> str | None:
        """Return the address of a notebook."""
        return f"{self.folder}/{name}.ipynb" if self.folder else None


def links(given: str | None) -> NotebookLinks:
    """Read the folder's address as somebody put it into a link; what leads off this machine is as good as none.

    Query and fragment are dropped: JupyterLab puts its token there, and the page needs none.
    """
    return NotebookLinks(folder=_folder(given or ""))


def _folder(url: str) -> str | None:
    if len(url) > LONGEST or not url.isprintable() or set(url) & set(" \\") or not is_loopback(url):
        return None
    parts = urlsplit(url)
    try:
        port = "" if parts.port is None else f":{parts.port}"
    except ValueError:
        return None
    if "@" in parts.netloc:
        return None
    host = f"[{parts.hostname}]" if ":" in str(parts.hostname) else parts.hostname
    return f"{parts.scheme}://{host}{port}{quote(parts.path, safe='/%')}".rstrip("/")
