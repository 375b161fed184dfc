"""Gateways made of every mixture of habits: where they stand, how they route and sign, in which words they refuse."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from hypothesis import HealthCheck, given, settings, target
from hypothesis import strategies as st

from gateway_workbook.probe_budget import MOST
from gateway_workbook.usual import HEADERS
from tests.library.test_probe import HOST, search
from tests.library.wire import KEY, chat_answer, reply

if TYPE_CHECKING:
    import httpx

    from gateway_workbook.profile import AuthConfig

Version = Literal["required", "silently required", "ignored", "refused"]
Words = Literal["nested", "flat", "text", "empty", "page"]
SENTENCES = {401: "Access denied", 404: "Resource not found", 400: "Bad request"}


@dataclass(frozen=True, kw_only=True)
class Made:
    """One gateway; answers requests."""

    base: str
    in_path: bool
    header: AuthConfig | None
    version: Version
    listed: Literal["no", "OpenAI", "AzureOpenAI"]
    key_first: bool
    words: Words

    def __call__(self, request: httpx.Request) -> httpx.Response:
        signed = self._signed(request)
        if self.key_first and not signed:
            return self._refuse(401)
        kind = self._kind(request)
        if not kind:
            return self._refuse(404)
        if not signed:
            return self._refuse(401)
        return self._versioned(request) or self._answer(request, kind)

    def _signed(self, request: httpx.Request) -> bool:
        name, form = (self.header.name, self.header.format) if self.header else ("api-key", "{api_key}")
        return request.headers.get(name) == form.replace("{api_key}", KEY)

    def _kind(self, request: httpx.Request) -> str:
        path = request.url.path.removeprefix(self.base) if request.url.path.startswith(self.base) else ""
        if request.method == "POST":
            by_path = path.startswith("/deployments/") and path.endswith("/chat/completions")
            return "chat" if (by_path if self.in_path else path == "/chat/completions") else ""
        folder = {"OpenAI": "/models", "AzureOpenAI": "/deployments"}.get(self.listed, "-")
        return "list" if path == folder else "get" if path.startswith(f"{folder}/") else ""

    def _versioned(self, request: httpx.Request) -> httpx.Response | None:
        version = request.url.params.get("api-version")
        if self.version == "refused" and version:
            return self._refuse(400, "Unknown query parameter: 'api-version'")
        if self.version == "silently required" and not version:
            return self._refuse(404)
        if self.version == "required" and not version:
            return self._refuse(400, "Missing required query parameter: api-version")
        return None

    def _answer(self, request: httpx.Request, kind: str) -> httpx.Response:
        one = {
            "id": "talk",
            "name": "talk",
            "properties": {"model": {"name": "talk", "version": "1", "format": "OpenAI"}},
        }
        if kind == "list":
            return reply(200, {"data" if self.listed == "OpenAI" else "value": [one]})
        if kind == "get":
            return reply(200, one)
        named = request.url.path.split("/")[-3] if self.in_path else json.loads(request.content)["model"]
        return reply(200, chat_answer()) if named == "talk" else self._refuse(404, "model not found", named=True)

    def _refuse(self, status: int, told: str = "", *, named: bool = False) -> httpx.Response:
        sentence = told or SENTENCES[status]
        if named or told:  # whoever has something to say says it in JSON
            return reply(status, {"error": {"message": sentence}})
        if self.words == "page":
            return reply(status, f"<html><h1>{sentence}</h1></html>", headers={"content-type": "text/html"})
        body = {"nested": {"error": {"message": sentence}}, "flat": {"message": sentence}, "empty": ""}
        return reply(status, body.get(self.words, sentence))


GATEWAYS = st.builds(
    Made,
    base=st.sampled_from(["", "/v1", "/openai", "/openai/v1", "/llm", "/llm/v1", "/team/openai"]),
    in_path=st.booleans(),
    header=st.sampled_from(HEADERS),
    version=st.sampled_from(["required", "silently required", "ignored", "refused"]),
    listed=st.sampled_from(["no", "OpenAI", "AzureOpenAI"]),
    key_first=st.booleans(),
    words=st.sampled_from(["nested", "flat", "text", "empty", "page"]),
)
# Bases that are looked for wherever the URL ends.
USUAL = {"", "/v1", "/openai", "/openai/v1"}
SLOW = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}


def whole(gateway: Made) -> str:
    """The URL of a call."""
    return HOST + gateway.base + ("/deployments/talk/chat/completions" if gateway.in_path else "/chat/completions")


@settings(max_examples=150, **SLOW)
@given(gateway=GATEWAYS)
def test_from_the_whole_url_of_a_call(gateway: Made) -> None:
    found = search(gateway, whole(gateway), model="talk")
    target(found.probed.requests)
    assert found.data["targetUrl"] == HOST + gateway.base
    assert found.data["deploymentInPath"] is gateway.in_path
    assert found.data.get("authConfig", {}).get("name") == (gateway.header.name if gateway.header else None)
    assert ("inferenceAPIVersion" in found.data) >= (gateway.version in ("required", "silently required"))
    assert ("staticModels" in found.data) >= (gateway.listed == "no")
    assert found.probed.requests <= 15


@settings(max_examples=150, **SLOW)
@given(gateway=GATEWAYS, slash=st.booleans())
def test_from_the_base(gateway: Made, *, slash: bool) -> None:
    found = search(gateway, HOST + gateway.base + "/" * slash, model="talk")
    target(found.probed.requests)
    assert found.data["targetUrl"] == HOST + gateway.base
    assert found.data["deploymentInPath"] is gateway.in_path
    assert found.probed.requests <= MOST


@settings(max_examples=150, **SLOW)
@given(gateway=GATEWAYS.filter(lambda made: made.base in USUAL), path=st.sampled_from(sorted(USUAL)))
def test_from_the_host_or_another_base(gateway: Made, path: str) -> None:
    found = search(gateway, HOST + path, model="talk")
    target(found.probed.requests)
    assert found.data["targetUrl"] == HOST + gateway.base
    assert found.probed.requests <= MOST
