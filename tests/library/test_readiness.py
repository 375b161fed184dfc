"""Readiness as a whole: its bounds, its back-off, what follows from the grid, its frames, its command, its record."""

from __future__ import annotations

import json
from itertools import count
from typing import TYPE_CHECKING

import httpx
import pytest

from gateway_workbook import frames
from gateway_workbook.discovery import Discovered, DiscoveredModel
from gateway_workbook.errors import UsageError
from gateway_workbook.gateway import Gateway
from gateway_workbook.readiness import DeploymentReadiness, Outcome, Readiness, examine_readiness, to_check
from gateway_workbook.readiness_calls import MOST_CALLS, Calls, StoppedAsking
from gateway_workbook.readiness_checks import CHECKS, GATEWAY_CHECKS
from gateway_workbook.run import Run, run_folder
from gateway_workbook.target import http_client
from tests.library.model_server import Body, Reply, error, plain, serving, words
from tests.library.test_cli_check import call, flat
from tests.library.wire import KEY, SECRETS, connection, gateway, reply

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gateway_workbook.target import Target

NAMES = [check.name for check in CHECKS]


def examined(override: Callable[[Body], Reply | None] = lambda _: None, *names: str) -> tuple[Readiness, list[Body]]:
    with serving(override) as served, httpx.Client() as http:
        which = connection(targetUrl=served.url)
        found = examine_readiness(Gateway(which, http, secrets=SECRETS), names or ["gpt-4o"])
        return found, served.asked


def answers(found: DeploymentReadiness) -> dict[str, str]:
    return {one.check: one.answer for one in found.outcomes}


def test_a_good_model_is_ready_for_few_calls() -> None:
    found, asked = examined()
    (one,) = found.deployments
    assert answers(one) == dict.fromkeys(NAMES, "supported")
    assert [outcome.check for outcome in found.gateway] == ["refusing an unknown model", "refusing a wrong key"]
    assert (one.requests, found.gateway_requests, found.requests) == (14, 2, len(asked))
    assert (one.ready, one.format, found.ready, found.asks) == ("supported", "OpenAI", True, ())
    assert len(one.tools) == 9
    assert set(one.tools.values()) == {"supported"}


def test_a_deployment_that_does_not_answer_is_asked_once() -> None:
    found, asked = examined(lambda body: error(404, "no such deployment") if body["model"] == "mini" else None, "mini")
    (one,) = found.deployments
    assert len(asked) == one.requests == 1
    assert found.gateway == ()
    assert answers(one) == {"chat": "refused"} | dict.fromkeys(NAMES[1:], "could not tell")
    assert (found.ready, one.format, set(one.tools.values())) == (False, "could not tell", {"could not tell"})


def test_a_429_that_remains_ends_the_asking() -> None:
    numbers = count()
    found, asked = examined(lambda _: error(429, "quota") if next(numbers) >= 3 else None)
    (one,) = found.deployments
    assert one.requests == 4
    assert len(asked) == 4 + 2, "two more are the gateway's"
    assert [answer for answer in answers(one).values() if answer == "refused"] == []
    told = {outcome.found for outcome in one.outcomes if outcome.answer == "could not tell"}
    assert told >= {"429 quota", "not asked any more after 429 quota"}


def test_a_429_is_waited_out_by_the_client_as_ever(sandbox: Target) -> None:
    limited = iter([Reply(status=429, headers={"retry-after": "0"}), None])
    with serving(lambda _: next(limited, None)) as served, http_client(sandbox) as http:
        calls = Calls(Gateway(connection(targetUrl=served.url), http, secrets=SECRETS), "gpt-4o")
        assert CHECKS[0].judge(calls).answer == "supported"
        assert (calls.made, len(served.asked)) == (1, 2)


def test_two_calls_that_nothing_answers_end_the_asking() -> None:
    numbers = count()
    hang_up = Reply(broken=True)
    found, _ = examined(lambda _: hang_up if next(numbers) >= 1 else None)
    (one,) = found.deployments
    assert one.requests == 3
    assert one.outcomes[-1].found == "not asked any more after 2 calls without an answer"
    assert set(answers(one).values()) == {"supported", "could not tell"}


def test_calls_are_bounded_and_made_once() -> None:
    which, recorder = gateway(connection(), lambda _: reply(200, {"choices": [{"message": {"content": "ok"}}]}))
    calls = Calls(which, "gpt-4o", most=2)
    assert calls.chat("one") is calls.chat("one")
    calls.chat("one", temperature=0)
    with pytest.raises(StoppedAsking, match="2 calls are the most"):
        calls.chat("two")
    assert len(recorder.requests) == calls.made == 2


@pytest.mark.parametrize("field", ["tools", "tool_choice", "response_format", "stream", "max_completion_tokens"])
def test_no_grid_takes_more_than_the_bound(field: str) -> None:
    found, _ = examined(lambda body: error(400) if field in body else None)
    assert found.deployments[0].requests <= MOST_CALLS


def test_the_worst_model_takes_no_more_than_the_bound() -> None:
    def worst(body: Body) -> Reply | None:
        return words("?") if len(body["messages"]) == 1 and set(body) <= {"messages", "model"} else error(400)

    found, _ = examined(worst)
    assert found.deployments[0].requests <= MOST_CALLS
    assert {"refused"} < set(answers(found.deployments[0]).values())


def test_deployments_are_examined_side_by_side_and_told_in_order() -> None:
    found, _ = examined(lambda _: None, "mini", "gpt-4o", "mini")
    assert [one.deployment for one in found.deployments] == ["mini", "gpt-4o"]
    assert found.gateway_requests == 2


def test_one_call_has_an_invented_key_and_no_secret_is_kept() -> None:
    def repeats(body: Body) -> Reply | None:
        return plain(401, f"{KEY} is not known") if not body["messages"] else None

    with serving(repeats) as served, httpx.Client() as http:
        found = examine_readiness(Gateway(connection(targetUrl=served.url), http, secrets=SECRETS), ["gpt-4o"])
    invented = [key for key in served.keys if key != KEY]
    assert len(invented) == 1
    assert invented[0].startswith("invented-")
    stored = found.model_dump_json()
    assert KEY not in stored
    assert invented[0] not in stored
    assert "${INVENTED_KEY}" in found.gateway[1].curl
    assert "${KEY}" in found.gateway[0].curl


@pytest.mark.parametrize(
    ("refused", "expected"),
    [
        ((), ("supported", "OpenAI", "supported")),
        (("usage", "error shape", "reasoning_effort", "parallel tool calls"), ("supported", "OpenAI", "supported")),
        (("streaming",), ("refused", "OpenAI", "supported")),
        (("tool round trip",), ("refused", "NonOpenAI", "refused")),
        (("tool call in a stream",), ("refused", "OpenAI", "refused")),
        (("response_format",), ("supported", "NonOpenAI", "supported")),
        (("forced tool choice",), ("supported", "NonOpenAI", "supported")),
        (("chat",), ("refused", "could not tell", "could not tell")),
    ],
)
def test_what_follows(refused: tuple[str, ...], expected: tuple[str, str, str]) -> None:
    one = grid(refused).deployments[0]
    assert (one.ready, one.format, *set(one.tools.values())) == expected


def grid(refused: tuple[str, ...] = (), *, unknown: tuple[str, ...] = ()) -> Readiness:
    outcomes = tuple(
        Outcome(
            check=name,
            answer="refused" if name in refused else "could not tell" if name in unknown else "supported",
            found=f"{name} was looked at",
            curl=f"curl {name}",
        )
        for name in NAMES
    )
    one = DeploymentReadiness(deployment="gpt-4o", outcomes=outcomes, requests=14, seconds=0.5)
    gate = tuple(Outcome(check=check.name, answer="supported", found="404") for check in GATEWAY_CHECKS)
    return Readiness(connection="contoso", deployments=(one,), gateway=gate, gateway_requests=2)


def test_what_is_open_decides_neither_format_nor_tools() -> None:
    one = grid(unknown=("tool call",)).deployments[0]
    assert (one.ready, one.format, set(one.tools.values())) == ("could not tell",) * 2 + ({"could not tell"},)
    assert grid(unknown=("tool call",)).ready
    assert not grid(unknown=("chat",)).ready
    assert not Readiness(connection="contoso", deployments=()).ready


def test_each_refused_check_is_a_sentence_for_the_gateways_team() -> None:
    asks = grid(("streaming", "usage")).asks
    assert [ask.check for ask in asks] == ["streaming", "usage"]
    assert asks[0].sentence == (
        "Pass server-sent events on as they come: nothing on the way may buffer text/event-stream. "
        "(streaming: Agent Service streams, and people wait for the first word)"
    )
    assert asks[0].curl == "curl streaming"


def test_the_grid_is_marked_in_words() -> None:
    found = frames.readiness(grid(("streaming",), unknown=("chat",)))
    assert list(found["Check"]) == [*NAMES, "refusing an unknown model", "refusing a wrong key"]
    marks = dict(zip(found["Check"], found["gpt-4o"], strict=True))
    assert (marks["chat"], marks["streaming"], marks["usage"]) == ("? could not tell", "✗ refused", "✓ supported")
    (row,) = frames.readiness_conclusions(grid()).to_numpy().tolist()
    assert row == ["gpt-4o", "✓ supported", "OpenAI", "✓ supported: all of them", 14, 0.5]
    assert list(frames.readiness_asks(grid(("usage",)))["Seen"]) == ["usage was looked at"]
    assert len(frames.readiness(examine_readiness(gateway(connection(), lambda _: reply())[0], []))) == 0


def test_which_deployments_are_examined() -> None:
    models = tuple(
        DiscoveredModel(deployment=name, model=name, callable=answered)
        for name, answered in (("old", "no"), ("a", "yes"), ("b", "yes"))
    )
    found = Discovered(source="static", models=models)  # type: ignore[arg-type]  # plain text is what a file has
    assert to_check(found) == ["a"]
    assert to_check(found, "first", deployment="b") == ["b"]
    assert to_check(found, "first", deployment="old") == ["a"]
    assert to_check(found, "all") == ["a", "b"]
    assert to_check(found, "none") == []
    with pytest.raises(UsageError, match="no choice 'some' of deployments to check: write first, all or none"):
        to_check(found, "some")


def test_the_record_is_no_step_that_a_later_one_waits_for(run: Run) -> None:
    run.write(grid(("usage",)))
    assert run.read_if_there(Readiness) == grid(("usage",))
    assert (run_folder(run.folder) / "readiness.json").exists()


def test_the_command_shows_the_grid_of_every_deployment_that_answers(sandbox: Target) -> None:
    done = call("readiness", "modelgateway-openai")
    assert done.returncode == 1, done.stderr
    told = flat(done.stdout)
    assert "gpt-4o gpt-4o-mini meta/llama-3" in told
    assert "gpt-35-turbo" not in told
    assert "streaming ✓ supported ✓ supported ✗ refused" in told
    assert "forced tool choice ✓ supported ✓ supported ✗ refused" in told
    assert "response_format ✓ supported ✓ supported ✗ refused" in told
    assert "reasoning_effort ✓ supported ✓ supported ? could not tell" in told
    assert "refusing a wrong key ✓ supported ✓ supported ✓ supported" in told
    assert "✓ supported OpenAI" in told
    assert "✗ refused NonOpenAI" in told
    assert "Honour tool_choice that names a function" in told
    assert "printf '%s\\n' \"Authorization: Bearer ${SANDBOX_API_KEY}\" | curl" in done.stdout
    assert sandbox.descriptor
    assert sandbox.descriptor.environment["SANDBOX_API_KEY"] not in done.stdout + done.stderr


@pytest.mark.parametrize(
    "name", ["apim-defaults", "apim-identity", "modelgateway-oauth2", "modelgateway-custom-headers"]
)
def test_the_command_is_content_with_a_good_deployment(sandbox: Target, name: str) -> None:
    assert sandbox
    done = call("readiness", name, "--deployment", "gpt-4o")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("✓ supported") == len(CHECKS) + len(GATEWAY_CHECKS) + 2
    assert "✗" not in done.stdout
    assert "What to ask" not in done.stdout


def test_the_command_needs_no_project_for_a_gateway_with_a_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def only_max_tokens(body: Body) -> Reply | None:
        return error(400, "max_completion_tokens is unknown") if "max_completion_tokens" in body else None

    monkeypatch.setenv("KEY", KEY)
    with serving(only_max_tokens) as served:
        profile = {"category": "ModelGateway", "connectionName": "own", "targetUrl": served.url, "authType": "ApiKey"}
        models = [{"name": "gpt-4o", "properties": {"model": {"name": "gpt-4o", "version": "1", "format": "OpenAI"}}}]
        path = tmp_path / "own.yaml"
        path.write_text(
            json.dumps(profile | {"apiKey": "env:KEY", "deploymentInPath": False, "staticModels": models}),
            encoding="utf-8",
        )
        done = call("readiness", str(path))
    assert done.returncode == 0, done.stderr
    assert "max_completion_tokens ✗ refused" in flat(done.stdout)
    assert "max_tokens: supported" in flat(done.stdout)
    assert not (tmp_path / "no-sandbox").exists()


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("no-such-profile",), 2, "no-such-profile"),
        (("modelgateway-openai", "--deployment", "gpt-5"), 1, "chat ✗ refused"),
        (("modelgateway-openai", "--deployments", "gpt-5"), 2, "No such option"),
    ],
)
def test_the_command_tells_a_slip_from_a_refusal(sandbox: Target, words: tuple[str, ...], code: int, told: str) -> None:
    assert sandbox
    done = call("readiness", *words)
    assert done.returncode == code, done.stdout + done.stderr
    assert told in flat(done.stdout + done.stderr)
    assert "Traceback" not in done.stderr


def test_a_sandbox_without_a_usable_key_is_a_refusal_that_names_it(
    sandbox: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sandbox
    monkeypatch.setenv("SANDBOX_API_KEY", "not-the-key-1234")
    done = call("readiness", "modelgateway-static")
    assert done.returncode == 1
    assert "no deployment answers" in done.stderr
    assert "not-the-key-1234" not in done.stdout + done.stderr
