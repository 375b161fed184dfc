"""Prompt agents and their answers, through azure-ai-projects and the openai client it gives out."""

from __future__ import annotations

__all__ = ["Agents", "Equipped"]

import time
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import urlsplit

from gateway_workbook.answer import Answer, ToolCall, api_problem, read_response
from gateway_workbook.client_functions import Functions, call_function
from gateway_workbook.definition import MARK, check_definition, fingerprint, same_definition
from gateway_workbook.errors import ServiceError, UsageError
from gateway_workbook.progress import Task, tell
from gateway_workbook.sign_in import sign_in_problem
from gateway_workbook.target import LOOPBACK, Target
from gateway_workbook.wire_sdk import openai_http_client, sdk_transport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from azure.ai.projects import AIProjectClient
    from azure.core.credentials import TokenCredential
    from azure.core.pipeline import PipelineRequest
    from openai import OpenAI

    from gateway_workbook.arm import Outcome
    from gateway_workbook.ledger import Ledger
    from gateway_workbook.tools import Tools
    from gateway_workbook.wire import Wire

ANSWER_SECONDS: Final = 180  # the SDK's own limit is ten minutes, and it tries three times
MOST_ROUNDS: Final = 8
RUN_MARK: Final = "gateway-workbook-run"
_NO_FUNCTIONS: Final[Functions] = MappingProxyType({})


class Agents:
    """Prompt agents and their answers, through azure-ai-projects and the openai client it gives out.

    A context manager; it owns the two clients it makes. `tool_log` tells the calls of a response that no item of it
    shows, where there is a log of them; `wire` records what goes over HTTP.
    """

    def __init__(
        self,
        target: Target,
        *,
        credential: TokenCredential,
        tool_log: Callable[[str], tuple[ToolCall, ...]] = lambda _: (),
        wire: Wire | None = None,
    ) -> None:
        self._target, self._tool_log, self._wire = target, tool_log, wire
        self._project = _project_client(target, credential, wire)
        self._openai: OpenAI | None = None
        self._opening = Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._openai:
            self._openai.close()
        self._project.close()

    def latest(self, name: str) -> dict[str, Any] | None:
        """The newest version of an agent as plain data, or None when there is no such agent."""
        from azure.core.exceptions import ResourceNotFoundError

        try:
            with _service_errors(f"agent {name} cannot be read", missing_ok=True):
                return dict(self._project.agents.get(name).versions.latest.as_dict())
        except ResourceNotFoundError:
            return None

    def connections(self) -> dict[str, str]:
        """The project's connections as Agent Service sees them: name to resource id, the account's among them."""
        with _service_errors("the project's connections cannot be read"):
            return {str(found.name): str(found.id) for found in self._project.connections.list()}

    def deploy(self, name: str, definition: Mapping[str, Any], *, run_id: str, ledger: Ledger) -> tuple[Outcome, str]:
        """Deploy unless the newest version is the same already; returns what was done and the version.

        Raises UsageError for a definition that could not answer through a gateway.
        """
        with Task(f"deploying agent {name}", done=f"agent {name} deployed"):
            check_definition(definition, connections=self.connections())
            latest = self.latest(name)
            if latest and same_definition(definition, latest):
                return "unchanged", str(latest["version"])
            with ledger.creating("agent", name):
                made = self._create_version(name, definition, run_id=run_id)
        return ("replaced" if latest else "created"), made

    def _create_version(self, name: str, definition: Mapping[str, Any], *, run_id: str) -> str:
        from azure.ai.projects.models import PromptAgentDefinition

        metadata = {RUN_MARK: run_id, MARK: fingerprint(definition)}
        with _service_errors(f"agent {name} cannot be deployed"):
            version = self._project.agents.create_version(
                name, definition=PromptAgentDefinition(dict(definition)), metadata=metadata
            )
        return str(version.version)

    def versions(self, name: str) -> list[dict[str, Any]]:
        """Every version of an agent; empty when there is no such agent."""
        from azure.core.exceptions import ResourceNotFoundError

        try:
            with _service_errors(f"agent {name} cannot be read", missing_ok=True):
                return [dict(version.as_dict()) for version in self._project.agents.list_versions(name)]
        except ResourceNotFoundError:
            return []

    def delete_versions_of(self, name: str, *, run_id: str) -> int:
        """Remove the versions this run made, and the agent when none is left; returns how many versions went."""
        versions = self.versions(name)
        ours = [version for version in versions if (version.get("metadata") or {}).get(RUN_MARK) == run_id]
        with _service_errors(f"agent {name} cannot be removed"):
            if ours and len(ours) == len(versions):
                self._project.agents.delete(name)
            else:
                for version in ours:
                    self._project.agents.delete_version(name, str(version["version"]))
        return len(ours)

    def ask(self, agent: str, prompt: str, *, functions: Functions = _NO_FUNCTIONS, approve: bool = False) -> Answer:
        """One prompt to an agent, without history; failures are data.

        When the agent calls one of the client's `functions`, the function answers and the agent goes on, for at most
        MOST_ROUNDS. MCP calls that ask for approval get it with `approve`, and end the answer without.
        """
        with Task(f"asking {agent}", done=f"{agent} asked"):
            return self._rounds(agent, prompt, functions=functions, approve=approve)

    def _rounds(self, agent: str, prompt: str, *, functions: Functions, approve: bool) -> Answer:
        rounds: list[Answer] = []
        request: dict[str, Any] = {"input": prompt}
        while len(rounds) < MOST_ROUNDS:
            response, answer = self._respond(agent, request)
            if answer.problem:
                return answer.after(rounds)
            logged = self._tool_log(response.id)
            answer = answer.model_copy(update={"calls": (*answer.calls, *logged)})
            replies, answer = _replies(response.output, answer, functions=functions, approve=approve)
            if answer.problem or not replies:
                return answer.after(rounds)
            rounds.append(answer)
            request = {"input": replies, "previous_response_id": response.id}
        *earlier, last = rounds
        problem = f"the agent still calls tools after {MOST_ROUNDS} rounds: say in its instructions when it is done"
        return last.model_copy(update={"problem": problem}).after(earlier)

    def _respond(self, agent: str, request: Mapping[str, Any]) -> tuple[Any, Answer]:
        """One round; the response is None when there is none, and the answer says why."""
        import openai
        from azure.core.exceptions import AzureError, ClientAuthenticationError

        client = self._client()
        reference = {"agent_reference": {"type": "agent_reference", "name": agent}}
        started = time.monotonic()
        try:
            answered = client.responses.with_raw_response.create(**request, extra_body=reference)
            seconds = time.monotonic() - started  # parsing is not the service's time, and the first one takes long
            response = answered.parse()
        except openai.APIError as error:
            return None, Answer(seconds=time.monotonic() - started, problem=api_problem(error))
        except ClientAuthenticationError as error:
            return None, Answer(problem=sign_in_problem(error.message))
        except AzureError as error:
            return None, Answer(problem=f"no Entra token ({error.message})")
        return response, read_response(response, seconds)

    def _client(self) -> OpenAI:
        with self._opening:
            if self._openai is None:
                self._openai = _openai_client(self._project, self._target, self._wire)
                # The SDK imports half a second of modules at the first use; no prompt should be charged for that.
                _ = self._openai.responses
            return self._openai


@dataclass(frozen=True)
class Equipped:
    """The agents of a project, asked by a client that answers for the functions of one tools file."""

    agents: Agents
    tools: Tools

    def ask(self, agent: str, prompt: str) -> Answer:
        """One prompt to an agent; see `Agents.ask`."""
        return self.agents.ask(agent, prompt, functions=self.tools.functions(), approve=self.tools.approve)


def _project_client(target: Target, credential: TokenCredential, wire: Wire | None) -> AIProjectClient:
    from azure.ai.projects import AIProjectClient
    from azure.core.pipeline.policies import SansIOHTTPPolicy

    class PlainHttpOnLoopback(SansIOHTTPPolicy[Any, Any]):
        """The SDK refuses bearer tokens over http; to a sandbox on this machine they may go."""

        def on_request(self, request: PipelineRequest[Any]) -> None:
            request.context.options["enforce_https"] = False

    options: dict[str, Any] = {}
    if urlsplit(target.project_endpoint).scheme == "http":
        if urlsplit(target.project_endpoint).hostname not in LOOPBACK:
            raise UsageError(f"{target.project_endpoint} is plain http: a token would travel in clear; use https")
        options["per_call_policies"] = [PlainHttpOnLoopback()]
    if target.descriptor and target.descriptor.ca:
        options["connection_verify"] = target.descriptor.ca
    if wire:
        options["transport"] = sdk_transport(wire, ca=options.get("connection_verify"))
    return AIProjectClient(target.project_endpoint, credential, **options)


def _openai_client(project: AIProjectClient, target: Target, wire: Wire | None) -> OpenAI:
    import openai

    if wire:
        return project.get_openai_client(
            timeout=ANSWER_SECONDS, http_client=openai_http_client(wire, trust=target.trust())
        )
    # The SDK does not hand its trust on to the openai client.
    if target.descriptor and target.descriptor.ca:
        return project.get_openai_client(
            timeout=ANSWER_SECONDS, http_client=openai.DefaultHttpxClient(verify=target.trust())
        )
    return project.get_openai_client(timeout=ANSWER_SECONDS)


@contextmanager
def _service_errors(fact: str, *, missing_ok: bool = False) -> Iterator[None]:
    """Turn the SDK's exceptions into ours; with `missing_ok` a missing resource passes, it is an answer."""
    from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError, ResourceNotFoundError

    try:
        yield
    except AzureError as error:
        if missing_ok and isinstance(error, ResourceNotFoundError):
            raise
        status = error.status_code if isinstance(error, HttpResponseError) else None
        if isinstance(error, ClientAuthenticationError) and status is None:
            raise UsageError(f"{fact}: {sign_in_problem(error.message)}") from error
        told = f"{status} {error.message}" if status else f"no answer ({error.message}): check the network"
        raise ServiceError(f"{fact}: {told}", status=status) from error


def _replies(
    items: Iterable[Any], answer: Answer, *, functions: Functions, approve: bool
) -> tuple[list[dict[str, Any]], Answer]:
    """What the agent waits for, and the answer with the calls this took; empty when it waits for nothing."""
    replies: list[dict[str, Any]] = []
    calls = list(answer.calls)
    for item in items:
        if item.type == "function_call":
            if not functions:
                problem = f"the agent calls the function {item.name}, and none was given: pass it in functions"
                return [], answer.model_copy(update={"problem": problem})
            tell(f"calling {item.name}")
            output, failed = call_function(functions, name=item.name, arguments=item.arguments)
            replies.append({"type": "function_call_output", "call_id": item.call_id, "output": output})
            calls.append(ToolCall.of(item, output=output, problem=failed))
        elif item.type == "mcp_approval_request":
            if not approve:
                problem = (
                    f"the agent asks for approval to call {item.name} of the MCP server {item.server_label}: "
                    "ask with approve=True, or write require_approval: never"
                )
                return [], answer.model_copy(update={"problem": problem})
            replies.append({"type": "mcp_approval_response", "approval_request_id": item.id, "approve": True})
    return replies, answer.model_copy(update={"calls": tuple(calls)})
