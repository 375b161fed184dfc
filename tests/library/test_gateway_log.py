"""The proof of route: in the gateway's own log, in the record of the sandbox's calls, or not to be had."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from gateway_workbook.errors import ServiceError
from gateway_workbook.gateway import Gateway
from gateway_workbook.gateway_log import gateway_log
from gateway_workbook.secrets import Secrets
from tests.library.wire import Recorder, connection, reply

if TYPE_CHECKING:
    from gateway_workbook.target import Target


def test_on_azure_nothing_is_known(azure: Target) -> None:
    recorder = Recorder(lambda _: reply(500, ""))
    assert gateway_log(azure, connection(), recorder.client())("resp_1") is None
    assert recorder.requests == []


def test_a_gateway_of_the_sandbox_is_asked_for_its_own_log(sandbox: Target) -> None:
    assert sandbox.descriptor is not None
    url = sandbox.descriptor.url
    recorder = Recorder(lambda request: reply(200, {"value": [{}] if "yes" in str(request.url) else []}))
    seen = gateway_log(sandbox, connection(targetUrl=f"{url}/gateways/static/v1"), recorder.client())
    assert seen("resp_yes") is True
    assert seen("resp_no") is False
    assert recorder.seen[0] == f"GET {url}/sandbox/gateways/static/requests?request_id=resp_yes"


def test_for_any_other_gateway_the_sandboxs_own_calls_are_asked_for(sandbox: Target) -> None:
    assert sandbox.descriptor is not None
    rows = [{"url": "https://gateway.test/v1/chat/completions"}]
    recorder = Recorder(lambda _: reply(200, {"value": rows}))
    assert gateway_log(sandbox, connection(), recorder.client())("resp_1") is True
    elsewhere = connection(targetUrl="https://other.test/v1")
    assert gateway_log(sandbox, elsewhere, recorder.client())("resp_1") is False
    assert recorder.seen[0] == f"GET {sandbox.descriptor.url}/sandbox/agent-calls?response_id=resp_1"


def test_a_log_that_answers_with_an_error_is_a_service_error(sandbox: Target) -> None:
    recorder = Recorder(lambda _: reply(500, ""))
    with pytest.raises(ServiceError, match="answered 500: restart the sandbox"):
        gateway_log(sandbox, connection(), recorder.client())("resp_1")


def test_the_real_log_shows_what_carried_the_id_and_nothing_else(sandbox: Target) -> None:
    assert sandbox.descriptor is not None
    which = connection(targetUrl=sandbox.locate("sandbox://static/v1"), apiKey="env:SANDBOX_API_KEY")
    with httpx.Client(headers={"x-request-id": "resp_of_this_test"}) as http:
        client = Gateway(which, http, secrets=Secrets(sandbox.descriptor.environment))
        assert client.chat("gpt-4o", [{"role": "user", "content": "hello"}]).ok
        seen = gateway_log(sandbox, which, http)
        assert seen("resp_of_this_test") is True
        assert seen("resp_of_another") is False
