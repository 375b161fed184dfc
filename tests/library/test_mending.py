"""The search for a mend: what is tried, in which order, what is never sent, and where it ends."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import httpx
import pytest

from gateway_workbook.checkup import Checkup, check_up, connector, mended
from gateway_workbook.connection import Connection
from gateway_workbook.discovery import Discovered, discover
from gateway_workbook.errors import UsageError
from gateway_workbook.gateway import Gateway
from gateway_workbook.mending import MOST
from gateway_workbook.profile_change import changed
from tests.library.wire import KEY, MODELS, SECRETS, Credential, Recorder, chat_answer, profile, reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway_workbook.finding import Change
    from gateway_workbook.profile import Profile

LIST = {"data": [{"id": "gpt-4o"}]}
NOT_FOUND = {"error": {"message": "Resource not found"}}
ENDPOINTS = {
    "staticModels": None,
    "listModelsEndpoint": "/models",
    "getModelEndpoint": "/models/{deploymentName}",
    "deploymentProvider": "OpenAI",
}


def look(which: Profile, respond: Callable[[httpx.Request], httpx.Response], **named: str) -> tuple[Checkup, Recorder]:
    """A look at a scripted gateway, and the requests it cost."""
    recorder = Recorder(respond)
    http = recorder.client()
    connect = connector(
        Connection.of(which, locate=str), lambda one: Gateway(one, http, secrets=SECRETS, credential=Credential())
    )
    return check_up(which, connect, **named), recorder


def serve(**wanted: Any) -> Callable[[httpx.Request], httpx.Response]:
    """A gateway with one way in: its `target`, `in_path`, `version`, `header`, and the paths it `lists` and `gets`."""
    at = {"target": "/v1", "in_path": False, "version": None, "header": ("api-key", KEY), "lists": None, "gets": None}
    at |= wanted

    def respond(request: httpx.Request) -> httpx.Response:
        name, value = at["header"]
        if request.headers.get(name) != value:
            return reply(401, {"message": "Unauthorized"})
        below = request.url.path.removeprefix(at["target"]) if request.url.path.startswith(at["target"]) else "?"
        if request.method == "GET":
            found = {at["lists"]: LIST, at["gets"]: LIST["data"][0]}.get(below)
            return reply(200, found) if found else reply(404, NOT_FOUND)
        called = "/deployments/gpt-4o/chat/completions" if at["in_path"] else "/chat/completions"
        version = parse_qs(request.url.query.decode()).get("api-version", [None])[0]
        return reply(200, chat_answer()) if (below, version) == (called, at["version"]) else reply(404, NOT_FOUND)

    return respond


AZURE: dict[str, Any] = {"deploymentInPath": True, "inferenceAPIVersion": "2024-10-21"}
MENDS: list[tuple[str, dict[str, Any], dict[str, Any], Change, int]] = [
    ("routing", {"deploymentInPath": True}, {}, {"deploymentInPath": False}, 2),
    ("api-version", {"deploymentInPath": True}, {"in_path": True, "version": "2024-10-21"}, AZURE | {}, 1),
    ("both", {}, {"in_path": True, "version": "2024-10-21"}, AZURE, 2),
    ("both, the other way", AZURE, {}, {"deploymentInPath": False, "inferenceAPIVersion": None}, 2),
    ("no api-version", {"inferenceAPIVersion": "2024-10-21"}, {}, {"inferenceAPIVersion": None}, 1),
    ("a newer one", AZURE, {"in_path": True, "version": "preview"}, {"inferenceAPIVersion": "preview"}, MOST),
    ("/v1", {"targetUrl": "https://gateway.test"}, {}, {"targetUrl": "https://gateway.test/v1"}, 1),
    ("a slash", {"targetUrl": "https://gateway.test/"}, {}, {"targetUrl": "https://gateway.test/v1"}, 1),
    ("too far", {"targetUrl": "https://gateway.test/v1/models"}, {}, {"targetUrl": "https://gateway.test/v1"}, 4),
    ("/v2", {"targetUrl": "https://gateway.test/v2"}, {}, {"targetUrl": "https://gateway.test/v1"}, 4),
    ("another segment", {"targetUrl": "https://gateway.test/llm"}, {}, {"targetUrl": "https://gateway.test/v1"}, MOST),
    (
        "/openai misspelt",
        AZURE | {"targetUrl": "https://gateway.test/openia"},
        {"target": "/openai", "in_path": True, "version": "2024-10-21"},
        {"targetUrl": "https://gateway.test/openai"},
        4,
    ),
    (
        "a list below /v2",
        ENDPOINTS | {"targetUrl": "https://gateway.test/v2"},
        {"lists": "/models", "gets": "/models/gpt-4o"},
        {"targetUrl": "https://gateway.test/v1"},
        6,
    ),
    ("chat", {"targetUrl": "https://gateway.test/v1/chat"}, {}, {"targetUrl": "https://gateway.test/v1"}, 4),
    (
        "/openai with what goes with it",
        {"targetUrl": "https://gateway.test"},
        {"target": "/openai", "in_path": True, "version": "2024-10-21"},
        AZURE | {"targetUrl": "https://gateway.test/openai"},
        12,
    ),
    (
        "/openai for /v1",
        {},
        {"target": "/openai", "in_path": True, "version": "2024-10-21"},
        AZURE | {"targetUrl": "https://gateway.test/openai"},
        12,
    ),
    (
        "header",
        {},
        {"header": ("Authorization", f"Bearer {KEY}")},
        {"authConfig": {"type": "api_key", "name": "Authorization", "format": "Bearer {api_key}"}},
        1,
    ),
    ("default header", {"authConfig": {"name": "X-Key"}}, {}, {"authConfig": None}, 1),
]


@pytest.mark.parametrize(("given", "wanted", "change", "most"), [case[1:] for case in MENDS], ids=[c[0] for c in MENDS])
def test_what_is_one_change_away_is_found(
    given: dict[str, Any], wanted: dict[str, Any], change: Change, most: int
) -> None:
    which = profile(**given)
    found, recorder = look(which, serve(**wanted))
    (finding,) = found.findings
    real = {name: value for name, value in change.items() if which.to_data().get(name) != value}
    assert finding.change == real
    assert finding.confidence == "certain"
    assert finding.mend.endswith("the same call then succeeds")
    assert found.calls <= most
    assert len(recorder.requests) == 1 + found.calls, "one look, and no request that is not counted"
    answered = [request for request in recorder.requests if respond_ok(serve(**wanted), request)]
    assert answered == recorder.requests[-1:], "it ends with the first that works"


def respond_ok(respond: Callable[[httpx.Request], httpx.Response], request: httpx.Request) -> bool:
    return respond(request).status_code == 200


DISCOVERIES: list[tuple[str, dict[str, Any], dict[str, Any], Change]] = [
    (
        "/v1 twice",
        ENDPOINTS | {"listModelsEndpoint": "v1/models", "getModelEndpoint": "v1/models/{deploymentName}"},
        {"lists": "/models", "gets": "/models/gpt-4o"},
        {"listModelsEndpoint": "/models", "getModelEndpoint": "/models/{deploymentName}"},
    ),
    (
        "other endpoints",
        ENDPOINTS | {"listModelsEndpoint": "/catalogue", "getModelEndpoint": "/catalogue/{deploymentName}"},
        {"lists": "/models", "gets": "/models/gpt-4o"},
        {"listModelsEndpoint": "/models", "getModelEndpoint": "/models/{deploymentName}"},
    ),
    (
        "get alone",
        ENDPOINTS | {"getModelEndpoint": "/model/{deploymentName}"},
        {"lists": "/models", "gets": "/models/gpt-4o"},
        {"getModelEndpoint": "/models/{deploymentName}"},
    ),
    (
        "no get at all",
        ENDPOINTS,
        {"lists": "/models"},
        {
            "staticModels": [{"name": "gpt-4o", "properties": {"model": {"name": "gpt-4o"}}}],
            "listModelsEndpoint": None,
            "getModelEndpoint": None,
            "deploymentProvider": None,
        },
    ),
    (
        "the target, with endpoints that stay where they are",
        ENDPOINTS
        | {
            "targetUrl": "https://gateway.test",
            "listModelsEndpoint": "v1/models",
            "getModelEndpoint": "v1/models/{deploymentName}",
        },
        {"lists": "/models", "gets": "/models/gpt-4o"},
        {
            "targetUrl": "https://gateway.test/v1",
            "listModelsEndpoint": "/models",
            "getModelEndpoint": "/models/{deploymentName}",
        },
    ),
]


@pytest.mark.parametrize(
    ("given", "wanted", "change"), [case[1:] for case in DISCOVERIES], ids=[case[0] for case in DISCOVERIES]
)
def test_what_keeps_models_from_being_found_is_mended(
    given: dict[str, Any], wanted: dict[str, Any], change: Change
) -> None:
    which = profile(**given)
    found, _ = look(which, serve(**wanted))
    assert found.findings[0].change == change
    assert found.findings[0].confidence == "certain"
    again, _ = look(changed(which, change), serve(**wanted))
    assert again == Checkup(answering=("gpt-4o",))


def test_a_gateway_that_breaks_for_want_of_a_key_is_given_it_where_it_looks() -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        seen = "authorization" in request.headers
        return reply(200, chat_answer()) if seen else reply(500, "Internal Server Error")

    found, recorder = look(profile(), respond)
    assert found.findings[0].code == "gateway-error"
    assert found.findings[0].change["authConfig"] == {
        "type": "api_key",
        "name": "Authorization",
        "format": "Bearer {api_key}",
    }
    assert len(recorder.requests) == 2


# Where the search ends.


def test_nothing_helps_is_said_with_the_likely_cause_and_a_bounded_number_of_calls() -> None:
    found, recorder = look(profile(), lambda _: reply(404, NOT_FOUND))
    (finding,) = found.findings
    assert finding.code == "wrong-path"
    assert finding.confidence == "likely"
    assert finding.change == {}
    assert finding.mend == (
        "check deploymentInPath, the path in targetUrl and inferenceAPIVersion; "
        f"{found.calls} others were tried and do not help"
    )
    assert len(recorder.requests) == 1 + found.calls <= 1 + MOST
    assert len(set(recorder.seen)) == len(recorder.seen), "nothing is asked twice"
    assert {request.url.host for request in recorder.requests} == {"gateway.test"}


def test_a_wrong_key_is_sent_in_four_other_headers_and_no_more() -> None:
    found, recorder = look(
        profile(), lambda _: reply(401, {"message": "Access denied due to invalid subscription key."})
    )
    assert found.findings[0].code == "wrong-key"
    assert found.findings[0].confidence == "likely"
    assert len(recorder.requests) == 5
    ways = [(name, value) for request in recorder.requests for name, value in request.headers.items() if KEY in value]
    assert len(set(ways)) == 5
    assert KEY not in found.model_dump_json()


NO_GATEWAY = "no gateway 'nosuch' in this sandbox: there are apim, openai"


def test_a_sandboxs_gateway_that_is_not_there_is_no_search() -> None:
    recorder = Recorder(lambda _: reply(404, {"error": {"message": NO_GATEWAY}}))
    which, http = profile(targetUrl="sandbox://nosuch/v1"), recorder.client()

    def locate(url: str) -> str:
        return url.replace("sandbox://", "https://sandbox.test/gateways/")

    connection = Connection.of(which, locate=locate)
    connect = connector(connection, lambda one: Gateway(one, http, secrets=SECRETS), locate=locate)
    with pytest.raises(UsageError, match=f"^{NO_GATEWAY}$"):
        check_up(which, connect)
    assert len(recorder.requests) == 1


def test_a_real_gateway_may_say_what_it_likes() -> None:
    found, _ = look(profile(), lambda _: reply(404, {"error": {"message": NO_GATEWAY}}))
    assert found.findings[0].code == "wrong-path"


def test_a_limit_ends_the_search_at_once() -> None:
    answers = iter([reply(404, NOT_FOUND), reply(404, NOT_FOUND), reply(429, "slow down")])
    found, recorder = look(profile(), lambda _: next(answers))
    assert len(recorder.requests) == 3
    assert found.findings[0].mend.endswith("and the search ended at the gateway's limit (429)")


def test_silence_ends_the_search_at_once() -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        if recorder_count.append(1) or len(recorder_count) > 1:
            raise httpx.ReadTimeout("no answer", request=request)
        return reply(404, NOT_FOUND)

    recorder_count: list[int] = []
    found, recorder = look(profile(), respond)
    assert len(recorder.requests) == 2
    assert "the search ended at no answer" in found.findings[0].mend


@pytest.mark.parametrize(
    ("status", "content"),
    [(429, "slow down"), (503, "no healthy upstream"), (400, "content_filter"), (403, "Quota exceeded")],
)
def test_what_no_setting_mends_costs_no_search(status: int, content: str) -> None:
    found, recorder = look(profile(), lambda _: reply(status, {"error": {"message": content}}))
    assert (found.calls, len(recorder.requests)) == (0, 1)
    assert not found.well


@pytest.mark.parametrize(
    ("target", "location"),
    [
        ("https://gateway.test/v1", "https://elsewhere.test/v1/chat/completions"),
        ("https://gateway.test/v1", "http://gateway.test/v1/chat/completions"),
        ("https://gateway.test/v1", "https://gateway.test:8443/v1/chat/completions"),
    ],
)
def test_the_key_never_goes_where_it_has_not_been(target: str, location: str) -> None:
    _, recorder = look(profile(targetUrl=target), lambda _: reply(307, "", headers={"location": location}))
    assert {request.url.copy_with(raw_path=b"/") for request in recorder.requests} == {
        httpx.URL("https://gateway.test/")
    }


def test_https_is_not_given_up_for_a_port_without_tls() -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        if request.url.scheme == "https":
            raise httpx.ConnectError("[SSL: WRONG_VERSION_NUMBER]", request=request) from ssl.SSLError("wrong version")
        return reply(200, chat_answer())

    found, recorder = look(profile(), respond)
    assert found.findings[0].code == "no-tls"
    assert {request.url.scheme for request in recorder.requests} == {"https"}
    assert found.findings[0].confidence == "likely"
    assert found.findings[0].change == {}, "applied, it would send the key in clear"


def test_a_redirect_to_https_on_the_same_host_is_followed_by_the_profile() -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        secure = str(request.url.copy_with(scheme="https"))
        return reply(200, chat_answer()) if request.url.scheme == "https" else reply(301, headers={"location": secure})

    found, _ = look(profile(targetUrl="http://gateway.test/v1"), respond)
    assert found.findings[0].change == {"targetUrl": "https://gateway.test/v1"}
    assert found.findings[0].confidence == "certain"


def test_two_wrong_settings_are_mended_one_after_the_other() -> None:
    respond = serve(header=("Authorization", f"Bearer {KEY}"), in_path=True, version="2024-10-21")
    which = profile()
    first, _ = look(which, respond)
    (finding,) = first.findings
    assert finding.confidence == "likely"
    assert "the gateway then takes the key and answers 404 Resource not found" in finding.mend
    which = changed(which, finding.change)
    second, _ = look(which, respond)
    assert second.findings[0].confidence == "certain"
    assert look(changed(which, second.findings[0].change), respond)[0] == Checkup(answering=("gpt-4o",))


# What counts as wrong.


def two(respond_other: httpx.Response) -> Callable[[httpx.Request], httpx.Response]:
    def respond(request: httpx.Request) -> httpx.Response:
        return reply(200, chat_answer()) if b'"gpt-4o"' in request.content else respond_other

    return respond


MINI = {"name": "mini", "properties": {"model": {"name": "mini"}}}


def test_one_deployment_of_several_that_is_gone_is_a_warning_unless_it_is_asked_for() -> None:
    which = profile(staticModels=[*MODELS, MINI])
    gone = {"error": {"code": "DeploymentNotFound", "message": "The deployment does not exist"}}
    found, _ = look(which, two(reply(404, gone)))
    assert [finding.severity for finding in found.findings] == ["warning"]
    assert found.well
    assert found.answering == ("gpt-4o",)
    asked, _ = look(which, two(reply(404, gone)), deployment="mini")
    assert not asked.well


def test_a_deployment_is_called_even_where_none_is_listed() -> None:
    which = profile(**ENDPOINTS)
    found, recorder = look(which, serve(), deployment="gpt-4o")
    assert found.answering == ("gpt-4o",)
    (finding,) = found.findings
    assert finding.code == "no-discovery"
    assert finding.change["staticModels"] == [{"name": "gpt-4o", "properties": {"model": {"name": "gpt-4o"}}}]
    assert look(changed(which, finding.change), serve())[0] == Checkup(answering=("gpt-4o",))
    assert len(recorder.requests) <= 2 + MOST


def test_the_same_cause_on_many_deployments_is_one_finding() -> None:
    which = profile(staticModels=[*MODELS, MINI], deploymentInPath=True)
    found, _ = look(which, lambda request: reply(404, {"message": f"no route for {request.url.path}"}))
    assert len(found.findings) == 1


def test_a_gateway_that_is_well_costs_the_look_alone() -> None:
    found, recorder = look(profile(), serve())
    assert (found, len(recorder.requests)) == (Checkup(answering=("gpt-4o",)), 1)


def discovered(which: Profile, respond: Callable[[httpx.Request], httpx.Response]) -> Discovered:
    """A discovery as notebook 02 makes it, with the mends that were sought for it."""
    http = Recorder(respond).client()
    connection = Connection.of(which, locate=str)
    first = discover(Gateway(connection, http, secrets=SECRETS))
    return mended(first, which, connector(connection, lambda one: Gateway(one, http, secrets=SECRETS)))


def test_models_that_share_a_cause_share_its_mend() -> None:
    which = profile(staticModels=[*MODELS, MINI], deploymentInPath=True)
    found = discovered(which, serve())
    assert [model.finding and model.finding.change for model in found.models] == [{"deploymentInPath": False}] * 2
    assert found.mendable is not None
    assert found.mendable.confidence == "certain"
    assert "write deploymentInPath: false: the same call then succeeds" in found.why
    assert "/deployments/mini/" in found.models[1].why, "each its own request"


def test_a_list_that_fails_is_mended_as_well() -> None:
    found = discovered(profile(**ENDPOINTS | {"deploymentProvider": "AzureOpenAI"}), serve(lists="/models"))
    assert found.finding is not None
    assert found.finding.change["deploymentProvider"] == "OpenAI"
    assert found.finding.confidence == "certain"


def test_a_discovery_that_went_well_is_left_as_it_is() -> None:
    found = discovered(profile(), serve())
    assert found.findings == ()
    assert found.mendable is None
