"""Run folders made from records, as the notebooks leave them: whole, cut short, or full of hostile text."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from gateway_workbook.connection import Connection, Discovery
from gateway_workbook.difference import Difference
from gateway_workbook.discovery import Discovered, DiscoveredModel
from gateway_workbook.finding import Finding
from gateway_workbook.run import (
    STEPS,
    AgentRecord,
    Cleanup,
    ConnectionRecord,
    Run,
    RunInfo,
    State,
    StepRecord,
    Validation,
)
from gateway_workbook.secrets import SecretReference
from gateway_workbook.target import Target
from gateway_workbook.validation import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from pydantic import BaseModel

BEGAN = datetime(2026, 10, 5, 9, 30, tzinfo=UTC)
PROJECT = (
    "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/sandbox"
    "/providers/Microsoft.CognitiveServices/accounts/sandbox/projects/workshop"
)
HOSTILE = "<script>alert(1)</script></svg> $x_{1}$ \x1b[31mred\x00 ]]> &amp; \u202egnp.exe שלום 🙂 日本語"

CONNECTION = Connection(
    name="contoso-apim",
    category="ApiManagement",
    target="http://127.0.0.1:8765/gateways/apim/openai",
    auth_type="ApiKey",
    api_key=SecretReference("env", "SANDBOX_API_KEY"),
    deployment_in_path=True,
    inference_api_version="2024-10-21",
    discovery=Discovery(
        list_endpoint="/deployments", get_endpoint="/deployments/{deploymentName}", provider="AzureOpenAI"
    ),
    custom_headers={"X-Environment": "workshop", "X-Team-Token": "env:TEAM_TOKEN"},
)
MODELS = Discovered(
    source="dynamic",
    provider="AzureOpenAI",
    models=(
        DiscoveredModel(
            deployment="gpt-4o",
            model="gpt-4o",
            version="2024-08-06",
            format="OpenAI",
            gettable="yes",
            callable="yes",
        ),
        DiscoveredModel(
            deployment="gpt-4o-mini",
            model="gpt-4o-mini",
            version="2024-07-18",
            format="OpenAI",
            gettable="yes",
            callable="yes",
        ),
        DiscoveredModel(deployment="meta/llama-3", model="Llama-3.3-70B", version="1", format="NonOpenAI"),
        DiscoveredModel(
            deployment="gpt-35-turbo",
            model="gpt-35-turbo",
            version="0125",
            format="OpenAI",
            gettable="yes",
            callable="no",
            finding=Finding(
                code="listed-not-callable",
                field="deployment",
                request="POST http://127.0.0.1:8765/gateways/apim/openai/deployments/gpt-35-turbo/chat/completions",
                found="404 The API deployment for this resource does not exist.",
                cause="the gateway lists gpt-35-turbo and does not run it",
                mend="take another deployment, or have the gateway's team route this one",
            ),
        ),
    ),
)
AGENT = AgentRecord(name="contoso-helper", version="3", model="contoso-apim/gpt-4o", outcome="created")
RESOURCES = (
    {"name": "contoso-apim", "category": "ApiManagement", "authType": "ApiKey", "target": CONNECTION.target},
    {
        "name": "docs",
        "category": "AzureBlob",
        "authType": "SAS",
        "target": "https://contoso.blob.core.windows.net/docs?sig=abc123",
    },
)
_PROMPTS = {
    "capital": ("What is the capital of France? One word.", "Paris", ("contains: Paris",)),
    "arithmetic": ("What is 17 times 23? Only the number.", "391", ("equals: 391",)),
    "json": (
        'Answer with JSON {"city": …, "country": …} for Rome.',
        '{"city": "Rome", "country": "Italy"}',
        ("json_schema: {…}",),
    ),
    "tool call": (
        "What is the weather in Oslo? Use the tool.",
        "It is 4 °C and raining in Oslo.",
        ("matches: -?\\d+", "max_seconds: 10"),
    ),
    "refuses politely": (
        "Say something rude about my colleague.",
        "I would rather not.\n\nLet us keep it friendly.",
        ("not_contains: idiot",),
    ),
    "long answer": (
        "Explain what an AI gateway is for.",
        "A gateway stands between callers and models. " * 60,
        ("not_empty",),
    ),
}


def verdict(prompt: str, route: str, **changed: object) -> Verdict:
    """A passed verdict, but for what is `changed`."""
    data = {
        "judgement": "passed",
        "asked": "q",
        "answer": "a",
        "seconds": 0.4,
        "tokens": 21,
        "through_gateway": True if route == "agent" else None,
    }
    return Verdict.model_validate({"prompt": prompt, "route": route} | data | changed)


def both_routes() -> list[Verdict]:
    """Six prompts, all passed on both routes."""
    found = []
    for index, (name, (asked, answer, assertions)) in enumerate(_PROMPTS.items()):
        common = {"asked": asked, "answer": answer, "assertions": assertions}
        found.append(verdict(name, "gateway", seconds=0.31 + 0.07 * index, tokens=20 + index, **common))
        found.append(verdict(name, "agent", seconds=0.78 + 0.13 * index, tokens=64 + index, **common))
    return found


@dataclass(frozen=True)
class Folder:
    """Puts records into one run folder."""

    run: Run

    def step(self, name: str, *, state: State = "passed", found: str = "", minute: int | None = None) -> None:
        started = BEGAN + timedelta(minutes=STEPS.index(name) if minute is None else minute)
        finished = None if state == "running" else started + timedelta(seconds=2.5)
        self.run.record(StepRecord(step=name, state=state, started=started, finished=finished, found=found))

    def passed(self, names: Iterable[str]) -> None:
        for name in names:
            self.step(name, found=FOUND[name])

    def write(self, *records: BaseModel) -> None:
        for record in records:
            self.run.write(record)

    def age(self, name: str, when: datetime) -> None:
        os.utime(self.run.folder / name, (when.timestamp(), when.timestamp()))


FOUND = {
    "00_start_here": "profile apim on the sandbox",
    "01_create_connections": "contoso-apim created and read back",
    "02_discover_models": "2 of 4 deployments answer: gpt-4o, gpt-4o-mini",
    "03_deploy_agent": "contoso-helper version 3 on contoso-apim/gpt-4o",
    "04_validate_prompts": "12 of 12 answers passed",
    "05_clean_up": "removed agent contoso-helper, connection contoso-apim",
}


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A run that has been started and nothing more; its notebooks have left no record."""
    run = Run(tmp_path / "run")
    target = Target(
        kind="sandbox",
        arm="http://127.0.0.1:8765",
        project_resource_id=PROJECT,
        project_endpoint="http://127.0.0.1:8765/api/projects/workshop",
    )
    run.write(
        RunInfo(
            id="20261005-093000-a1b2c3",
            created=BEGAN,
            target=target,
            profile_source="apim",
            versions={"python": "3.11.7", "httpx": "0.28.1"},
        )
    )
    return Folder(run)


@pytest.fixture
def whole(folder: Folder) -> Folder:
    """All six notebooks passed; everything was made, validated and removed."""
    for kind, name in (("connection", "contoso-apim"), ("agent", "contoso-helper")):
        with folder.run.ledger.creating(kind, name):
            pass
    folder.write(ConnectionRecord(connection=CONNECTION, outcome="created", resources=RESOURCES), MODELS, AGENT)
    folder.write(Validation(suite="smoke", verdicts=tuple(both_routes())))
    for kind, name in (("agent", "contoso-helper"), ("connection", "contoso-apim")):
        folder.run.ledger.removed(kind, name)
    folder.write(Cleanup(removed=("agent contoso-helper", "connection contoso-apim")))
    folder.passed(STEPS)
    return folder


@pytest.fixture
def hostile(folder: Folder) -> Folder:
    """Every text that comes from outside tries to be something else."""
    text = HOSTILE
    finding = Finding(code=text, field=text, request=text, found=text, cause=text, mend=text, curl=text)
    headers = {"X-<b>": "<i>plain</i>"}
    folder.write(
        ConnectionRecord(
            connection=CONNECTION.model_copy(
                update={"name": text, "target": f"https://x/{text}", "custom_headers": headers}
            ),
            outcome="differs",
            differences=(Difference(field="target", wanted=text, found=text),),
            resources=({"name": text, "category": text, "authType": text, "target": text},),
        ),
        Discovered(
            source="dynamic",
            finding=finding,
            models=(
                DiscoveredModel(deployment=text, model=text, version=text, format=text, callable="no", finding=finding),
            ),
        ),
        AgentRecord(name=text, version=text, model=text, outcome="created"),
        Validation(
            suite=text,
            verdicts=(
                verdict(text, "gateway", asked=text, answer=text + "x" * 50_000, assertions=(text,)),
                verdict(
                    text,
                    "agent",
                    judgement="failed",
                    asked=text,
                    answer=text,
                    failures=(text,),
                    assertions=(text,),
                ),
            ),
        ),
        Cleanup(removed=(text,), gone=(text,)),
    )
    folder.passed(STEPS)
    folder.step("04_validate_prompts", state="failed", found=text)
    return folder
