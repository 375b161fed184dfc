"""Prompt agents and their answers, through azure-ai-projects and the openai client it gives out."""

from __future__ import annotations

__all__ = ["Agents", "Answer"]

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict

from gateway_workbook.errors import ServiceError, UsageError
from gateway_workbook.sign_in import sign_in_problem
from gateway_workbook.target import LOOPBACK, Target
from gateway_workbook.visible import storable

if TYPE_CHECKING:
    from azure.ai.projects import AIProjectClient
    from azure.core.credentials import TokenCredential
    from azure.core.pipeline import PipelineRequest
    from openai import OpenAI

    from gateway_workbook.arm import Outcome
    from gateway_workbook.ledger import Ledger

ANSWER_SECONDS: Final = 180  # the SDK's own limit is ten minutes, and it tries three times
RUN_MARK: Final = "gateway-workbook-run"


class Answer(BaseModel):
    """What an agent answered to one prompt; `problem` is None when it did."""

    model_config = ConfigDict(frozen=True)

    text: str = ""
    response_id: str | None = None
    seconds: float = 0
    tokens: int | None = None
    problem: str | None = None


class Agents:
    """Prompt agents and their answers, through azure-ai-projects and the openai client it gives out.

    A context manager; it owns the two clients it makes.
    """

    def __init__(self, target: Target, *, credential: TokenCredential) -> None:
        self._target = target
        self._project = _project_client(target, credential)
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

    def create_version(self, name: str, definition: Mapping[str, Any], *, run_id: str) -> dict[str, Any]:
        """Deploy a new version of a prompt agent, marked with the run that made it."""
        from azure.ai.projects.models import PromptAgentDefinition

        with _service_errors(f"agent {name} cannot be deployed"):
            version = self._project.agents.create_version(
                name, definition=PromptAgentDefinition(dict(definition)), metadata={RUN_MARK: run_id}
            )
        return dict(version.as_dict())

    def deploy(self, name: str, definition: Mapping[str, Any], *, run_id: str, ledger: Ledger) -> tuple[Outcome, str]:
        """Deploy unless the newest version is the same already; returns what was done and the version."""
        latest = self.latest(name)
        if latest and _same(definition, latest.get("definition") or {}):
            return "unchanged", str(latest["version"])
        with ledger.creating("agent", name):
            made = self.create_version(name, definition, run_id=run_id)
        return ("replaced" if latest else "created"), str(made["version"])

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

    def ask(self, agent: str, prompt: str) -> Answer:
        """One prompt to an agent, without history; failures are data."""
        import openai
        from azure.core.exceptions import AzureError, ClientAuthenticationError

        client = self._client()
        reference = {"agent_reference": {"type": "agent_reference", "name": agent}}
        started = time.monotonic()
        try:
            answered = client.responses.with_raw_response.create(input=prompt, extra_body=reference)
            seconds = time.monotonic() - started  # parsing is not the service's time, and the first one takes long
            response = answered.parse()
        except openai.APIError as error:
            return Answer(seconds=time.monotonic() - started, problem=_api_problem(error))
        except ClientAuthenticationError as error:
            return Answer(problem=sign_in_problem(error.message))
        except AzureError as error:
            return Answer(problem=f"no Entra token ({error.message})")
        return _read(response, seconds)

    def _client(self) -> OpenAI:
        with self._opening:
            if self._openai is None:
                self._openai = _openai_client(self._project, self._target)
                # The SDK imports half a second of modules at the first use; no prompt should be charged for that.
                _ = self._openai.responses
            return self._openai


def _project_client(target: Target, credential: TokenCredential) -> AIProjectClient:
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
    return AIProjectClient(target.project_endpoint, credential, **options)


def _openai_client(project: AIProjectClient, target: Target) -> OpenAI:
    import openai

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


def _read(response: Any, seconds: float) -> Answer:
    """What an agent answered; a failed or filtered response is a problem, whatever text it carries."""
    if not isinstance(getattr(response, "output", None), list):
        return Answer(seconds=seconds, problem="the answer is no response: a proxy or a portal may stand in between")
    reason = getattr(response.incomplete_details, "reason", None)
    cut_short = reason == "max_output_tokens" and response.output_text  # said less, but said it
    if response.status not in ("completed", None) and not cut_short:
        why = getattr(response.error, "message", None) or f"the response is {response.status}: {reason or 'no reason'}"
        return Answer(response_id=response.id, seconds=seconds, problem=storable(why))
    tokens = response.usage.total_tokens if response.usage else None
    return Answer(text=storable(response.output_text), response_id=response.id, seconds=seconds, tokens=tokens)


def _api_problem(error: Any) -> str:
    status = getattr(error, "status_code", None)
    body = error.body if isinstance(getattr(error, "body", None), Mapping) else {}
    return storable(f"{status or type(error).__name__} {body.get('message') or error.message}")


def _same(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> bool:
    # The service adds fields of its own, empty tools among them.
    return all(found.get(key) == value for key, value in wanted.items()) and bool(found.get("tools")) == bool(
        wanted.get("tools")
    )
