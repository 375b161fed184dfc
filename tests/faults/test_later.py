"""Answers that were held out once: what the rules learned from them, and what stays untold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway_workbook.diagnosis import RULES, diagnose
from tests.faults.later import LATER
from tests.faults.wordings import WORDINGS, Wording
from tests.library.wire import connection, gateway, reply

if TYPE_CHECKING:
    from tests.faults.conftest import Diagnosed

# Nothing in these answers says it; a rule for them would be a rule for a name.
UNTOLD = {
    "Application Gateway: blocked": "forbidden",
    "Databricks: model": "wrong-path",
    "NIM: model": "wrong-path",
    "LM Studio: route": "error-with-200",
}


def code_of(worded: Wording) -> str:
    """What a prompt is found to have failed by that is answered so."""
    headers = {name.replace("_", "-"): value for name, value in worded.headers.items()}
    which = connection()
    client, _ = gateway(which, lambda _: reply(worded.status, worded.body, headers=headers))
    exchange = client.chat("gpt-4o", [{"role": "user", "content": "hello"}])
    return diagnose(exchange, which, deployment="gpt-4o").code


@pytest.mark.parametrize("name", LATER)
def test_what_was_learned_later_is_named(name: str, diagnosed: Diagnosed) -> None:
    code = code_of(LATER[name])
    diagnosed("learned later", LATER[name].code, code)
    assert code == UNTOLD.get(name, LATER[name].code)


def test_no_answer_is_in_two_sets_and_every_label_is_a_code() -> None:
    assert not LATER.keys() & WORDINGS.keys()
    assert {worded.code for worded in LATER.values()} <= {rule.code for rule in RULES}
