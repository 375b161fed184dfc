"""One turn of a conversation: who is asked, with what settings, after what history."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from foundry_sandbox import agents, conversations
from foundry_sandbox.items import new_id, read_input
from foundry_sandbox.refusal import invalid, not_found
from foundry_sandbox.tool_definitions import check_tools

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from foundry_sandbox.state import State

SETTINGS: Mapping[str, tuple[type, ...]] = {
    "temperature": (int, float),
    "top_p": (int, float),
    "text": (dict,),
    "reasoning": (dict,),
    "tool_choice": (str, dict),
    "parallel_tool_calls": (bool,),
    "max_output_tokens": (int,),
}

Item = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Turn:
    """A request for a response, read completely: `settings` are the agent's, overridden by the request's."""

    response_id: str
    body: Mapping[str, Any]
    agent: Mapping[str, Any] | None
    model: str
    settings: Mapping[str, Any]
    instructions: Sequence[str]
    tools: Sequence[Mapping[str, Any]]
    history: Sequence[Item]
    input: Sequence[Item]
    conversation: str | None

    @property
    def agent_name(self) -> str | None:
        """Return the name of the agent, or None when a model was named directly."""
        return None if self.agent is None else str(self.agent["name"])


def read(state: State, body: Mapping[str, Any], *, agent_name: str | None) -> Turn:
    """Read a request for a response; `agent_name` is the agent of the endpoint it came in at, if any."""
    agent = _agent(state, body, agent_name=agent_name)
    definition = agent["definition"] if agent else {}
    conversation = _conversation(body)
    model = _model(definition, body)
    check_tools(body.get("tools") or [], model=model)
    return Turn(
        response_id=new_id("resp"),
        body=body,
        agent=agent,
        model=model,
        settings={**_settings(definition), **_settings(body)},
        instructions=[text for text in (definition.get("instructions"), body.get("instructions")) if text],
        tools=[*(definition.get("tools") or []), *(body.get("tools") or [])],
        history=_history(state, body, conversation=conversation),
        input=read_input(body.get("input")),
        conversation=conversation,
    )


def _agent(state: State, body: Mapping[str, Any], *, agent_name: str | None) -> dict[str, Any] | None:
    if agent_name is not None:
        return agents.resolve(state, agent_name)
    reference = body.get("agent_reference") or body.get("agent")
    if reference is None:
        return None
    if not isinstance(reference, dict) or not isinstance(reference.get("name"), str):
        raise invalid("'agent_reference' must be an object with a 'name'")
    return agents.resolve(state, reference["name"], version=reference.get("version"))


def _model(definition: Mapping[str, Any], body: Mapping[str, Any]) -> str:
    model = definition.get("model") or body.get("model")
    if not isinstance(model, str):
        raise invalid("name an agent in 'agent_reference', or a 'model'")
    return model


def _settings(given: Mapping[str, Any]) -> dict[str, Any]:
    settings = {name: given[name] for name in SETTINGS if given.get(name) is not None}
    for name, value in settings.items():
        if not isinstance(value, SETTINGS[name]):
            raise invalid(f"{name!r} must be of type {' or '.join(kind.__name__ for kind in SETTINGS[name])}")
    return settings


def _conversation(body: Mapping[str, Any]) -> str | None:
    given = body.get("conversation")
    identifier = given.get("id") if isinstance(given, dict) else given
    if identifier is not None and body.get("previous_response_id"):
        raise invalid("'conversation' and 'previous_response_id' exclude each other: send one of them")
    return identifier


def _history(state: State, body: Mapping[str, Any], *, conversation: str | None) -> list[Item]:
    if conversation is not None:
        conversations.existing(state, conversation)
        return state.all("item", parent=conversation)
    chain = list(_chain(state, body.get("previous_response_id")))
    # What a state folder kept before there were tools has no items of its own.
    kept_items = ((*kept["input"], *kept.get("items", kept["response"]["output"])) for kept in reversed(chain))
    return [item for items in kept_items for item in items]


def _chain(state: State, identifier: str | None) -> Iterator[dict[str, Any]]:
    while identifier:
        kept = state.get(identifier, kind="response")
        if kept is None:
            raise not_found(f"Previous response with id '{identifier}' not found")
        yield kept
        if kept["response"]["conversation"]:
            # What went before it belongs to the conversation, not to the chain of responses.
            return
        identifier = kept["response"]["previous_response_id"]
