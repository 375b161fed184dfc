"""Values as a notebook's kernel hands them to its front end, and what is imported for that."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from jupyter_client.manager import start_new_kernel

from gateway_workbook.formats import SHOWN
from gateway_workbook.views import view_of

from .conftest import HOSTILE
from .page import Page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jupyter_client.blocking.client import BlockingKernelClient

WIDGET = "application/vnd.jupyter.widget-view+json"
LONG = """
from gateway_workbook import frames
from gateway_workbook.run import Validation
from gateway_workbook.validation import Verdict
verdicts = tuple(Verdict(prompt=f"p{n}", route="agent", judgement="passed", asked="q") for n in range(214))
"""


class Kernel:
    """Runs cells; `opened` are the widgets that it told its front end of."""

    def __init__(self, client: BlockingKernelClient) -> None:
        self._client = client
        self.opened: list[str] = []
        self._shown: list[dict[str, Any]] = []

    def show(self, source: str, *, person: bool = False) -> dict[str, Any]:
        """What the last expression comes to, by media type; `person`: in a front end that can be asked for input."""
        self._shown.clear()
        reply = self._client.execute_interactive(source, allow_stdin=person, timeout=60, output_hook=self._keep)
        assert reply["content"]["status"] == "ok"
        return self._shown[0] if self._shown else {}

    def _keep(self, message: dict[str, Any]) -> None:
        kind, content = message["msg_type"], message["content"]
        assert kind not in ("error", "stream"), content
        if kind == "execute_result":
            self._shown.append(content["data"])
        elif kind == "comm_open":
            self.opened.append(content["data"]["state"]["_model_name"])


@pytest.fixture(scope="module")
def kernel() -> Iterator[Kernel]:
    """One for all tests of this module: to start it takes a second."""
    manager, client = start_new_kernel(kernel_name="python3")
    try:
        yield Kernel(client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_a_value_that_a_cell_ends_in_shows_itself(kernel: Kernel) -> None:
    data = kernel.show("from gateway_workbook import load_profile\nload_profile('apim-defaults')")
    assert set(data) == {"text/plain", "text/html"}
    assert data["text/plain"].startswith("ApiManagement 'sandbox-apim' at sandbox://apim/openai")
    assert "env:SANDBOX_API_KEY" in Page(data["text/html"]).text


def test_every_value_that_is_to_show_itself_has_a_view_and_no_other(kernel: Kernel) -> None:
    views = {(kind.__module__, kind.__name__) for kind in view_of.registry if kind is not object}
    assert {(f"gateway_workbook.{module}", name) for module, names in SHOWN.items() for name in names} == views
    registered = kernel.show(
        "import gateway_workbook.step\n"
        "formatter = get_ipython().display_formatter.mimebundle_formatter\n"
        "sorted(f'{m}.{n}' for m, n in formatter.deferred_printers if m.startswith('gateway_workbook'))"
    )
    assert "gateway_workbook.discovery.Discovered" in registered["text/plain"]


def test_a_long_table_pages_for_a_person_and_stands_whole_beside_it(kernel: Kernel) -> None:
    kernel.show(LONG)
    for expression in ("frames.verdicts(verdicts)", "Validation(suite='s', verdicts=verdicts)"):
        alone = kernel.show(expression)
        assert set(alone) == {"text/plain", "text/html"}
        live = kernel.show(expression, person=True)
        assert set(live) == {"text/plain", "text/html", WIDGET}
        assert live["text/html"] == alone["text/html"]
        assert [live["text/html"].count(f">p{number}</th>") for number in (0, 100, 213)] == [1, 1, 1]
        assert all(f" p{number} " in live["text/plain"] for number in (0, 100, 213))


def test_a_short_table_is_no_widget_even_for_a_person(kernel: Kernel) -> None:
    kernel.show(LONG)
    assert set(kernel.show("frames.verdicts(verdicts[:20])", person=True)) == {"text/plain", "text/html"}


def test_no_output_widget_is_built_and_none_at_all_where_nobody_is(kernel: Kernel) -> None:
    kernel.show(LONG)
    kernel.opened.clear()
    kernel.show("frames.verdicts(verdicts)")
    assert kernel.opened == []
    kernel.show("frames.verdicts(verdicts)", person=True)
    assert {"DropdownModel", "ButtonModel", "HTMLModel"} < set(kernel.opened)
    assert "OutputModel" not in kernel.opened


def test_hostile_text_stays_text(kernel: Kernel) -> None:
    data = kernel.show(
        "from gateway_workbook.route_proof import RouteProof\n"
        f"RouteProof(by='log', holds=None, why={HOSTILE.replace(chr(0), '')!r})"
    )
    assert "script" not in Page(data["text/html"]).tags
    assert "␛[31mred" in data["text/plain"]


def test_nothing_is_imported_to_say_what_shows_itself() -> None:
    program = (
        "import sys, gateway_workbook\n"
        "before = 'IPython' in sys.modules\n"
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "shell = InteractiveShell.instance()\n"
        "gateway_workbook.is_error\n"
        "known = {n for m, n in shell.display_formatter.mimebundle_formatter.deferred_printers}\n"
        "print(before, 'Discovered' in known, *{'pandas', 'ipywidgets', 'gateway_workbook.views'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]
