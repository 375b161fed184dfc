"""The whole walk on one page of forms: each button runs a notebook as papermill would, and shows what it left.

For voila, which shows no code; it works in a notebook, too. The page holds nothing that the run folder does not.
"""

from __future__ import annotations

__all__ = ["Walkthrough"]

import os
from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import ipywidgets as widgets

from gateway_workbook import batch, forms
from gateway_workbook.controls import Job, html, style
from gateway_workbook.discovery import Discovered
from gateway_workbook.errors import UsageError
from gateway_workbook.form import Form, Memory
from gateway_workbook.mend_form import mend_button
from gateway_workbook.profile_form import ProfileForm
from gateway_workbook.readiness import Readiness
from gateway_workbook.run import CLEAN_UP, STEPS, AgentRecord, ConnectionRecord, Run, RunInfo, Validation
from gateway_workbook.run import run_folder as folder_of
from gateway_workbook.stages import stages
from gateway_workbook.step_rail import Rail
from gateway_workbook.views import view_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import BaseModel

    from gateway_workbook.field import Values

# Where the person is who has the page served: its kernel starts where the notebook lies.
FOLDER_VARIABLE: Final = "GATEWAY_WORKBOOK_FOLDER"


class _Part(NamedTuple):
    """One notebook on the page: its question, its button's word before and during the work, and what is shown."""

    step: str
    question: str
    verb: str
    doing: str
    shown: tuple[type[BaseModel], ...]


_PARTS: Final = (
    _Part(STEPS[0], "Which gateway, and where is Foundry?", "Start", "Starting", ()),
    _Part(STEPS[1], "What does Foundry store about it?", "Create", "Creating", (ConnectionRecord,)),
    _Part(STEPS[2], "Which models does it offer?", "Discover", "Discovering", (Discovered, Readiness)),
    _Part(STEPS[3], "Can an agent live on one of them?", "Deploy", "Deploying", (AgentRecord,)),
    _Part(STEPS[4], "Do prompts come back right, through the gateway?", "Validate", "Validating", (Validation,)),
    _Part(CLEAN_UP, "What did this leave behind?", "Remove", "Removing", ()),
)


class Walkthrough:
    """Forms and buttons for the six steps of one run; `box` is what to show.

    The run folder is made when Start is pressed, below `runs` of the folder that the page was started in.
    """

    def __init__(self, *, profile: str = "apim-defaults", target: str = "sandbox") -> None:
        os.chdir(os.environ.get(FOLDER_VARIABLE, "."))
        self.folder = folder_of(f"runs/{datetime.now(UTC):%Y%m%d-%H%M%S}-page")
        self.start = ProfileForm(profile=profile, target=target, memory=Memory(self.folder / "forms.json", STEPS[0]))
        self._rail = html()
        self.panels = [_Panel(part, self._form(part), self._runner(part)) for part in _PARTS]
        self.box = widgets.VBox([style(), self._rail, *(panel.box for panel in self.panels)])
        self.box.add_class("gateway-workbook-form")
        self.box.add_class("gw-page")
        for panel in self.panels:
            panel.job.moved = self.refresh
            if panel.form is not None:
                panel.form.changed = self.refresh
        self.refresh()

    @property
    def run(self) -> Run:
        """The page's run."""
        return Run(self.folder)

    def refresh(self) -> None:
        """Say where the run stands, and let each button work that can."""
        self._rail.value = Rail(self.run, "", linked=False)._repr_html_()
        busy = any(panel.job.busy for panel in self.panels)
        standing = [stage.standing for stage in stages(self.run)]
        for position, panel in enumerate(self.panels):
            before = standing[:1] if panel.part.step == CLEAN_UP else standing[:position]
            ready = all(one == "passed" for one in before) and not panel.problems()
            panel.job.allow(can=ready and not busy)

    def _form(self, part: _Part) -> Form | ProfileForm | None:
        if part.step == STEPS[0]:
            return self.start
        asked = {
            STEPS[1]: [field for field in forms.CONNECTION if field.name == "replace"],
            STEPS[2]: forms.MODELS,
            STEPS[3]: forms.agent_fields(self._deployments),
            STEPS[4]: forms.VALIDATION,
        }.get(part.step)
        return Form(asked, batch.declared_parameters()[part.step], check=forms.problems) if asked else None

    def _deployments(self) -> list[str]:
        found = self.run.read_if_there(Discovered)
        return found.callable if found else []

    def _runner(self, part: _Part) -> Callable[[], str]:
        def run() -> str:
            panel = self.panels[STEPS.index(part.step)]
            record = batch.run_step(part.step, self.folder, panel.parameters())
            panel.show(self.run)
            if part.step == STEPS[2]:
                self.panels[3].refresh()  # an agent can stand on what answered just now
            if record.state != "passed":
                raise UsageError(record.found)
            return record.found

        return run


class _Panel:
    """One step: what it asks, its button, and what it left."""

    def __init__(self, part: _Part, form: Form | ProfileForm | None, run: Callable[[], str]) -> None:
        self.part, self.form = part, form
        self.job = Job(part.verb, part.doing, run)
        self.shown = widgets.VBox([])
        number = int(part.step.partition("_")[0])
        title = html(f"<h2>{number}. {escape(part.question)}</h2>")
        asked = [form.box] if form is not None else []
        self.box = widgets.VBox([title, *asked, self.job.widget, self.shown])
        self.box.add_class("gw-panel")

    def problems(self) -> bool:
        """Whether the form has to be mended before the button can work."""
        if isinstance(self.form, ProfileForm):
            return not self.form.usable
        return self.form is not None and bool(self.form.problems())

    def parameters(self) -> Values:
        """What the notebook is given."""
        if isinstance(self.form, ProfileForm):
            return {"profile": self.form.profile, "target": self.form.target}
        return self.form.used() if self.form is not None else {}

    def show(self, run: Run) -> None:
        """Show what the notebook has left in the run folder."""
        found = [run.read_if_there(kind) for kind in self.part.shown]
        shown: list[Any] = [html(view_of(record).html()) for record in found if record is not None]
        looked_up = next((record for record in found if isinstance(record, Discovered)), None)
        mend = looked_up and mend_button(looked_up.findings, run.read(RunInfo).profile_source)
        self.shown.children = (*shown, mend) if mend else tuple(shown)

    def refresh(self) -> None:
        """Offer what may be chosen now."""
        if self.form is not None:
            self.form.refresh()
