"""A notebook open in JupyterLab, and what a person does with it."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

    from .hand import Hand

_READY_MS: Final = 60_000
_RUN_MS: Final = 120_000
_SEE_MS: Final = 30_000

# "Idle" shows before the session is ready, and a Run All until then is dropped without a word.
_FIND: Final = "path => [...(window.jupyterapp?.shell.widgets('main') ?? [])].find(one => one.context?.path === path)"
_READY: Final = f"""async path => {{
  const panel = ({_FIND})(path);
  await panel.context.ready; await panel.revealed; await panel.sessionContext.ready;
  return panel.id;
}}"""
_ERRORS: Final = f"""path => ({_FIND})(path).content.widgets.flatMap(cell => cell.model.outputs?.toJSON() ?? [])
  .filter(output => output.output_type === 'error').map(output => output.ename + ': ' + output.evalue)"""
_PROMPTS: Final = f"path => ({_FIND})(path).content.widgets.map(cell => cell.promptNode?.textContent ?? '').join()"
_CHANGED: Final = f"([path, before]) => ({_PROMPTS})(path) !== before"
_IDLE: Final = f"""path => !({_PROMPTS})(path).includes('[*]')
  && ({_FIND})(path).sessionContext.session?.kernel?.status === 'idle'"""


@dataclass(kw_only=True)
class Notebook:
    """`path` as the server knows it; `seconds` from asking for it until it could be run."""

    page: Page
    hand: Hand
    path: str
    identity: str  # of its panel in the page
    seconds: float

    @classmethod
    def wait_ready(cls, page: Page, path: str, *, hand: Hand, since: float) -> Notebook:
        """The notebook of that path once it is shown and its kernel takes cells; `since` is a time.monotonic()."""
        page.wait_for_function(_FIND, arg=path, timeout=_READY_MS)
        identity = str(page.evaluate(_READY, path))
        return cls(page=page, hand=hand, path=path, identity=identity, seconds=time.monotonic() - since)

    @property
    def panel(self) -> Locator:
        return self.page.locator(f'[id="{self.identity}"]')

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2].removesuffix(".ipynb")

    @property
    def cells(self) -> Locator:
        return self.panel.locator(".jp-CodeCell")

    def cell_with(self, text: str) -> Locator:
        """The first code cell whose source has the text."""
        return self.cells.filter(has=self.page.locator(".jp-InputArea", has_text=text)).first

    # Running

    def run_all(self) -> Notebook:
        return self._run("Run All Cells")

    def run_from(self, cell: Locator) -> Notebook:
        """Run the cell and all below it."""
        self.hand.click(cell.locator(".jp-InputPrompt"))
        return self._run("Run Selected Cell and All Below")

    def run_cell(self, cell: Locator) -> Notebook:
        before = self._prompts()
        self.hand.click(cell.locator(".jp-InputPrompt"))
        self.hand.press("Shift+Enter")
        return self._ran(before)

    def idle(self) -> Notebook:
        """Wait until no cell is waiting or running."""
        self.page.wait_for_function(_IDLE, arg=self.path, timeout=_RUN_MS)
        return self

    def interrupt(self) -> None:
        self._menu("Kernel", "Interrupt Kernel")

    def _run(self, entry: str) -> Notebook:
        before = self._prompts()
        self._menu("Run", entry)
        return self._ran(before)

    def _ran(self, before: str) -> Notebook:
        self.page.wait_for_function(_CHANGED, arg=[self.path, before], timeout=_SEE_MS)
        return self.idle()

    def _prompts(self) -> str:
        return str(self.page.evaluate(_PROMPTS, self.path))

    def _menu(self, menu: str, entry: str) -> None:
        self.hand.click(self.page.get_by_role("menuitem", name=menu, exact=True))
        self.hand.click(self.page.get_by_role("menuitem", name=re.compile(f"^{re.escape(entry)}")))

    # Telling it something

    def set_parameter(self, name: str, value: str) -> None:
        """Write another value into the cell of parameters."""
        line = self.panel.locator(".cm-line", has_text=re.compile(rf"^{name}: ")).first
        self.hand.click(line)
        self.hand.press("Home")
        self.hand.press("Shift+End")
        self.hand.write(f"{name} = {value!r}")

    def field(self, label: str) -> Locator:
        """The last field with that label."""
        return self.panel.get_by_label(label, exact=True).last

    def fill(self, label: str, text: str) -> None:
        self.hand.replace(self.field(label), text)

    def choose(self, label: str, option: str) -> None:
        self.hand.choose(self.field(label), option)

    def check(self, label: str) -> None:
        self.hand.click(self.field(label))

    def click_button(self, name: str) -> None:
        self.hand.click(self.panel.get_by_role("button", name=name, exact=True))

    def follow(self, name: str) -> Notebook:
        """Click the last link to another notebook, and wait until that one is ready."""
        since = time.monotonic()
        self.hand.click(self.panel.locator(f"a[href*='/{name}.ipynb']").last)
        path = f"{self.path.rpartition('/')[0]}/{name}.ipynb"
        return Notebook.wait_ready(self.page, path, hand=self.hand, since=since)

    # What it says

    def see(self, text: str | re.Pattern[str]) -> Locator:
        """Wait until an output says it, and give that place."""
        found = self.panel.locator(".jp-OutputArea-output").get_by_text(text).first
        found.wait_for(timeout=_SEE_MS)
        return found

    def outputs(self) -> list[str]:
        """What all cells put out, in order, as it can be read on the screen."""
        return [text for text in self.panel.locator(".jp-OutputArea-output").all_inner_texts() if text.strip()]

    @property
    def last_line(self) -> str:
        lines = "\n".join(self.outputs()).strip().splitlines()
        return lines[-1] if lines else ""

    def errors(self) -> list[str]:
        """The errors that cells ended in, each as one line."""
        return [str(line) for line in self.page.evaluate(_ERRORS, self.path)]

    def rail(self) -> dict[str, str]:
        """What the step rail says of each notebook, as it now stands."""
        items = self.panel.get_by_role("navigation", name="Steps of this run").last.get_by_role("listitem")
        told = [text.split("\n", 1) for text in items.all_inner_texts()]
        return {title: " ".join(standing.split()) for title, standing in told}
