"""How connections fare: what is wrong with them as they are stored, and how the latest calls through them went."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from foundry_sandbox import connections, outbound
from foundry_sandbox.catalogue import gateways
from foundry_sandbox.loopback import is_loopback
from foundry_sandbox.refusal import RefusalError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from foundry_sandbox.connections import Connection
    from foundry_sandbox.state import AgentCall, State

LATEST = 10

Calls = Literal["well", "well again", "failing", "not called yet", "not called since it was changed", "never called"]


@dataclass(frozen=True, kw_only=True)
class Health:
    """A connection with its `fault`, if one can be seen, and the latest calls since it was changed, newest first.

    `total` counts all calls in the log; `called` says whether the service calls such a connection at all.
    """

    connection: Connection
    called: bool
    fault: str | None
    latest: Sequence[AgentCall]
    total: int

    @property
    def failed(self) -> int:
        """Count the failed ones of the latest calls."""
        return sum(not went_well(call) for call in self.latest)

    @property
    def calls(self) -> Calls:
        """Say how the latest calls went: the last one decides."""
        if not self.called:
            return "never called"
        if not self.latest:
            return "not called since it was changed" if self.total else "not called yet"
        if not went_well(self.latest[0]):
            return "failing"
        return "well again" if self.failed else "well"


def went_well(call: AgentCall) -> bool:
    """Say whether a call was answered, and with success."""
    return call.status is not None and 200 <= call.status < 300  # noqa: PLR2004  # HTTP's range of success


def healths(state: State) -> list[Health]:
    """Return the health of every connection: the project's, then the account's, oldest first in each."""
    seen = connections.visible(state)
    hidden = [one for one in connections.stored(state, scope="account") if one not in seen]
    return [*(_health(state, one) for one in seen), *(_hidden(one) for one in hidden)]


def _health(state: State, connection: Connection) -> Health:
    called = connection.category in outbound.GATEWAYS
    changed = datetime.fromisoformat(connection.changed).timestamp()
    latest = state.connection_calls(connection.name, last=LATEST)
    return Health(
        connection=connection,
        called=called,
        fault=(_fault(connection) or _lost(state, connection.target)) if called else None,
        latest=[call for call in reversed(latest) if call.time >= changed],
        total=state.count_connection_calls(connection.name),
    )


def _hidden(connection: Connection) -> Health:
    fault = "hidden, because the project has a connection of the same name"
    return Health(connection=connection, called=False, fault=fault, latest=(), total=0)


def _fault(connection: Connection) -> str | None:
    if reason := outbound.overlooked(connection):
        return f"not found by Agent Service: {reason}"
    try:
        outbound.way_out(connection, deployment="")
    except RefusalError as error:
        return error.message
    return None


def _lost(state: State, target: str) -> str | None:
    """Say why a target under this sandbox's own roof leads to no gateway; of other targets nothing is known."""
    if not is_loopback(target) or not (path := urlsplit(target).path).startswith("/gateways/"):
        return None
    if _port(target) != _port(state.url):
        return f"it leads to another sandbox: this one is at {state.url}"
    name, slash, rest = path.removeprefix("/gateways/").rstrip("/").partition("/")
    known = {gateway.name: gateway.base for gateway in gateways(state)}
    if name not in known:
        return f"the sandbox has no gateway '{name}': there are {', '.join(known)}"
    if slash + rest != known[name]:
        return f"gateway '{name}' answers under {state.url}/gateways/{name}{known[name]} only"
    return None


def _port(url: str) -> int | None:
    try:
        return urlsplit(url).port
    except ValueError:
        return None
