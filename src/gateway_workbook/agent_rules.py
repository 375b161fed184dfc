"""What an agent's failure says: which part of the way to the model refused, by the words of Agent Service.

How the real service words its errors is known from the article and from users' reports alone; a wording that no rule
knows is `agent-error`. To teach it another one, add a word to a pattern and its case to the test.
"""

from __future__ import annotations

__all__ = ["agent_code"]

import re
from typing import Final

_GATEWAY: Final = r"(answered|status(?: code)?:?|returned|error:?) "
# Read from the top, on the lower-case sentence: the first that fits names the code.
_RULES: Final = (
    ("sign-in", r"no entra token|^40[13] .*(permission|principal|rbac|role|unauthorized for|access token)"),
    ("connection-not-found", r"connection '?[\w-]+'? (was )?not found|no connection '"),
    ("connection-unusable", r"connection '?[\w-]+'? cannot be used|invalid_connection"),
    ("gateway-refused-key", _GATEWAY + r"40[13]\b"),
    ("gateway-limit", _GATEWAY + r"429\b|^429 "),
    ("gateway-path", _GATEWAY + r"40[0-9]\b|" + _GATEWAY + r"3\d\d\b"),
    ("gateway-error", _GATEWAY + r"5\d\d\b"),
    ("no-token", r"token endpoint|gave no token|no token (for|from)"),
    (
        "gateway-unreachable",
        r"failed: (connect|read|write|pool|proxy|remoteprotocol|ssl)|could not be reached|no route",
    ),
    ("not-chat", r"not a chat completion|not json|broke off"),
    ("content-filter", r"content_filter|content management policy|content filter"),
    ("deployment-not-found", r"deploymentnotfound|no deployment '"),
    ("tool", r"calls the function|asks for approval|still calls tools"),
    ("timeout", r"apitimeouterror|timed out|^408 "),
    ("service", r"^5\d\d |apiconnectionerror"),
)


def agent_code(problem: str) -> str:
    """The stable code of an agent's failure; `agent-error` where no rule knows it."""
    words = problem.casefold()
    return next((code for code, pattern in _RULES if re.search(pattern, words)), "agent-error")
