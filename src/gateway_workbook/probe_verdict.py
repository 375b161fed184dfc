"""What a probe concludes: the most likely cause where nothing works, and what is odd where something does."""

from __future__ import annotations

__all__ = ["verdict", "warnings"]

import re
from typing import TYPE_CHECKING, Final

from gateway_workbook.finding import Finding
from gateway_workbook.finding import warning as odd
from gateway_workbook.probe_header import hints
from gateway_workbook.usual import CHALLENGES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway_workbook.probe_asking import Asking, Told

_REFUSED: Final = ("wrong-key", "no-key-seen", "forbidden", "key-on-one-path")
# How far a call came, by its finding: the farther, the nearer its cause is to the whole truth.
_FAR: Final = (
    *("content-filter", "context-length", "quota-used-up", "rate-limit", "token-expired"),
    *("listed-not-callable", "unknown-deployment", "model-not-allowed", "no-chat-model", "upstream", "upstream-key"),
    "unsupported-parameter",
    *("wrong-audience", "wrong-scope", "token-scope", "token-audience", "token-client", "token-url", "token-endpoint"),
    *("firewall", "forbidden", "key-on-one-path", "wrong-key", "no-key-seen"),
    *("api-version-missing", "api-version-wrong", "model-missing-in-body"),
    *("login-redirect", "redirect", "html", "bad-request", "gateway-error", "wrong-path", "no-discovery"),
    "api-version-unwanted",  # the search's own, mostly; it goes on without, and what comes then is nearer
)
_NAME_IS_WRONG: Final = ("unknown-deployment", "listed-not-callable", "model-not-allowed")
_NO_PATH: Final = ("wrong-path", "no-discovery")
_SHOWN: Final = 4
_OF_TOKENS: Final = re.compile(r"\b(tokens?|jwt|tenant|issuer|audience|scopes?)\b|invalid_token", re.IGNORECASE)
# Some call their keys tokens; who speaks of keys means keys.
_OF_KEYS: Final = re.compile(r"\b(api[ _-]?)?keys?\b|subscription", re.IGNORECASE)


def verdict(asking: Asking, *, spent: str = "") -> Finding:
    """The most likely cause, how sure it is, and the next thing to try; `spent` says that the search was cut off."""
    told = [one for one in asking.told if one.finding and one.purpose == "" and not _mere_search(asking, one)]
    if not told:
        return odd("limit", "targetUrl", found=spent or "nothing was asked", mend="give the whole URL of a call")
    chosen = min(told, key=_distance)
    finding = chosen.finding or odd("unexplained", "targetUrl", found="", mend="")
    update = _sharper(asking, chosen, told)
    if spent and update.get("confidence") != "certain":
        update["confidence"] = "possible"
        update["cause"] = f"{update.get('cause', finding.cause)} ({spent})"
    return finding.model_copy(update=update)


def _mere_search(asking: Asking, told: Told) -> bool:
    """Whether it was refused for its header alone, and the right one was found later."""
    proven = asking.headers.proven
    return proven and told.code in _REFUSED and told.connection.auth_config != asking.headers.header


def _distance(told: Told) -> tuple[int, bool]:
    code = told.code
    if told.exchange.status is None:
        return -1, False
    return _FAR.index(code) if code in _FAR else len(_FAR), told.exchange.asked != "chat"


def _sharper(asking: Asking, chosen: Told, told: Sequence[Told]) -> dict[str, object]:
    """What all calls together tell beyond the one."""
    if chosen.code in _NAME_IS_WRONG:
        return _wrong_name(asking)
    if chosen.code in _REFUSED:
        return _missing_header(asking, chosen) or _wants_token(asking, told) or _wrong_key(asking, chosen, told)
    if chosen.code in _NO_PATH:
        return _no_path(told)
    return {}


def _wrong_name(asking: Asking) -> dict[str, object]:
    names = list(dict.fromkeys(one.deployment for one in asking.told if one.exchange.asked == "chat" and one.code))
    listed = [model.deployment for one in asking.told for model in one.models]
    offered = f"; it lists {', '.join(listed[:_SHOWN])}" if listed else ""
    return {
        "confidence": "certain",
        "cause": f"path, header and api-version are right, and the gateway runs none of {', '.join(names)}{offered}",
        "mend": "ask the gateway's team for a deployment's name, and add --model NAME",
        "field": "deployment",
    }


def _missing_header(asking: Asking, chosen: Told) -> dict[str, object]:
    """A gateway that took the key, and names a header it misses."""
    used = chosen.connection.auth_config
    names = [one.name for one in hints(chosen.exchange) if one and (used is None or one.name != used.name)]
    if not (asking.headers.proven and names):
        return {}
    return {
        "code": "header-missing",
        "field": "customHeaders",
        "confidence": "certain",
        "cause": f"the key is right, and the gateway wants a header {names[0]} beside it",
        "mend": f"ask the gateway's team for its value, and add --header '{names[0]}: VALUE'",
    }


def _wants_token(asking: Asking, told: Sequence[Told]) -> dict[str, object]:
    """A gateway that takes the key for a token, and refuses it as one."""
    refusal = next((one for one in told if one.code in _REFUSED and _speaks_of_tokens(one)), None)
    if refusal is None or refusal.finding is None or asking.headers.proven:
        return {}
    secret = refusal.connection.api_key
    return {
        **_seen(refusal.finding),
        "code": "token-wanted",
        "field": "authType",
        "confidence": "likely",
        "cause": "the gateway wants a token in the header Authorization, and the key is none",
        "mend": "sign in instead of --key: --client-id, --client-secret and --token-url, or --identity for Entra; "
        f"if the gateway calls its keys tokens, check the one at {secret}",
    }


def _speaks_of_tokens(told: Told) -> bool:
    """Whether a key that was sent as a bearer is refused in the words of tokens, and not in those of keys."""
    if told.connection.auth_type != "ApiKey" or told.connection.auth_config != CHALLENGES["bearer"]:
        return False
    challenge = told.exchange.headers.get("www-authenticate", "")
    said = f"{told.exchange.told or told.exchange.text} {challenge}"
    return bool(_OF_TOKENS.search(said)) and not _OF_KEYS.search(said)


def _seen(finding: Finding) -> dict[str, object]:
    """What of a finding tells of its request."""
    return finding.model_dump(include={"request", "found", "curl", "milliseconds"})


def _wrong_key(asking: Asking, chosen: Told, told: Sequence[Told]) -> dict[str, object]:
    if chosen.connection.auth_type != "ApiKey" or asking.headers.proven:
        return {}
    secret = chosen.connection.api_key
    read = asking.headers.read
    if read:
        name = read[0].name if read[0] else "api-key"
        first = next(one for one in told if one.connection.auth_config == read[0])
        return {
            **(_seen(first.finding) if first.finding else {}),
            "code": "wrong-key",
            "field": "apiKey",
            "confidence": "likely",
            "cause": f"the gateway reads the header {name}, and does not take the key",
            "mend": f"check the key at {secret}: copy it anew, and see that it is this gateway's and not revoked",
        }
    tried = ", ".join(dict.fromkeys(one.name if one else "api-key" for one in asking.headers.refused))
    return {
        "code": "wrong-key",
        "field": "apiKey",
        "confidence": "possible",
        "cause": f"the key is refused in every header that was tried ({tried}), always in the same words",
        "mend": f"check the key at {secret}; if it is right, add --header 'NAME: FORMAT' as the gateway's docs have it",
    }


def _no_path(told: Sequence[Told]) -> dict[str, object]:
    calls = [one.exchange.url for one in told if one.exchange.asked == "chat"]
    every = all(one.code in (*_NO_PATH, "api-version-unwanted") for one in told)
    return {
        "code": "wrong-path",
        "field": "targetUrl",
        "confidence": "likely" if every else "possible",
        "cause": f"the gateway has none of the {len(calls)} usual paths for chat completions at this URL",
        "mend": "check the path, or give the whole URL of a call that works elsewhere (…/chat/completions), "
        "and its model with --model",
    }


def warnings(told: Sequence[Told]) -> tuple[Finding, ...]:
    """What is odd about a gateway that answers."""
    found = []
    if any(one.purpose == "control" and one.finding is None for one in told):
        found.append(
            odd(
                "unknown-model-answered",
                "deployment",
                found="a model that cannot exist is answered with 200",
                mend="do not trust a 200 for a name: the gateway's team should say which deployments it has",
            )
        )
    if any(one.purpose == "without key" and one.exchange.asked == "chat" and one.exchange.ok for one in told):
        found.append(
            odd(
                "key-not-looked-at",
                "apiKey",
                found="the gateway answers without a key, too",
                mend="have it ask for one; until then nothing shows that header and key are right",
            )
        )
    return tuple(found)
