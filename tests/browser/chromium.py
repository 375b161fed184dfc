"""The browser that the machine has: Playwright is told where it is and downloads none."""

from __future__ import annotations

import os
import shutil
from typing import Final

import pytest

VARIABLE: Final = "GATEWAY_WORKBOOK_CHROMIUM"
NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
# Containers give root no user namespaces and a small /dev/shm. No name but loopback's leads anywhere.
OPTIONS: Final = (
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)


def find() -> str:
    """The path of a Chromium; ends the tests without: a suite that skips itself proves nothing."""
    named = os.environ.get(VARIABLE)
    found = shutil.which(named) if named else next(filter(None, map(shutil.which, NAMES)), None)
    if not found:
        what = f"{VARIABLE} names {named}, which is no program" if named else "no Chromium is on PATH"
        pytest.exit(f"{what}: install one (Debian: apt-get install chromium), or name one in {VARIABLE}", returncode=1)
    return found
