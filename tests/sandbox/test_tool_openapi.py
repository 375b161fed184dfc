"""OpenAPI tools: the described service is really called, within bounds, and on this machine only."""

from __future__ import annotations

import asyncio
import base64
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx
import openai
import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from .conftest import PROJECT, metadata, properties, started
from .services import ScriptedGateway, call, serving
from .test_tools import tool_calls

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from starlette.requests import Request

    from .conftest import Connect, Running

HUGE = 50_000_000


class Shop:
    """A service of somebody else's; `seen` has what reached it."""

    def __init__(self) -> None:
        self.seen: list[dict[str, Any]] = []
        every = ["GET", "POST", "PUT", "DELETE"]
        self.app = Starlette(routes=[Route("/{rest:path}", self.answer, methods=every)])

    async def answer(self, request: Request) -> Response:
        body = await request.body()
        self.seen.append(
            {
                "request": f"{request.method} {request.scope['raw_path'].decode()}",
                "query": request.url.query,
                "headers": dict(request.headers),
                "body": json.loads(body) if body else None,
            }
        )
        name = request.url.path.rpartition("/")[2]
        if name == "slow":
            await asyncio.sleep(30)
        answers: dict[str, Response] = {
            "broken": Response("out of order", 500, media_type="text/plain"),
            "moved": RedirectResponse("http://elsewhere.example/", 302),
            "huge": StreamingResponse((b"x" * 1_000_000 for _ in range(HUGE // 1_000_000)), media_type="text/plain"),
            "picture": Response(b"\x89PNG", media_type="image/png"),
        }
        return answers.get(name) or JSONResponse({"sold": name})


def operation(name: str, **fields: Any) -> dict[str, Any]:
    return {"operationId": name, "responses": {"200": {"description": "done"}}, **fields}


def spec(url: str, paths: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "openapi": "3.0.3",
        "info": {"title": "shop", "version": "1"},
        "servers": [{"url": url}],
        "paths": paths,
        **more,
    }


def tool(document: dict[str, Any], *, name: str = "shop", auth: dict[str, Any] | None = None) -> Any:
    return {"type": "openapi", "openapi": {"name": name, "spec": document, "auth": auth or {"type": "anonymous"}}}


@contextmanager
def calling(name: str, **arguments: Any) -> Iterator[tuple[ScriptedGateway, str]]:
    """A gateway whose model calls once, and then says what it was told."""

    def script(body: dict[str, Any]) -> dict[str, Any]:
        last = body["messages"][-1]
        if last["role"] == "tool":
            return {"content": last["content"]}
        return {"tool_calls": [call(name, **arguments)]}

    gateway = ScriptedGateway(script)
    with serving(gateway.app) as url:
        yield gateway, url


ORDERS = {
    "/shops/{shop}/orders": {
        "parameters": [{"$ref": "#/components/parameters/Shop"}],
        "post": operation(
            "place_order",
            summary="Place an order.",
            parameters=[
                {"name": "tag", "in": "query", "schema": {"type": "array", "items": {"type": "string"}}},
                {"name": "codes", "in": "query", "explode": False, "schema": {"type": "array", "items": {}}},
                {"name": "filter", "in": "query", "content": {"application/json": {"schema": {"type": "object"}}}},
                {"name": "X-Trace", "in": "header", "schema": {"type": "string"}},
                {"name": "Authorization", "in": "header", "schema": {"type": "string"}},
                {"name": "urgent", "in": "query", "schema": {"type": "boolean"}},
            ],
            requestBody={"$ref": "#/components/requestBodies/Order"},
        ),
    }
}
COMPONENTS = {
    "parameters": {"Shop": {"name": "shop", "in": "path", "required": True, "schema": {"type": "string"}}},
    "requestBodies": {
        "Order": {"required": True, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Item"}}}}
    },
    "schemas": {
        "Item": {
            "type": "object",
            "properties": {
                "name": {"type": "string", "nullable": True},
                "price": {"type": "number", "minimum": 0, "exclusiveMinimum": True},
                "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Item"}},
            },
        }
    },
}


def test_a_call_goes_out_as_the_document_says(sandbox: Running, connect: Connect, strict: openai.OpenAI) -> None:
    shop = Shop()
    given = {
        "shop": "north/1",
        "tag": ["a b", "c"],
        "codes": [1, 2],
        "filter": {"a": 1},
        "X-Trace": "ü",
        "urgent": True,
        "body": {"name": "tea", "parts": []},
    }
    with serving(shop.app) as url, calling("place_order", **given) as (gateway, target):
        tools = [tool(spec(f"{url}/v1/", ORDERS, components=COMPONENTS))]
        model = f"{connect('orders', target=target)}/gpt-4o"
        response = strict.responses.create(model=model, input="Order tea", tools=tools)
    assert json.loads(response.output_text) == {"sold": "orders"}
    assert [item.type for item in response.output] == ["message"]
    assert response.usage is not None
    assert (response.usage.input_tokens, response.usage.output_tokens) == (20, 2)
    (seen,) = shop.seen
    assert seen["request"] == "POST /v1/shops/north%2F1/orders"
    assert seen["query"] == "tag=a+b&tag=c&codes=1%2C2&filter=%7B%22a%22%3A+1%7D&urgent=true"
    assert seen["body"] == {"name": "tea", "parts": []}
    assert seen["headers"]["x-trace"].encode("latin-1").decode() == "ü"
    assert "authorization" not in seen["headers"]
    (offered,) = gateway.asked[0]["tools"]
    assert offered["function"]["description"] == "Place an order."
    schema = offered["function"]["parameters"]
    assert schema["required"] == ["shop", "body"]
    assert "Authorization" not in schema["properties"]
    assert schema["properties"]["body"] == {"$ref": "#/$defs/Item"}
    assert schema["$defs"]["Item"]["properties"] == {
        "name": {"type": ["string", "null"], "nullable": True},
        "price": {"type": "number", "exclusiveMinimum": 0},
        "parts": {"type": "array", "items": {"$ref": "#/$defs/Item"}},
    }
    (logged,) = tool_calls(sandbox, response.id)
    assert (logged["tool"], logged["name"], logged["status"]) == ("openapi", "place_order", 200)
    assert logged["where"] == f"POST {url}/v1/shops/{{shop}}/orders"
    assert logged["outcome"] == "answered 200"
    calls = httpx.get(f"{sandbox.url}/sandbox/agent-calls", params={"response_id": response.id}).json()["value"]
    assert [one["status"] for one in calls] == [200, 200]


TROUBLE = {
    name: {"get": operation(name.strip("/"))} for name in ("/broken", "/moved", "/huge", "/picture", "/things/{thing}")
}
TROUBLE["/things/{thing}"]["get"] = operation(
    "thing", parameters=[{"name": "thing", "in": "path", "required": True, "schema": {"type": "string"}}]
)


def test_servers_and_names_come_from_where_the_document_has_them(connect: Connect, strict: openai.OpenAI) -> None:
    shop = Shop()
    with serving(shop.app) as url, calling("look") as (gateway, target):
        base = {"url": f"{url}/{{stage}}", "variables": {"stage": {"default": "test"}}}
        twice = [{"name": "id", "in": place, "required": True, "schema": {}} for place in ("query", "header")]
        paths: dict[str, Any] = {
            "/look": {"servers": [base], "get": operation("look")},
            "/a/{b}": {"put": {"parameters": twice, "responses": {}}},
            "/bad": {"get": {**operation("bad"), "servers": [{"url": "http://[half"}]}},
            "/c": {"delete": operation("???", description="Remove it.", deprecated=True)},
        }
        model = f"{connect('servers', target=target)}/gpt-4o"
        strict.responses.create(model=model, input="x", tools=[tool(spec("http://127.0.0.1:9", paths))])
    assert [one["request"] for one in shop.seen] == ["GET /test/look"]
    offered = {one["function"]["name"]: one["function"] for one in gateway.asked[0]["tools"]}
    assert list(offered) == ["look", "put__a_b", "bad", "delete__c"]
    assert list(offered["put__a_b"]["parameters"]["properties"]) == ["id_query", "id_header"]
    assert offered["put__a_b"]["description"] == "PUT /a/{b}"
    assert offered["delete__c"]["description"] == "Remove it."


def test_what_goes_wrong_is_told_to_the_model_and_logged(
    sandbox: Running, connect: Connect, strict: openai.OpenAI
) -> None:
    names = ("broken", "moved", "huge", "picture", "thing", "thing", "gone", "far", "lured", "half")
    calls = [call(name, f"call_{index}") for index, name in enumerate(names)]
    calls[5]["function"]["arguments"] = "[not JSON"
    calls[8] = call("lured", "call_8", host=".elsewhere.example")

    def script(body: dict[str, Any]) -> dict[str, Any]:
        results = [message["content"] for message in body["messages"] if message["role"] == "tool"]
        return {"content": "\n".join(results)} if results else {"tool_calls": calls}

    shop = Shop()
    host = {"name": "host", "in": "path", "required": True, "schema": {"type": "string"}}
    lured = {"{host}/": {"get": operation("lured", parameters=[host])}}
    with serving(shop.app) as url, serving(ScriptedGateway(script).app) as target:
        tools = [
            tool(spec(url, TROUBLE)),
            tool(spec("http://127.0.0.1:9", {"/gone": {"get": operation("gone")}}), name="gone"),
            tool(spec("https://api.example:8443", {"/far": {"get": operation("far")}}), name="far"),
            tool(spec("http://127.0.0.1", lured), name="lured"),
            tool(spec(url, {"/half": {"get": operation("half", servers=[{"url": "http://[half"}])}}), name="half"),
        ]
        model = f"{connect('trouble', target=target)}/gpt-4o"
        response = strict.responses.create(model=model, input="x", tools=tools)
    told = response.output_text.splitlines()
    assert told[:4] == [
        "The service answered 500: out of order",
        "The service answered 302 with a redirect, which is not followed.",
        "The service answered 200 with more than 1000000 bytes, which are not read.",
        "The service answered 200 with 4 bytes of image/png, which is no text.",
    ]
    assert told[4:6] == [
        "not called: the arguments lack thing",
        "not called: the arguments are not JSON: Expecting value: line 1 column 2 (char 1)",
    ]
    assert told[6].startswith("The service gave no answer: ConnectError")
    assert told[7:] == ["not called: the sandbox only calls services on this machine"] * 3
    logged = {one["name"]: one for one in tool_calls(sandbox, response.id)}
    assert logged["broken"]["status"] == 500
    assert logged["moved"]["outcome"] == "answered 302 with a redirect, which is not followed"
    assert logged["gone"]["status"] is None
    assert logged["far"]["outcome"] == "not called: the sandbox only calls services on this machine"
    assert len(shop.seen) == 4


SCHEMES = {
    "header": {"type": "apiKey", "in": "header", "name": "X-Shop-Key"},
    "query": {"type": "apiKey", "in": "query", "name": "key"},
    "bearer": {"type": "http", "scheme": "bearer"},
    "oauth": {"type": "oauth2", "flows": {}},
}
CUSTOM = {"authType": "CustomKeys", "category": "CustomKeys", "credentials": {"keys": {"header": "k1", "bearer": "k2"}}}
SINGLE = {"authType": "ApiKey", "category": "ApiKey", "credentials": {"key": "k3"}}


@pytest.mark.parametrize(
    ("scheme", "connection", "header", "query"),
    [
        ("header", CUSTOM, ("x-shop-key", "k1"), ""),
        ("bearer", CUSTOM, ("authorization", "Bearer k2"), ""),
        ("query", SINGLE, None, "key=k3"),
    ],
)
def test_a_project_connection_fills_the_security_scheme(  # noqa: PLR0913  # fixtures and a table's columns
    sandbox: Running,
    connect: Connect,
    strict: openai.OpenAI,
    *,
    scheme: str,
    connection: dict[str, Any],
    header: tuple[str, str] | None,
    query: str,
) -> None:
    shop, key = Shop(), connect(f"shop-{scheme}", target="http://127.0.0.1", metadata={}, **connection)
    auth = {"type": "project_connection", "security_scheme": {"project_connection_id": f"/a/connections/{key}"}}
    with serving(shop.app) as url, calling("look") as (_, target):
        document = spec(
            url,
            {"/look": {"get": operation("look", security=[{"oauth": []}, {scheme: []}])}},
            components={"securitySchemes": SCHEMES},
        )
        model = f"{connect('auth', target=target)}/gpt-4o"
        response = strict.responses.create(model=model, input="x", tools=[tool(document, auth=auth)])
    (seen,) = shop.seen
    assert seen["query"] == query
    assert header is None or seen["headers"][header[0]] == header[1]
    (logged,) = tool_calls(sandbox, response.id)
    assert "k3" not in json.dumps(logged)


def test_a_managed_identity_sends_a_token_of_the_sandbox(connect: Connect, strict: openai.OpenAI) -> None:
    shop = Shop()
    with serving(shop.app) as url, calling("look") as (_, target):
        model = f"{connect('identity-tool', target=target)}/gpt-4o"
        connect("keyless", target=target)
        document = spec(url, {"/look": {"get": operation("look")}})
        audience = {"type": "managed_identity", "security_scheme": {"audience": "https://shop.example"}}
        strict.responses.create(model=model, input="x", tools=[tool(document, auth=audience)])
        for connection, why in (("nobody", "the project has no connection 'nobody'"), ("keyless", "asks for no key")):
            auth = {"type": "project_connection", "security_scheme": {"project_connection_id": connection}}
            response = strict.responses.create(model=model, input="x", tools=[tool(document, auth=auth)])
            assert why in response.output_text
        connect("torn", target=target, category="ApiKey", authType="ApiKey", credentials={"key": "half\nhush"})
        torn = {"type": "project_connection", "security_scheme": {"project_connection_id": "torn"}}
        schemes = {"components": {"securitySchemes": SCHEMES}, "security": [{"header": []}]}
        document = spec(url, {"/look": {"get": operation("look")}}, **schemes)
        response = strict.responses.create(model=model, input="x", tools=[tool(document, auth=torn)])
        assert response.output_text == "The service gave no answer: a header of the request is not allowed in HTTP"
    (seen,) = shop.seen
    token = seen["headers"]["authorization"].removeprefix("Bearer ")
    claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    assert claims["aud"] == "https://shop.example"


def examples(running: Running) -> dict[str, str]:
    found: dict[str, str] = httpx.get(f"{running.url}/sandbox", verify=running.trust).json()["examples"]
    return found


@pytest.mark.parametrize(
    ("question", "called", "expected"),
    [
        ("What is the weather in Paris? Use the forecast tool.", "get_forecast", '"city":"Paris"'),
        ("Please reserve a table in Rome for 4", "reserve_table", '"guests":4'),
    ],
)
def test_the_example_service_answers_a_plain_prompt(  # noqa: PLR0913  # fixtures and a table's columns
    sandbox: Running, connect: Connect, strict: openai.OpenAI, *, question: str, called: str, expected: str
) -> None:
    document = httpx.get(examples(sandbox)["openapi"]).json()
    model = f"{connect('with-example', **properties(sandbox, 'apim'))}/gpt-4o"
    events = list(strict.responses.create(model=model, input=question, tools=[tool(document)], stream=True))
    response = events[-1].response  # type: ignore[union-attr]  # it is the completed one
    assert f"{called} returned" in response.output_text
    assert expected in response.output_text
    assert "example data of the sandbox" in response.output_text
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert [one["name"] for one in tool_calls(sandbox, response.id)] == [called]


def test_the_example_service_refuses_what_it_does_not_know(sandbox: Running) -> None:
    base = f"{sandbox.url}/examples"
    assert "days is '9'" in httpx.get(f"{base}/forecast/Paris?days=9").text
    assert "city is missing" in httpx.post(f"{base}/reservations", json={}).text
    assert "guests is 'all'" in httpx.post(f"{base}/reservations", json={"city": "Rome", "guests": "all"}).text
    assert httpx.get(f"{base}/openapi.json", headers={"Host": "evil.example"}).status_code == 421


def test_tools_work_over_tls(tmp_path: Path) -> None:
    with started(tmp_path / "state", "--port", "0", "--quiet", "--tls") as running:
        arm = {"Authorization": f"Bearer {running.token('https://management.azure.com')}"}
        whole = {
            "category": "ModelGateway",
            "target": f"{running.url}/gateways/static/v1",
            "authType": "ApiKey",
            "credentials": {"key": running.api_key},
            "metadata": metadata(),
        }
        resource = f"{running.url}{running.descriptor['project_resource_id']}/connections/tls"
        version = {"api-version": "2025-04-01-preview"}
        httpx.put(resource, json={"properties": whole}, headers=arm, params=version, verify=running.trust)
        found = examples(running)
        document = httpx.get(found["openapi"], verify=running.trust).json()
        server: Any = {"type": "mcp", "server_label": "m", "server_url": found["mcp"], "require_approval": "never"}
        with openai.OpenAI(
            base_url=f"{running.descriptor['project_endpoint']}/openai/v1",
            api_key=running.token(PROJECT),
            http_client=openai.DefaultHttpxClient(verify=running.trust),
            _strict_response_validation=True,
        ) as client:
            asked: dict[str, Any] = {"model": "tls/gpt-4o", "tools": [tool(document), server]}
            weather = client.responses.create(input="What is the weather in Paris?", **asked)
            museum = client.responses.create(input="When is the museum in Rome open?", **asked)
    assert '"city":"Paris"' in weather.output_text
    assert "The museum in Rome is open from" in museum.output_text
