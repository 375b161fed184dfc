"""What is listed, what can be got, what answers: in both shapes, and when the gateway says something else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from gateway_workbook.discovery import Discovered, discover
from gateway_workbook.errors import UsageError
from tests.library.wire import MODELS, chat_answer, connection, dynamic, gateway, reply

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx


def azure_model(name: str) -> dict[str, Any]:
    """As Azure lists it, with more than the contract."""
    details = {"name": f"model of {name}", "version": "1", "format": "OpenAI", "capabilities": {"chat": True}}
    return {"name": name, "id": f"/x/{name}", "properties": {"model": details, "sku": None}}


def catalogue(
    *names: str, form: str = "AzureOpenAI", broken: tuple[str, ...] = (), hidden: tuple[str, ...] = ()
) -> Callable[[httpx.Request], httpx.Response]:
    """A gateway that lists `names`; `broken` do not answer a prompt, `hidden` cannot be got."""
    entry = azure_model if form == "AzureOpenAI" else lambda name: {"id": name, "object": "model", "created": 1}
    key = "value" if form == "AzureOpenAI" else "data"

    def respond(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            retired = json.loads(request.content).get("model") in broken
            return reply(404, {"error": {"message": "retired"}}) if retired else reply(200, chat_answer())
        if request.url.path.endswith(("/models", "/deployments")):
            return reply(200, {key: [entry(name) for name in names]})
        name = request.url.path.rpartition("/")[2]
        return reply(404, "not exposed") if name in hidden else reply(200, entry(name))

    return respond


def found(form: str, respond: Callable[[httpx.Request], httpx.Response], **options: Any) -> Discovered:
    return discover(gateway(dynamic(form), respond)[0], **options)


def test_azure_form_is_read_whole() -> None:
    result = found("AzureOpenAI", catalogue("gpt-4o", "mini", broken=("mini",)))
    assert (result.source, result.provider, result.problem) == ("dynamic", "AzureOpenAI", None)
    first, second = result.models
    assert (first.deployment, first.model, first.version, first.format) == ("gpt-4o", "model of gpt-4o", "1", "OpenAI")
    assert (first.listed, first.gettable, first.callable, first.why) == ("yes", "yes", "yes", "")
    assert (second.listed, second.gettable, second.callable) == ("yes", "yes", "no")
    assert second.why == (
        "POST https://gateway.test/v1/chat/completions: 404 retired "
        "(the gateway has no such path): check deploymentInPath, the path in targetUrl and inferenceAPIVersion"
    )
    assert result.callable == ["gpt-4o"]


def test_openai_form_names_deployment_and_model_alike() -> None:
    result = found("OpenAI", catalogue("meta/llama-3", form="OpenAI"))
    model = result.models[0]
    assert (model.deployment, model.model, model.version, model.callable) == ("meta/llama-3", "meta/llama-3", "", "yes")


def test_a_model_that_is_listed_but_cannot_be_got_says_why() -> None:
    result = found("AzureOpenAI", catalogue("gpt-4o", hidden=("gpt-4o",)))
    model = result.models[0]
    assert (model.gettable, model.callable) == ("no", "yes")
    assert model.why.startswith("GET https://gateway.test/v1/models/gpt-4o: 404 not exposed (the gateway lists")
    assert model.finding is not None
    assert (model.finding.code, model.finding.field) == ("not-gettable", "getModelEndpoint")


def test_apim_without_settings_is_asked_at_its_defaults() -> None:
    client, recorder = gateway(connection(category="ApiManagement", staticModels=None), catalogue("gpt-4o"))
    assert discover(client).callable == ["gpt-4o"]
    assert recorder.seen[:2] == [
        "GET https://gateway.test/v1/deployments",
        "GET https://gateway.test/v1/deployments/gpt-4o",
    ]


def test_whole_urls_are_called_as_they_are_and_their_own_version_counts() -> None:
    """As the public samples have it: models of an Azure resource, beside its /openai/v1."""
    below = "https://gateway.test/openai/deployments"
    endpoints = {
        "listModelsEndpoint": f"{below}?api-version=2022-12-01",
        "getModelEndpoint": f"{below}/{{deploymentName}}",
        "deploymentAPIVersion": "2025-03-01",
    }
    client, recorder = gateway(dynamic("AzureOpenAI", **endpoints), catalogue("gpt-4o"))
    assert discover(client).callable == ["gpt-4o"]
    assert recorder.seen == [
        f"GET {below}?api-version=2022-12-01",
        f"GET {below}/gpt-4o?api-version=2025-03-01",
        "POST https://gateway.test/v1/chat/completions",
    ]


def test_a_static_list_makes_no_discovery_request() -> None:
    client, recorder = gateway(connection(), catalogue())
    result = discover(client)
    assert result.source == "static"
    assert [(model.deployment, model.gettable, model.callable) for model in result.models] == [
        ("gpt-4o", "not asked", "yes")
    ]
    assert recorder.seen == ["POST https://gateway.test/v1/chat/completions"]


@pytest.mark.parametrize(
    ("provider", "status", "content", "problem"),
    [
        (
            "OpenAI",
            200,
            {"value": []},
            "the list has the other provider's form): write deploymentProvider: AzureOpenAI",
        ),
        ("AzureOpenAI", 200, {"data": []}, "the list has the other provider's form): write deploymentProvider: OpenAI"),
        (
            "OpenAI",
            200,
            {"models": []},
            "(that is not a list of models in OpenAI form): check the path in targetUrl and listModelsEndpoint",
        ),
        (
            "OpenAI",
            200,
            [],
            "(that is not a list of models in OpenAI form): check the path in targetUrl and listModelsEndpoint",
        ),
        ("OpenAI", 200, "<html>Sign in</html>", "200 <html>Sign in</html> (a page for people answers: a portal or"),
        ("OpenAI", 200, {"data": []}, "(the gateway lists no model)"),
        ("OpenAI", 200, {"data": "abc"}, "that is not a list of models in OpenAI form"),
        ("OpenAI", 200, {"data": None}, "that is not a list of models in OpenAI form"),
        ("OpenAI", 200, {"data": [{"name": "x"}]}, "that is not a list of models in OpenAI form"),
        (
            "AzureOpenAI",
            200,
            {"value": [{"name": "x", "properties": {"model": "x"}}]},
            "that is not a list of models in AzureOpenAI form",
        ),
        ("AzureOpenAI", 200, {"value": [{"name": "", "properties": {"model": {"name": "x"}}}]}, "in AzureOpenAI form"),
        (
            "OpenAI",
            401,
            {"error": {"message": "wrong key"}},
            "401 wrong key (the gateway does not take the credential): check the secret at env:KEY",
        ),
        (
            "OpenAI",
            404,
            "nothing here",
            "404 nothing here (the gateway has no such path for discovery): check the path in targetUrl and listModels",
        ),
    ],
)
def test_a_list_that_cannot_be_read_is_a_problem_with_its_mend(
    provider: str, status: int, content: Any, problem: str
) -> None:
    result = found(provider, lambda _: reply(status, content))
    assert problem in str(result.problem)
    assert result.models == ()
    assert result.callable == []


def test_the_listing_is_kept_without_its_text() -> None:
    result = found("OpenAI", catalogue("gpt-4o", form="OpenAI"))
    assert result.listing is not None
    assert (result.listing.status, result.listing.text) == (200, "")
    assert Discovered.model_validate_json(result.model_dump_json()) == result


def test_200_with_a_login_page_is_not_callable() -> None:
    page = "<html>Sign in</html>"
    client, _ = gateway(connection(), lambda _: reply(200, page))
    model = discover(client).models[0]
    assert model.callable == "no"
    assert "a portal or a login page stands before the gateway" in model.why


def test_only_those_named_are_tested() -> None:
    client, recorder = gateway(dynamic("AzureOpenAI"), catalogue("a", "b", "c"))
    result = discover(client, only=["b"])
    assert [model.callable for model in result.models] == ["not asked", "yes", "not asked"]
    assert sum(request.method == "POST" for request in recorder.requests) == 1


def test_at_most_so_many_are_tested() -> None:
    client, recorder = gateway(dynamic("AzureOpenAI"), catalogue(*"abcdef"))
    result = discover(client, most=2)
    assert [model.callable for model in result.models] == ["yes", "yes"] + ["not asked"] * 4
    assert sum(request.method == "POST" for request in recorder.requests) == 2


def test_an_unknown_deployment_names_those_that_are_listed() -> None:
    with pytest.raises(UsageError, match="no deployment gpt-5 on contoso: it lists a, b"):
        found("AzureOpenAI", catalogue("a", "b"), only=["gpt-5", "a"])


def test_when_the_list_fails_that_is_the_problem_and_not_the_name() -> None:
    result = found("OpenAI", lambda _: reply(503, "down"), only=["gpt-4o"])
    assert "/models: 503 down (the gateway is well, the model service behind it is not)" in str(result.problem)


def test_the_order_is_the_gateways_though_calls_are_parallel() -> None:
    names = [f"m{number}" for number in range(12)]
    assert found("AzureOpenAI", catalogue(*names), parallel=6).callable == names


def test_choosing_takes_the_name_or_the_first_that_answers() -> None:
    result = found("AzureOpenAI", catalogue("a", "b", "c", broken=("a",)))
    assert result.choose() == "b"
    assert result.choose("c") == "c"
    for name in ("a", "gpt-5"):
        with pytest.raises(UsageError, match=f"no callable deployment '{name}': those that answer are b, c"):
            result.choose(name)
    with pytest.raises(UsageError, match="those that answer are none"):
        Discovered(source="static").choose()


def test_the_models_of_the_profile_are_those_called() -> None:
    slashed = [MODELS[0] | {"name": "meta/llama-3"}]
    client, recorder = gateway(connection(staticModels=slashed, deploymentInPath=True), catalogue())
    assert discover(client).callable == ["meta/llama-3"]
    assert recorder.requests[0].url.raw_path == b"/v1/deployments/meta%2Fllama-3/chat/completions"
