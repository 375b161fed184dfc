"""Tools files: the nine kinds on the wire, what is refused and why, documents from anywhere, secrets nowhere."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import yaml

from gateway_workbook.answer import Answer, ToolCall
from gateway_workbook.client_functions import call_function
from gateway_workbook.definition import MARK, fingerprint, same_definition
from gateway_workbook.errors import ProfileError, ServiceError, UsageError
from gateway_workbook.gateway_tools import GATEWAY_TOOLS
from gateway_workbook.openapi import fetch_spec
from gateway_workbook.tool import TOOLS, Surroundings
from gateway_workbook.tools import Tools, load_tools
from gateway_workbook.workbook import ready_names
from tests.library.wire import SECRETS, Recorder, reply

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from gateway_workbook.target import Target

SPEC: dict[str, Any] = {
    "openapi": "3.0.3",
    "info": {"title": "Orders", "version": "1"},
    "servers": [{"url": "https://orders.test/v1"}],
    "paths": {"/orders/{id}": {"get": {"operationId": "get_order", "responses": {"200": {"description": "ok"}}}}},
}
PARAMETERS: dict[str, Any] = {"type": "object", "properties": {"number": {"type": "integer", "minimum": 1}}}
FUNCTION: dict[str, Any] = {
    "type": "function",
    "name": "track",
    "description": "Track an order.",
    "parameters": PARAMETERS,
    "sample_output": {"status": "shipped"},
}
MCP: dict[str, Any] = {"type": "mcp", "name": "guide", "url": "https://mcp.test/mcp"}
OPENAPI: dict[str, Any] = {"type": "openapi", "name": "orders", "description": "Orders.", "spec": SPEC}
AROUND = Surroundings(
    locate=lambda url: url.replace("sandbox://", "http://127.0.0.1:9/"),
    spec=lambda url: SPEC | {"x-from": url},
    secret=lambda reference: SECRETS.resolve(reference).get_secret_value(),
    connection_id=lambda name: f"/accounts/a/projects/p/connections/{name}",
)


def written(folder: Path, *tools: Mapping[str, Any], **more: object) -> Tools:
    path = folder / "tools.yaml"
    data = json.loads(json.dumps({"name": "mine", "tools": list(tools)} | more))  # no two parts the same object
    path.write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
    return load_tools(path)


def wire(tools: Tools, around: Surroundings = AROUND) -> list[dict[str, Any]]:
    """The tools as the SDK sends them."""
    from azure.ai.projects.models import PromptAgentDefinition

    definition = PromptAgentDefinition(model="c/m", tools=tools.sdk(around)).as_dict()
    return [without_none(tool) for tool in definition["tools"]]


def without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_none(item) for key, item in value.items() if item is not None}
    return [without_none(item) for item in value] if isinstance(value, list) else value


def test_the_nine_of_the_article_are_the_nine_that_can_be_written() -> None:
    assert {tool.type for tool in GATEWAY_TOOLS} == set(TOOLS)
    assert len(TOOLS) == 9
    assert {tool.type for tool in load_tools("all-nine").tools} == set(TOOLS)


@pytest.mark.parametrize("name", ready_names("tools"))
def test_ready_files_load_with_prompts_to_try(name: str) -> None:
    tools = load_tools(name)
    assert tools.name == name
    assert tools.tries
    assert {entry["type"] for entry in wire(tools)} <= {name for tool in GATEWAY_TOOLS for name in tool.wire}


CONNECTED = {"project_connection_id": "/accounts/a/projects/p/connections/mine"}


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (
            {"type": "code_interpreter", "files": ["file_1"]},
            {"type": "code_interpreter", "container": {"type": "auto", "file_ids": ["file_1"]}},
        ),
        (
            FUNCTION,
            {
                "type": "function",
                "name": "track",
                "description": "Track an order.",
                "parameters": PARAMETERS,
                "strict": False,
            },
        ),
        (
            {"type": "file_search", "vector_stores": ["vs_1"], "max_results": 5},
            {"type": "file_search", "vector_store_ids": ["vs_1"], "max_num_results": 5},
        ),
        (
            OPENAPI,
            {
                "type": "openapi",
                "openapi": {"name": "orders", "description": "Orders.", "spec": SPEC, "auth": {"type": "anonymous"}},
            },
        ),
        (
            OPENAPI | {"spec": "sandbox://examples/openapi.json", "connection": "mine"},
            {
                "type": "openapi",
                "openapi": {
                    "name": "orders",
                    "description": "Orders.",
                    "spec": SPEC | {"x-from": "http://127.0.0.1:9/examples/openapi.json"},
                    "auth": {"type": "project_connection", "security_scheme": CONNECTED},
                },
            },
        ),
        (
            OPENAPI | {"audience": "https://orders.test"},
            {
                "type": "openapi",
                "openapi": {
                    "name": "orders",
                    "description": "Orders.",
                    "spec": SPEC,
                    "auth": {"type": "managed_identity", "security_scheme": {"audience": "https://orders.test"}},
                },
            },
        ),
        (
            {
                "type": "foundry_iq",
                "search_url": "https://s.search.windows.net/",
                "knowledge_base": "kb",
                "connection": "mine",
            },
            {
                "type": "mcp",
                "server_label": "foundry_iq",
                "server_url": "https://s.search.windows.net/knowledgebases/kb/mcp?api-version=2025-11-01-preview",
                "allowed_tools": ["knowledge_base_retrieve"],
                "require_approval": "never",
                **CONNECTED,
            },
        ),
        (
            {"type": "sharepoint", "connection": "mine"},
            {
                "type": "sharepoint_grounding_preview",
                "sharepoint_grounding_preview": {"project_connections": [CONNECTED]},
            },
        ),
        (
            {"type": "fabric_data_agent", "connection": "mine"},
            {"type": "fabric_dataagent_preview", "fabric_dataagent_preview": {"project_connections": [CONNECTED]}},
        ),
        (
            MCP | {"headers": {"X-Team": "blue", "Authorization": "env:TEAM_TOKEN"}, "authorization": "env:KEY"},
            {
                "type": "mcp",
                "server_label": "guide",
                "server_url": "https://mcp.test/mcp",
                "require_approval": "always",
                "headers": {"X-Team": "blue", "Authorization": "team-swordfish"},
                "authorization": "sk-swordfish-1234567890",
            },
        ),
        (
            {"type": "browser_automation", "connection": "mine"},
            {"type": "browser_automation", "browser_automation": {"connection": CONNECTED}},
        ),
    ],
    ids=lambda value: value["type"],
)
def test_each_kind_is_the_sdks_own_on_the_wire(tmp_path: Path, entry: dict[str, Any], expected: dict[str, Any]) -> None:
    assert wire(written(tmp_path, entry)) == [expected]


def test_a_secret_is_resolved_for_the_service_and_kept_as_a_reference(tmp_path: Path) -> None:
    tools = written(tmp_path, MCP | {"headers": {"Authorization": "env:TEAM_TOKEN"}, "authorization": "env:KEY"})
    kept = tools.model_dump_json() + repr(tools)
    assert "env:TEAM_TOKEN" in kept
    assert "swordfish" not in kept
    assert Tools.model_validate_json(tools.model_dump_json()) == tools


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ({"type": "web_search"}, "line 3, tools[0].type: web_search does not work with a gateway model; use Code Int"),
        ({"type": "bing_grounding"}, "SharePoint grounding (sharepoint), Fabric data agent (fabric_data_agent), MCP"),
        ({"name": "x"}, "tools[0].type: missing; write one of Code Interpreter (code_interpreter), Functions (functio"),
        ("function", "line 3, tools[0]: missing; write one of"),
        ({"type": "file_search"}, "tools[0].vector_stores: missing; write it"),
        ({"type": "file_search", "vector_stores": []}, "tools[0].vector_stores:"),
        ({"type": "file_search", "vector_stores": ["v"], "max_results": 99}, "tools[0].max_results:"),
        (FUNCTION | {"paramters": {}}, "tools[0].paramters: unknown key; did you mean parameters?"),
        (FUNCTION | {"name": "track order"}, "tools[0].name: not a tool's name; use 1 to 64 letters, digits, - and _"),
        (FUNCTION | {"parameters": {"type": "strin"}}, "tools[0].parameters: is not a JSON schema ('strin' is not"),
        (FUNCTION | {"parameters": {"type": "array"}}, "is not the schema of an object; write type: object"),
        (FUNCTION | {"sample_output": ""}, "sample_output: is empty; write what the function gives back"),
        (MCP | {"url": "mcp.test/mcp"}, "tools[0].url: not a URL; write https://host/path (sandbox://examples/…"),
        (MCP | {"url": "https://me:pw-swordfish@mcp.test/mcp"}, "tools[0].url: holds a user name or password; remove"),
        (MCP | {"url": "https://f.test/?code=swordfish"}, "holds a secret in its query (code); keep that in a project"),
        (
            MCP | {"headers": {"Authorization": "Bearer swordfish"}},
            "and write Authorization: env:MCP_AUTHORIZATION",
        ),
        (MCP | {"authorization": "swordfish"}, "variable and write authorization: env:MCP_TOKEN"),
        (MCP | {"require_approval": "sometimes"}, "not a known value; write 'always' or 'never'"),
        (OPENAPI | {"connection": "a", "audience": "b"}, "has both a connection and an audience; keep the one"),
        (OPENAPI | {"spec": {"swagger": "2.0"}}, "tools[0].spec: is no OpenAPI 3 document; write openapi: 3.0.3"),
        (OPENAPI | {"spec": {"openapi": "3.0.3"}}, "tools[0].spec: has no info.title"),
        (OPENAPI | {"spec": SPEC | {"paths": {}}}, "tools[0].spec: has no operation"),
        (OPENAPI | {"spec": SPEC | {"paths": {"/": {"get": {}}}}}, "has no usable operationId at GET /; write one"),
        (OPENAPI | {"spec": 5}, "tools[0].spec: is no OpenAPI document; write a URL"),
        (OPENAPI | {"spec": "nowhere.yaml"}, "nowhere.yaml cannot be read (No such file or directory): check the path"),
        (OPENAPI | {"spec": "ftp://host/spec"}, "tools[0].spec: not a URL"),
        ({"type": "sharepoint", "connection": "YOUR-CONNECTION"}, "placeholder YOUR-CONNECTION is not filled in"),
        ({"type": "sharepoint"}, "tools[0].connection: missing; write it"),
    ],
)
def test_a_bad_tool_is_refused_with_its_place_and_its_mend(tmp_path: Path, entry: Any, problem: str) -> None:
    with pytest.raises(ProfileError) as caught:
        written(tmp_path, entry)
    assert any(problem in found for found in caught.value.problems), caught.value.problems
    assert "swordfish" not in str(caught.value)


def test_all_problems_come_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    with pytest.raises(ProfileError) as caught:
        written(tmp_path, {"type": "web_search"}, MCP | {"url": "x"}, FUNCTION, nonsense=1)
    assert [found.partition(":")[0] for found in caught.value.problems] == [
        "line 3, tools[0].type",
        "line 6, tools[1].url",
        f"line {len((tmp_path / 'tools.yaml').read_text().splitlines())}, nonsense",
    ]


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        (
            {"try": [{"prompt": "x", "calls": ["nobody"]}]},
            "tries 'nobody' in prompt 1, which is no tool here; write tr",
        ),
        ({"try": [{"prompt": "x", "calls": []}]}, "try[0].calls:"),
        ({"try": [{"calls": ["track"]}]}, "try[0].prompt: missing; write it"),
        ({"name": ""}, "name:"),
    ],
)
def test_a_bad_prompt_to_try_is_refused(tmp_path: Path, more: dict[str, object], problem: str) -> None:
    with pytest.raises(ProfileError) as caught:
        written(tmp_path, FUNCTION, **more)
    assert any(problem in found for found in caught.value.problems), caught.value.problems


def test_two_tools_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match=r"has two tools of the same name \(track\); rename one"):
        written(tmp_path, FUNCTION, FUNCTION)


@pytest.mark.parametrize("text", ["", "text", "[]", "name: s", "{name: s, tools: x}", "{name: s, tools: []}"])
def test_what_is_no_tools_file_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "tools.yaml"
    path.write_text(text)
    with pytest.raises(ProfileError, match="tools: "):
        load_tools(path)


def test_an_unknown_file_names_those_there_are() -> None:
    with pytest.raises(
        UsageError, match=r"no tools file 'nope' .*: give a file, or one of all-nine, function, mcp, op"
    ):
        load_tools("nope")
    assert load_tools("") == Tools()


def test_a_document_may_stand_in_a_file_beside_and_keeps_its_types(tmp_path: Path) -> None:
    limited = SPEC | {"x-limit": 5, "x-open": True}
    (tmp_path / "orders.yaml").write_text(yaml.safe_dump(limited), encoding="utf-8")
    (tmp_path / "orders.json").write_text(json.dumps(limited), encoding="utf-8")
    for name in ("orders.yaml", "orders.json"):
        assert wire(written(tmp_path, OPENAPI | {"spec": name}))[0]["openapi"]["spec"] == limited


# A document at a URL


def test_a_document_is_fetched_without_any_key_and_its_servers_made_absolute() -> None:
    relative = SPEC | {"servers": [{"url": "../v1"}, {"url": "https://elsewhere.test"}]}
    recorder = Recorder(lambda _: reply(200, yaml.safe_dump(relative)))
    with recorder.client() as http:
        spec = fetch_spec("https://orders.test/docs/openapi.yaml", http=http)
    assert [server["url"] for server in spec["servers"]] == ["https://orders.test/v1", "https://elsewhere.test"]
    assert recorder.seen == ["GET https://orders.test/docs/openapi.yaml"]
    assert not {"authorization", "api-key", "cookie"} & set(recorder.requests[0].headers)
    without = {key: value for key, value in SPEC.items() if key != "servers"}
    with Recorder(lambda _: reply(200, without)).client() as http:
        assert fetch_spec("https://orders.test/a/b", http=http)["servers"] == [{"url": "https://orders.test/"}]


@pytest.mark.parametrize(
    ("status", "content", "told"),
    [
        (404, "nothing", "GET https://orders.test/spec answered 404: check the tools file's spec"),
        (200, "<html><body>Sign in: here</body></html>", "is a page; a login page or a portal may stand"),
        (200, "{nonsense", "the document at https://orders.test/spec is neither JSON nor YAML; check the URL"),
        (200, "Sign in", "the document at https://orders.test/spec is no OpenAPI document"),
        (200, '{"swagger": "2.0"}', "the document at https://orders.test/spec is no OpenAPI 3 document"),
        (200, "x" * 1_000_001, "is larger than 1,000,000 bytes"),
    ],
)
def test_a_document_that_is_none_is_told(status: int, content: str, told: str) -> None:
    with Recorder(lambda _: reply(status, content)).client() as http, pytest.raises(ServiceError) as caught:
        fetch_spec("https://orders.test/spec", http=http)
    assert told in str(caught.value)


def test_a_document_that_cannot_be_reached_is_told() -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    with (
        Recorder(respond).client() as http,
        pytest.raises(ServiceError, match=r"got no answer \(ConnectError\): check"),
    ):
        fetch_spec("https://orders.test/spec", http=http)


def test_the_sandboxs_examples_are_found_on_the_sandbox_and_nowhere_else(sandbox: Target, azure: Target) -> None:
    (found,) = (tool.spec for tool in load_tools("openapi").tools if hasattr(tool, "spec"))
    assert sandbox.descriptor is not None
    assert sandbox.locate(found) == f"{sandbox.descriptor.url}/examples/openapi.json"
    with httpx.Client() as http:
        assert fetch_spec(sandbox.locate(found), http=http)["servers"][0]["url"].startswith(sandbox.descriptor.url)
    with pytest.raises(UsageError, match="exists in the sandbox only: write your service's own https:// URL"):
        azure.locate(found)


# The same definition, and another


def definition(folder: Path, *tools: Mapping[str, Any]) -> dict[str, Any]:
    return {"kind": "prompt", "model": "c/m", "instructions": "i", "tools": written(folder, *tools).sdk(AROUND)}


def stored(wanted: Mapping[str, Any], *, marked: bool = True) -> dict[str, Any]:
    """A version as the service might give it back: with fields of its own."""
    from azure.ai.projects.models import PromptAgentDefinition

    found = json.loads(json.dumps(PromptAgentDefinition(dict(wanted)).as_dict()))
    for tool in found["tools"]:
        tool |= {"id": "t1", "allowed_callers": None, "extra": {"a": 1}}
    mark = {MARK: fingerprint(wanted)} if marked else {}
    return {"metadata": mark, "definition": found | {"temperature": 1.0, "rai_config": {}}}


@pytest.mark.parametrize("marked", [True, False])
def test_what_the_service_adds_makes_no_other_definition(tmp_path: Path, marked: bool) -> None:  # noqa: FBT001
    wanted = definition(tmp_path, FUNCTION, OPENAPI, MCP | {"allowed_tools": ["a"]})
    assert same_definition(wanted, stored(wanted, marked=marked))


def test_any_change_of_a_tool_makes_another_definition(tmp_path: Path) -> None:
    before = definition(tmp_path, FUNCTION, MCP | {"allowed_tools": ["a"]})
    version = stored(before)
    narrower = {"type": "object", "properties": {}}
    for changed in (
        (FUNCTION, MCP),  # a field taken out, which what the service gives back cannot show
        (FUNCTION | {"parameters": narrower}, MCP | {"allowed_tools": ["a"]}),
        (FUNCTION | {"strict": True}, MCP | {"allowed_tools": ["a"]}),
        (MCP | {"allowed_tools": ["a"]}, FUNCTION),
        (FUNCTION,),
    ):
        assert not same_definition(definition(tmp_path, *changed), version), changed
    assert not same_definition({key: before[key] for key in before if key != "tools"}, version)
    assert same_definition(definition(tmp_path, FUNCTION, MCP | {"allowed_tools": ["a"]}), version)


def test_a_definition_without_a_mark_is_compared_by_what_it_holds(tmp_path: Path) -> None:
    version = stored(definition(tmp_path, FUNCTION, OPENAPI), marked=False)
    assert same_definition(definition(tmp_path, FUNCTION, OPENAPI), version)
    assert not same_definition(definition(tmp_path, FUNCTION), version)
    assert not same_definition(definition(tmp_path, FUNCTION, OPENAPI | {"description": "Others."}), version)


def test_a_secrets_value_is_no_part_of_the_mark(tmp_path: Path) -> None:
    tool = {"type": "mcp", "server_label": "x", "headers": {"Authorization": "one"}, "authorization": "two"}
    other = tool | {"headers": {"Authorization": "three"}, "authorization": "four"}
    assert fingerprint({"model": "c/m", "tools": [tool]}) == fingerprint({"model": "c/m", "tools": [other]})
    renamed = tool | {"headers": {"X-Key": "one"}}
    assert fingerprint({"model": "c/m", "tools": [tool]}) != fingerprint({"model": "c/m", "tools": [renamed]})
    assert fingerprint({"model": "c/m"}) == fingerprint({"model": "c/m", "kind": "prompt", "tools": []})
    assert "tmp" not in fingerprint(definition(tmp_path, FUNCTION))


# The client's side


def fails(**_: object) -> object:
    raise RuntimeError("the warehouse is closed")


@pytest.mark.parametrize(
    ("name", "arguments", "output", "problem"),
    [
        ("track", '{"number": 7}', '{"status": "shipped"}', None),
        ("track", "", '{"status": "shipped"}', None),
        ("upper", '{"text": "grüße"}', "GRÜSSE", None),
        ("trak", "{}", None, "no function 'trak' here: there is fails, many, track, upper"),
        ("track", "{nonsense", None, "the arguments of track are not JSON: call it with an object"),
        ("track", "[" * 100_000, None, "the arguments of track are not JSON: call it with an object"),
        ("track", "[7]", None, "the arguments of track are no object: call it with one"),
        ("track", '{"number": 0}', None, "ValueError: the arguments do not fit the parameters: 0 is less than"),
        ("upper", '{"words": "x"}', None, "upper does not take these arguments: missing a required argument: 'text'"),
        ("fails", "{}", None, "RuntimeError: the warehouse is closed"),
        ("many", "{}", None, "TypeError: Object of type set is not JSON serializable"),
    ],
)
def test_a_call_of_a_function_ends_in_its_answer_or_a_sentence(
    tmp_path: Path, name: str, arguments: str, output: str | None, problem: str | None
) -> None:
    functions = written(tmp_path, FUNCTION).functions() | {
        "upper": lambda text: text.upper(),
        "fails": fails,
        "many": lambda: {1, 2},
    }
    told, found = call_function(functions, name=name, arguments=arguments)
    if problem is None:
        assert (told, found) == (output, None)
    else:
        assert str(found).startswith(problem)
        assert json.loads(told) == {"error": found}


def test_a_prompt_that_calls_no_tool_is_a_problem(tmp_path: Path) -> None:
    tools = written(
        tmp_path,
        FUNCTION,
        MCP,
        OPENAPI,
        **{"try": [{"prompt": "Where?", "calls": ["track", "guide"]}, {"prompt": "What?", "calls": ["orders"]}]},
    )
    tracked = ToolCall(name="track", type="function_call")
    guided = ToolCall(name="museum", type="mcp_call", server="guide")
    ordered = ToolCall(name="orders_get_order", type="openapi_call")
    assert tools.problems([Answer(text="x", calls=(tracked, guided)), Answer(text="y", calls=(ordered,))]) == []
    elsewhere = guided.model_copy(update={"server": "another"})
    other = tracked.model_copy(update={"name": "other", "problem": "no such order"})
    assert tools.problems([Answer(text="x", calls=(other, elsewhere)), Answer(problem="500 down")]) == [
        "'Where?': track was not called",
        "'Where?': guide was not called",
        "'Where?': other failed (no such order)",
        "'What?': 500 down",
    ]
    assert tools.problems([Answer(text=" ", calls=(tracked, guided)), Answer(text="y")]) == [
        "'Where?': the answer is empty",
        "'What?': orders was not called",
    ]
