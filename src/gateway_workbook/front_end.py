"""Who looks at a notebook: a person in some front end, or nobody, as under papermill and nbconvert."""

from __future__ import annotations

__all__ = ["OF_FRONT_ENDS", "notebooks_url", "somebody_there"]

import json
import os
from typing import Final
from urllib.parse import quote

from IPython.core.getipython import get_ipython

# What servers put into the environment of a kernel that they start for a person.
OF_FRONT_ENDS: Final = ("SERVER_SOFTWARE", "JPY_SESSION_NAME", "QUERY_STRING", "VOILA_REQUEST_URL")
_VOILA: Final = "voila/"


def somebody_there() -> bool:
    """Whether a person runs the notebook, and could fill in a form or press a button.

    A front end with a person can be asked for input; papermill's client cannot, and neither can voila's,
    which has a person all the same and says so in the kernel's environment.
    """
    if os.environ.get("SERVER_SOFTWARE", "").startswith(_VOILA):
        return True
    kernel = getattr(get_ipython(), "kernel", None)
    request = kernel.get_parent("shell") if kernel else {}
    return bool(request.get("content", {}).get("allow_stdin"))


def notebooks_url() -> str:
    """Where the JupyterLab that started this kernel shows the folder of this notebook; empty when there is none.

    Without its token: the browser that is asked has one already.
    """
    if not (path := os.environ.get("JPY_SESSION_NAME")):
        return ""
    from jupyter_core.paths import jupyter_runtime_dir

    parent = os.environ.get("JPY_PARENT_PID", "")
    try:
        with open(f"{jupyter_runtime_dir()}/jpserver-{parent}.json", encoding="utf-8") as file:  # noqa: PTH123
            server = json.load(file)
    except (OSError, ValueError):
        return ""
    root = str(server.get("root_dir", "")).rstrip("/")
    folder = path.rpartition("/")[0].removeprefix(root).strip("/")
    return f"{server['url']}lab/tree/{quote(folder)}".rstrip("/")
