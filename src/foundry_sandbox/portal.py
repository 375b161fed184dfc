"""The portal: one page that shows what is connected, who was asked, and what went through which gateway."""

from __future__ import annotations

import secrets
from base64 import b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from foundry_sandbox import (
    __version__,
    agents,
    azure,
    dialogue,
    example_services,
    gateways,
    notebook_links,
    portal_text,
)
from foundry_sandbox.connections import find_for_project
from foundry_sandbox.health import healths
from foundry_sandbox.refusal import RefusalError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request

    from foundry_sandbox.gateways import Gateway
    from foundry_sandbox.state import GatewayRequest, State

REFRESH = "/sandbox/portal"
SHOWN = 50


@dataclass(frozen=True, kw_only=True)
class Traffic:
    """A gateway with the latest requests that reached it, newest first."""

    gateway: Gateway
    requests: Sequence[GatewayRequest]
    total: int


@dataclass(frozen=True, kw_only=True)
class Agent:
    """An agent with its latest versions, newest first, and the number of the one that answers, if one does."""

    name: str
    answering: str | None
    versions: Sequence[dict[str, Any]]
    total: int


class Portal:
    """Writes the page; its style and its script are part of it, and nothing else may style it or run in it."""

    def __init__(self, state: State) -> None:
        self.state = state
        self._run = secrets.token_hex(8)
        self._style, self._script = (_inline(name) for name in ("portal.css", "portal.js"))
        self._templates = Environment(
            loader=PackageLoader("foundry_sandbox"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        portal_text.register(self._templates)

    @property
    def policy(self) -> str:
        """Return the Content-Security-Policy: what a client wrote into a name must not run, nor load anything."""
        return (
            f"default-src 'none'; style-src {_hash(self._style)}; script-src {_hash(self._script)};"
            " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )

    def answer(self, request: Request, *, template: str) -> Response:
        """Write a template with all there is to see, unless the client has it already."""
        # The day is part of it because times of today are written without theirs.
        seen = f'"{self._run}-{self.state.changes}-{datetime.now(UTC).date()}"'
        headers = {
            "Content-Security-Policy": self.policy,
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
            "Referrer-Policy": "no-referrer",
            "ETag": seen,
        }
        if request.headers.get("if-none-match") == seen:
            return Response(status_code=304, headers=headers)
        view = {**_view(self.state), "notebooks": notebook_links.links(request.query_params.get("notebooks"))}
        frame = {"style": self._style, "script": self._script, "refresh": REFRESH}
        return HTMLResponse(self._templates.get_template(template).render(view, **frame), headers=headers)


def routes(state: State) -> list[BaseRoute]:
    """Return the page, and the part of it that the page fetches again."""
    portal = Portal(state)

    async def page(request: Request) -> Response:
        return portal.answer(request, template="portal.html")

    async def content(request: Request) -> Response:
        return portal.answer(request, template="portal_content.html")

    return [Route("/", page), Route(REFRESH, content)]


def _inline(name: str) -> Markup:
    return Markup(files("foundry_sandbox").joinpath("templates", name).read_text(encoding="utf-8"))  # noqa: S704  # ours


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def _view(state: State) -> dict[str, Any]:
    dialogues = dialogue.dialogues(state)
    return {
        "version": __version__,
        "project": azure.PROJECT,
        "endpoint": f"{state.url}{azure.PROJECT_PATH}",
        "names": notebook_links.NOTEBOOKS,
        "healths": healths(state),
        "agents": _agents(state),
        "agent_total": state.count("agent"),
        "there": lambda name: find_for_project(state, name) is not None,
        "dialogues": dialogues,
        "response_total": state.count("response"),
        "told": {turn.response["id"] for one in dialogues for turn in one.turns if turn.response},
        "calls": state.agent_calls(last=SHOWN)[::-1],
        "tool_calls": state.tool_calls(last=SHOWN)[::-1],
        "examples": example_services.addresses(state),
        "traffic": _traffic(state),
    }


def _agents(state: State) -> list[Agent]:
    return [_agent(state, agent["name"]) for agent in reversed(state.all("agent", last=SHOWN))]


def _agent(state: State, name: str) -> Agent:
    versions = state.all("version", parent=name, last=SHOWN)[::-1]
    total = state.count("version", parent=name)
    return Agent(name=name, answering=_answering(state, name), versions=versions, total=total)


def _answering(state: State, name: str) -> str | None:
    try:
        return str(agents.resolve(state, name)["version"])
    except RefusalError:  # its traffic goes to a version that was deleted
        return None


def _traffic(state: State) -> list[Traffic]:
    """Return the gateways that saw requests before those that did not: an order that seldom changes under a reader."""
    shown = [
        Traffic(
            gateway=gateway,
            requests=state.gateway_requests(gateway.name, last=SHOWN)[::-1],
            total=state.count_gateway_requests(gateway.name),
        )
        for gateway in gateways.gateways(state)
    ]
    return sorted(shown, key=lambda one: not one.requests)
