"""Values that show themselves: what a reader sees of each, in HTML and in text, and no secret in either."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import yaml

from gateway_workbook.connection import Connection
from gateway_workbook.discovery import Discovered
from gateway_workbook.document import Document
from gateway_workbook.profile import AuthConfig, Profile, load_profile
from gateway_workbook.readiness import DeploymentReadiness, Outcome, Readiness
from gateway_workbook.route_proof import RouteProof
from gateway_workbook.run import AgentRecord, ConnectionRecord, Validation
from gateway_workbook.secrets import SecretReference
from gateway_workbook.suite import load_suite
from gateway_workbook.target import Target
from gateway_workbook.tools import Tools, load_tools
from gateway_workbook.triage import Triage
from gateway_workbook.views import view_of

from .conftest import AGENT, CONNECTION, HOSTILE, MODELS, PROJECT, RESOURCES, both_routes, verdict
from .page import Page, tree
from .test_frames import called

if TYPE_CHECKING:
    from .conftest import Folder

TARGET = Target(kind="azure", arm="https://arm.test", project_resource_id=PROJECT, project_endpoint="https://p.test")
READY = Readiness(
    connection="contoso",
    deployments=(
        DeploymentReadiness(
            deployment="gpt-4o",
            outcomes=(Outcome(check="streaming", answer="refused", found="it came at once", curl="curl it"),),
            requests=3,
            seconds=1,
        ),
    ),
)
VALUES = {
    "profile": load_profile("apim-defaults"),
    "connection": CONNECTION,
    "connection record": ConnectionRecord(connection=CONNECTION, outcome="created", resources=RESOURCES),
    "finding": called(),
    "discovered": MODELS,
    "readiness": READY,
    "agent": AGENT,
    "validation": Validation(suite="smoke", verdicts=tuple(both_routes())),
    "verdict": verdict("capital", "agent"),
    "target": TARGET,
    "suite": load_suite("smoke"),
    "tools": load_tools("function"),
    "triage": Triage(party="gateway", why="it is down", mend="start it", gateway=called()),
    "proof": RouteProof(by="control", holds=True, why="the agent fails"),
}


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_every_value_has_the_same_to_say_in_html_and_in_text(value: object) -> None:
    bundle = view_of(value).bundle()
    assert set(bundle) == {"text/plain", "text/html"}
    page = Page(bundle["text/html"])
    assert page.unbalanced == []
    tree(bundle["text/html"])
    printed = "".join(bundle["text/plain"].split())
    read = "".join(page.text.split())
    assert len(read) > 40
    # A terminal breaks lines within its columns, so that words are compared, not their order.
    missing = [word for word in page.text.split() if len(word) < 8 and word not in bundle["text/plain"]]
    assert missing == []
    assert "0x" not in printed
    assert "<" not in printed.replace("<env:", "").replace("<b>", "").replace("</script>", "")


def test_a_profile_is_read_in_one_line_above_its_yaml() -> None:
    profile = load_profile("apim-defaults")
    text = view_of(profile).text()
    first, _, rest = text.partition("\n\n")
    assert first == (
        "ApiManagement 'sandbox-apim' at sandbox://apim/openai, key from env:SANDBOX_API_KEY, deployment in the path, "
        "models listed by API Management"
    )
    assert Profile.parse(Document("p", yaml.safe_load(rest.partition("\n")[2]))) == profile


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("modelgateway-openai", "deployment in the body, models listed by GET /models"),
        ("modelgateway-static", "models listed in the profile"),
        ("apim-identity", "token of the project's identity for https://cognitiveservices.azure.com"),
        ("modelgateway-oauth2", "its secret from env:SANDBOX_CLIENT_SECRET"),
    ],
)
def test_a_profile_s_line_names_the_deployment_s_place_the_list_and_the_credential(name: str, told: str) -> None:
    assert told in view_of(load_profile(name)).text().splitlines()[0]


def test_a_connection_folds_its_arm_resource_with_references_in_the_secrets_places() -> None:
    html = view_of(CONNECTION).html()
    root = tree(html)
    (fold,) = root.iterfind(".//details")
    assert fold.get("open") is None
    body = json.loads("".join(fold.find("pre").itertext()))  # type: ignore[union-attr]
    assert body["properties"]["credentials"] == {"key": "<env:SANDBOX_API_KEY>"}
    assert json.loads(body["properties"]["metadata"]["customHeaders"])["X-Team-Token"] == "<env:TEAM_TOKEN>"


def test_what_may_be_a_secret_in_the_wrong_place_is_shown_nowhere() -> None:
    connection = Connection(
        name="contoso",
        category="ModelGateway",
        target="https://gateway.test/v1?sig=swordfish1",
        auth_type="ApiKey",
        api_key=SecretReference("env", "KEY"),
        token_url="https://login.test/token?code=swordfish2",
        auth_config=AuthConfig(name="Authorization", format="Bearer swordfish3"),
        custom_headers={"X-Api-Key": "swordfish4", "X-Team": "docs"},
    )
    for value in (connection, ConnectionRecord(connection=connection, outcome="created")):
        shown = view_of(value).html() + view_of(value).text()
        assert "swordfish" not in shown
        assert "env:KEY" in shown
        assert "docs" in shown


def test_a_target_shows_no_secret_of_its_sandbox() -> None:
    descriptor = {
        "version": "1",
        "pid": 1,
        "url": "http://127.0.0.1:1",
        "portal": "http://127.0.0.1:1/portal",
        "arm": "http://127.0.0.1:1",
        "project_resource_id": PROJECT,
        "project_endpoint": "http://127.0.0.1:1/p",
        "apim_resource_id": "/a",
        "environment": {"SANDBOX_API_KEY": "swordfish"},
    }
    target = Target.model_validate(TARGET.model_dump() | {"kind": "sandbox", "descriptor": descriptor})
    shown = view_of(target).html() + view_of(target).text()
    assert "swordfish" not in shown
    assert "http://127.0.0.1:1/portal" in shown


def test_a_discovery_says_first_how_many_deployments_answer() -> None:
    assert view_of(MODELS).sentences == ("2 of 4 deployments answer (1 not asked): gpt-4o, gpt-4o-mini",)
    nothing = Discovered(source="dynamic", finding=called())
    assert view_of(nothing).text().startswith("No deployment is listed: POST https://gateway.test/chat/completions")
    one = MODELS.model_copy(update={"models": MODELS.models[3:]})
    assert view_of(one).sentences == ("0 of 1 deployment answer",)


def test_a_readiness_shows_its_grid_what_follows_what_to_ask_and_the_lines_that_show_it() -> None:
    root = tree(view_of(READY).html())
    assert [one.text for one in root.iterfind(".//caption")] == [
        "What an agent needs",
        "What follows for each deployment",
        "What to ask of the gateway's team",
    ]
    assert [one.text for one in root.iterfind(".//details/summary")] == ["gpt-4o, streaming"]
    assert view_of(Readiness(connection="contoso", deployments=())).text() == "No deployment was examined"


def test_an_agent_s_model_is_split_at_the_first_slash() -> None:
    agent = AgentRecord(name="a", version="1", model="contoso/meta/llama-3", outcome="created")
    assert view_of(agent).sentences == ("Agent a asks connection contoso, and its gateway is sent meta/llama-3",)


def test_a_validation_counts_and_shows_whose_fault_it_is() -> None:
    failed = verdict("a", "agent", judgement="failed", failures=("no",))
    record = Validation(
        suite="smoke",
        verdicts=(verdict("a", "gateway"), failed),
        triage=Triage(party="Foundry", why="it does", mend="wait"),
        proofs=(RouteProof(by="log", holds=None, why="no log"),),
    )
    shown = view_of(record)
    assert shown.sentences == ("1 of 2 verdicts of the suite smoke passed",)
    captions = [one.text for one in tree(shown.html()).iterfind(".//caption")]
    assert captions == ["Verdicts", "Whose fault it is", "Whether the agent's calls go through the gateway"]


def test_no_tools_are_said_in_words() -> None:
    assert view_of(Tools()).text() == "No tools: the agent answers from its model alone"


def test_a_finding_s_lines_that_repeat_it_are_folded() -> None:
    root = tree(view_of(called()).html())
    assert [one.text for one in root.iterfind(".//details/summary")] == ["repeat wrong-path"]
    assert "repeat wrong-path:\nprintf" in view_of(called()).text()


def test_hostile_text_in_every_record_stays_text(hostile: Folder) -> None:
    records = [hostile.run.read(kind) for kind in (ConnectionRecord, Discovered, AgentRecord, Validation)]
    triage = Triage(party="gateway", why=HOSTILE, mend=HOSTILE, agent=called(found=HOSTILE, curl=HOSTILE))
    for value in (*records, triage, RouteProof(by="log", holds=None, why=HOSTILE)):
        view = view_of(value)
        page = Page(view.html())
        assert page.unbalanced == []
        assert not {"script", "svg", "b", "i"} & set(page.tags)
        assert "\x1b" not in view.text()
        assert "\u202e" not in view.text() + view.html()
