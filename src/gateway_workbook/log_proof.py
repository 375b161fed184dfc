"""Proof that an agent's calls go through the gateway: a word of its prompt, found in the gateway's own log."""

from __future__ import annotations

__all__ = ["prove_by_log"]

import shlex
import subprocess
import time
from secrets import token_hex
from threading import Timer
from typing import TYPE_CHECKING, Final

import httpx

from gateway_workbook.errors import UsageError
from gateway_workbook.progress import Task
from gateway_workbook.route_proof import RouteProof

if TYPE_CHECKING:
    from gateway_workbook.agents import Agents

_SECONDS: Final = 30
_BYTES: Final = 5_000_000
_LOOKS: Final = 3
_NO_MATCH: Final = 1  # what grep ends with where it finds nothing


def prove_by_log(agents: Agents, log: str, *, agent: str, http: httpx.Client) -> RouteProof:
    """Ask the agent a prompt with a word in it that nobody else uses, and look for that word in the gateway's log.

    `log` is a URL to get or a command to run, without a shell; `{marker}` in it is replaced by the word. What it prints
    is searched and not kept. Raises UsageError when it cannot be had.
    """
    with Task("looking into the gateway's log", done="gateway's log searched"):
        return _proof(agents, log, agent=agent, http=http)


def _proof(agents: Agents, log: str, *, agent: str, http: httpx.Client) -> RouteProof:
    if _shows(log, _marker(), http):
        why = "it shows a word that was never sent: have it search the log, not repeat {marker}"
        return RouteProof(by="log", holds=None, why=why)
    marker = _marker()
    answer = agents.ask(agent, f"Reply with exactly: {marker}")
    if answer.problem:
        return RouteProof(by="log", holds=None, why=f"the agent does not answer ({answer.problem})")
    for look in range(_LOOKS):
        if look:
            time.sleep(look)  # logs come late
        if _shows(log, marker, http):
            return RouteProof(by="log", holds=True, why="the log shows the agent's prompt")
    # A log that holds no prompts, or is late, shows nothing either: that is no proof of another way.
    why = "the log does not show the agent's prompt; does it hold prompts, and is it up to date?"
    return RouteProof(by="log", holds=None, why=why)


def _marker() -> str:
    return f"marker-{token_hex(6)}"


def _shows(log: str, marker: str, http: httpx.Client) -> bool:
    where = log.replace("{marker}", marker)
    printed = _fetched(where, http) if where.startswith(("http://", "https://")) else _run(where)
    return marker.encode() in printed


def _fetched(url: str, http: httpx.Client) -> bytes:
    found = b""
    try:
        with http.stream("GET", url, timeout=_SECONDS, follow_redirects=False) as answer:
            if not answer.is_success:
                raise UsageError(f"the log's URL answers {answer.status_code}: check it, and what it asks for")
            for piece in answer.iter_bytes():
                found += piece
                if len(found) > _BYTES:
                    break
    except httpx.HTTPError as error:
        raise UsageError(f"the log's URL gives no answer ({type(error).__name__}): check it") from error
    return found


def _run(command: str) -> bytes:
    began = time.monotonic()
    try:
        process = subprocess.Popen(  # noqa: S603  the person's own command, without a shell
            shlex.split(command), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
    except (OSError, ValueError, IndexError) as error:
        raise UsageError(f"the log's command cannot be run ({error}): write a command and its words") from error
    timer = Timer(_SECONDS, process.kill)
    timer.start()
    with process:
        found = process.stdout.read(_BYTES) if process.stdout else b""
        enough = len(found) == _BYTES
        if enough:
            process.kill()
        code = process.wait()
        timer.cancel()
    if not enough and time.monotonic() - began >= _SECONDS:
        raise UsageError(f"the log's command did not end within {_SECONDS} s: have it print and end")
    if code and not enough and (found or code != _NO_MATCH):
        raise UsageError(f"the log's command ended with {code}: try it in a shell first")
    return found
