"""The portal: one page that shows what is connected, who was asked, and what went through which gateway."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from foundry_sandbox import __version__, azure, connections, example_services, gateways

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.requests import Request

    from foundry_sandbox.gateways import Gateway
    from foundry_sandbox.state import GatewayRequest, State

REFRESH = "/sandbox/portal"
SHOWN = 25
AGENT_SERVICE = "foundry-sandbox-agent-service/"

# The page needs nothing from anywhere else, and what a client wrote into a name must not run here.
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True, kw_only=True)
class Traffic:
    """A gateway with the latest requests that reached it, newest first."""

    gateway: Gateway
    requests: Sequence[GatewayRequest]
    total: int


def routes(state: State) -> list[BaseRoute]:
    """Return the page, and the part of it that the page fetches again."""
    templates = Environment(
        loader=PackageLoader("foundry_sandbox"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    templates.filters["clock"] = _clock
    templates.tests["agent_service"] = lambda user_agent: str(user_agent).startswith(AGENT_SERVICE)

    async def page(_: Request) -> Response:
        return _html(templates, "portal.html", _view(state))

    async def content(_: Request) -> Response:
        return _html(templates, "portal_content.html", _view(state))

    return [Route("/", page), Route(REFRESH, content)]


def _html(templates: Environment, name: str, view: Mapping[str, Any]) -> Response:
    headers = {
        "Content-Security-Policy": POLICY,
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
    }
    return HTMLResponse(templates.get_template(name).render(view), headers=headers)


def _view(state: State) -> dict[str, Any]:
    return {
        "version": __version__,
        "project": azure.PROJECT,
        "refresh": REFRESH,
        "endpoint": f"{state.url}{azure.PROJECT_PATH}",
        "connections": connections.stored(state, scope="project") + connections.stored(state, scope="account"),
        "versions": [version for agent in state.all("agent") for version in _versions(state, agent["name"])],
        "calls": state.agent_calls(last=SHOWN)[::-1],
        "tool_calls": state.tool_calls(last=SHOWN)[::-1],
        "examples": example_services.addresses(state),
        "traffic": _traffic(state),
    }


def _versions(state: State, agent: str) -> list[dict[str, Any]]:
    return list(reversed(state.all("version", parent=agent)))


def _traffic(state: State) -> list[Traffic]:
    shown = [
        Traffic(
            gateway=gateway,
            requests=state.gateway_requests(gateway.name, last=SHOWN)[::-1],
            total=state.count_gateway_requests(gateway.name),
        )
        for gateway in gateways.gateways(state)
    ]
    return sorted(shown, key=lambda one: one.requests[0].time if one.requests else 0, reverse=True)


def _clock(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%H:%M:%S")
