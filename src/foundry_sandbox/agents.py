"""Prompt agents and their versions, as the official projects client makes, reads and deletes them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from foundry_sandbox.body import json_object
from foundry_sandbox.definition import check, check_name
from foundry_sandbox.paging import page
from foundry_sandbox.refusal import RefusalError, invalid, not_found

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

    from foundry_sandbox.state import State

CHANGEABLE = ("agent_endpoint", "agent_card")


def routes(state: State) -> list[BaseRoute]:
    """Return /agents and what is under it, except the agents' own OpenAI endpoints."""
    return [*_agent_routes(state), *_version_routes(state)]


def resolve(state: State, name: str, *, version: str | None = None) -> dict[str, Any]:
    """Return the version that answers for an agent: the asked one, the endpoint's choice, or the latest.

    Of several selection rules the one with the largest share of traffic always wins: a sandbox that drew lots
    could not be tested against.
    """
    agent = _agent(state, name)
    if version is None:
        version = _selected_version(agent)
    if version in (None, "", "latest", "@latest"):
        return state.all("version", parent=name)[-1]
    return _version(state, name, version=str(version))


def _agent_routes(state: State) -> list[BaseRoute]:
    async def listed(request: Request) -> Response:
        kind = request.query_params.get("kind")
        rows = [_details(state, agent) for agent in state.all("agent")] if kind in (None, "prompt") else []
        return JSONResponse(page(rows, query=request.query_params, key="id"))

    async def get(request: Request) -> Response:
        return JSONResponse(_details(state, _agent(state, request.path_params["agent"])))

    async def update(request: Request) -> Response:
        agent = _agent(state, request.path_params["agent"])
        changes = await json_object(request)
        _check_update(state, agent, changes)
        changed = {**agent, **changes}
        state.put(changed, kind="agent", name=agent["name"])
        return JSONResponse(_details(state, changed))

    async def delete(request: Request) -> Response:
        agent = _agent(state, request.path_params["agent"])
        _remove(state, agent["name"])
        return JSONResponse({"object": "agent.deleted", "name": agent["name"], "deleted": True})

    return [
        Route("/agents", listed, methods=["GET"]),
        Route("/agents/{agent}", get, methods=["GET"]),
        Route("/agents/{agent}", update, methods=["PATCH"]),
        Route("/agents/{agent}", delete, methods=["DELETE"]),
    ]


def _version_routes(state: State) -> list[BaseRoute]:
    async def create(request: Request) -> Response:
        return JSONResponse(_create(state, request.path_params["agent"], await json_object(request)))

    async def listed(request: Request) -> Response:
        agent = _agent(state, request.path_params["agent"])
        rows = state.all("version", parent=agent["name"])
        return JSONResponse(page(rows, query=request.query_params, key="id"))

    async def get(request: Request) -> Response:
        names = request.path_params
        _agent(state, names["agent"])
        return JSONResponse(_version(state, names["agent"], version=names["version"]))

    async def delete(request: Request) -> Response:
        names = request.path_params
        _agent(state, names["agent"])
        force = request.query_params.get("force", "").lower() == "true"
        _delete_version(state, _version(state, names["agent"], version=names["version"]), force=force)
        gone = {"name": names["agent"], "version": names["version"], "deleted": True}
        return JSONResponse({"object": "agent.version.deleted", **gone})

    return [
        Route("/agents/{agent}/versions", create, methods=["POST"]),
        Route("/agents/{agent}/versions", listed, methods=["GET"]),
        Route("/agents/{agent}/versions/{version}", get, methods=["GET"]),
        Route("/agents/{agent}/versions/{version}", delete, methods=["DELETE"]),
    ]


def _create(state: State, name: str, body: Mapping[str, Any]) -> dict[str, Any]:
    check_name(name)
    definition = check(body.get("definition"))
    agent = state.get(name, kind="agent") or {"name": name, "versions_made": 0}
    # Counted, not derived: the number of a deleted version must not come back as another definition.
    number = str(agent["versions_made"] + 1)
    version = {
        "object": "agent.version",
        "id": f"{name}:{number}",
        "name": name,
        "version": number,
        "description": body.get("description") or "",
        "metadata": _metadata(body.get("metadata")),
        "created_at": int(time.time()),
        "status": "active",
        "definition": definition,
    }
    state.put({**agent, "versions_made": int(number)}, kind="agent", name=name)
    state.put(version, kind="version", name=number, parent=name)
    return version


def _metadata(given: object) -> Mapping[str, str]:
    metadata = given if given is not None else {}
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise invalid("'metadata' must be an object whose values are text")
    return metadata


def _check_update(state: State, agent: Mapping[str, Any], changes: Mapping[str, Any]) -> None:
    unknown = [field for field in changes if field not in CHANGEABLE]
    if unknown:
        raise invalid(f"{', '.join(unknown)} cannot be changed here: only {', '.join(CHANGEABLE)} can")
    for rule in _rules(changes):
        number = str(rule.get("agent_version", ""))
        if number not in {"latest", "@latest"}:
            _version(state, agent["name"], version=number)


def _rules(agent: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    selector = (agent.get("agent_endpoint") or {}).get("version_selector") or {}
    return list(selector.get("version_selection_rules") or [])


def _selected_version(agent: Mapping[str, Any]) -> str | None:
    best = max(_rules(agent), key=lambda rule: rule.get("traffic_percentage", 0), default={})
    return best.get("agent_version")


def _agent(state: State, name: str) -> dict[str, Any]:
    agent = state.get(name, kind="agent")
    if agent is None:
        raise not_found(f"Agent '{name}' not found")
    return agent


def _version(state: State, name: str, *, version: str) -> dict[str, Any]:
    found = state.get(version, kind="version", parent=name)
    if found is None:
        raise not_found(f"Agent '{name}' has no version '{version}'")
    return found


def _details(state: State, agent: Mapping[str, Any]) -> dict[str, Any]:
    chosen = {field: agent[field] for field in CHANGEABLE if field in agent}
    return {
        "object": "agent",
        "id": agent["name"],
        "name": agent["name"],
        "state": "enabled",
        "configuration_state": "enabled",
        "versions": {"latest": state.all("version", parent=agent["name"])[-1]},
        **chosen,
    }


def _delete_version(state: State, version: Mapping[str, Any], *, force: bool) -> None:
    name, number = version["name"], version["version"]
    used = any(str(rule.get("agent_version")) == number for rule in _rules(_agent(state, name)))
    if used and not force:
        message = f"version {number} takes the traffic of agent '{name}': move that, or use force"
        raise RefusalError(message, status=409, code="conflict")
    state.remove(number, kind="version", parent=name)
    if not state.all("version", parent=name):
        _remove(state, name)


def _remove(state: State, name: str) -> None:
    state.remove_all("version", parent=name)
    state.remove(name, kind="agent")
