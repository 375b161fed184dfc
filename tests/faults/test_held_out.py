"""How well the rules do on gateways they were not made for: measured once, and since then no worse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway_workbook.diagnosis import RULES, diagnose
from tests.faults.held_out import HELD_OUT
from tests.faults.wordings import WORDINGS
from tests.library.wire import connection, gateway, reply

if TYPE_CHECKING:
    from collections.abc import Callable

MEASURED = 21  # of the held out, named rightly when they were first diagnosed


def test_what_was_held_out_is_named_no_worse_than_at_first(record_property: Callable[[str, object], None]) -> None:
    which, right = connection(), 0
    for worded in HELD_OUT.values():
        answer = reply(worded.status, worded.body, headers={k.replace("_", "-"): v for k, v in worded.headers.items()})
        client, _ = gateway(which, lambda _, answer=answer: answer)
        asked = client.chat("gpt-4o", [{"role": "user", "content": "hello"}])
        code = diagnose(asked, which, deployment="gpt-4o").code
        record_property("diagnosed", ["held out", worded.code, code])
        right += code == worded.code
    assert right >= MEASURED


def test_what_is_held_out_is_in_no_other_set_and_has_a_label_that_exists() -> None:
    assert not HELD_OUT.keys() & WORDINGS.keys()
    assert {worded.code for worded in HELD_OUT.values()} <= {rule.code for rule in RULES}
