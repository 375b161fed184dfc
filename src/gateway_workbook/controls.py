"""The parts that forms are put together from: a labelled control, a note below it, a button with one verb."""

from __future__ import annotations

__all__ = ["Action", "Job", "Row", "Secret", "SecretBox", "heading", "html", "preformatted", "style"]

import os
from html import escape
from importlib.resources import files
from threading import Event, Thread
from typing import TYPE_CHECKING, Any, Final

import ipywidgets as widgets

from gateway_workbook.errors import WorkbookError
from gateway_workbook.visible import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from gateway_workbook.field import Choice, Field, Values
    from gateway_workbook.secrets import SecretReference

_SHOWN, _HIDDEN = "", "none"
_WIDE: Final = {"description_width": "9.5rem"}


def html(text: str = "", kind: str = "") -> Any:
    """Text for people, made safe; `kind` names how it is meant: a note, told, a heading."""
    widget = widgets.HTML(text)
    if kind:
        widget.add_class(kind)
    return widget


def heading(text: str) -> Any:
    """What the fields below it are about."""
    return html(f"<h4>{escape(text)}</h4>")


def preformatted(text: str) -> str:
    """Text as it stands, line by line."""
    return f"<pre tabindex='0'>{escape(visible(text))}</pre>"


def style() -> Any:
    """The looks of a form, which come with it: outside JupyterLab nothing else brings them."""
    css = files("gateway_workbook").joinpath("templates/form.css").read_text(encoding="utf-8")
    widget = html(f"<style>{css}</style>")
    widget.layout.display = _HIDDEN  # it counts all the same, and takes no room
    return widget


class Row:
    """A field's control with its explanation, and below that what is wrong with its value."""

    def __init__(self, field: Field, value: Any, values: Values) -> None:
        self.field = field
        self._admitted = _not_offered(field, value, values)
        self.control = _control(field, value, [*_choices(field, values), *self._admitted])
        self.control.tooltip = field.about
        self._note = html(kind="gw-note")
        self.widget = widgets.VBox([self.control, self._note])
        self.widget.add_class("gw-row")
        self._tell("")

    @property
    def value(self) -> Any:
        """What a person has given, as the field's parameter takes it."""
        return self.control.value

    def admit(self, value: Any, values: Values) -> None:
        """Offer a value although it is none of the choices; what uses it says why it will not do."""
        if self.field.kind == "choice":
            self._admitted = _not_offered(self.field, value, values)
            self.control.options = [*_choices(self.field, values), *self._admitted]

    def offer(self, values: Values) -> None:
        """Offer what may be chosen now; a value that no longer may is replaced by the first that does."""
        if self.field.kind != "choice":
            return
        options = [*_choices(self.field, values), *self._admitted]
        if list(self.control.options) != options:
            before = self.control.value
            self.control.options = options
            self.control.value = before if before in [value for _, value in options] else options[0][1]

    def show(self, *, applies: bool, problem: str) -> None:
        """Show it where it applies, with what is wrong with it."""
        self.widget.layout.display = _SHOWN if applies else _HIDDEN
        self._tell(problem if applies else "")

    def _tell(self, problem: str) -> None:
        wrong = f"<p class='gw-problem' role='status'>✗ {escape(visible(problem))}</p>" if problem else ""
        told = f"<p>{escape(self.field.about)}</p>{wrong}"
        if self._note.value != told:
            self._note.value = told


def _control(field: Field, value: Any, options: Sequence[Choice]) -> Any:
    shown = {"description": field.title, "style": _WIDE}
    match field.kind:
        case "choice":
            return widgets.Dropdown(options=options, value=value, **shown)
        case "switch":
            return widgets.Checkbox(value=bool(value), description=field.title, indent=False)
        case "number":
            return widgets.IntText(value=value, **shown)
        case "paragraph" | "lines":
            return widgets.Textarea(value=value, rows=3, **shown)
    return widgets.Text(value=value, **shown)


def _choices(field: Field, values: Values) -> list[Choice]:
    return [(visible(title), one) for title, one in field.choices(values)]


def _not_offered(field: Field, value: Any, values: Values) -> list[Choice]:
    """The value as a choice, where a parameter names what is not offered."""
    offered = field.kind != "choice" or value in [one for _, one in _choices(field, values)]
    return [] if offered else [(f"{visible(str(value))} (not offered)", value)]


class Action:
    """A button with one verb: disabled until it can work, says what it is doing, and cannot be pressed twice."""

    def __init__(self, verb: str, doing: str, do: Callable[[], str]) -> None:
        self._verb, self._doing, self._do = verb, doing, do
        self._can = False
        self.moved: Callable[[], None] = lambda: None  # told when longer work begins and ends
        self.button = widgets.Button(description=verb, disabled=True)
        self.told = html(kind="gw-told")
        self.widget = widgets.HBox([self.button, self.told])
        self.widget.add_class("gw-actions")
        self.button.on_click(self._press)

    def allow(self, *, can: bool) -> None:
        """Say whether it can work now."""
        self._can = can
        self.button.disabled = not can

    def tell(self, text: str, *, well: bool = True) -> None:
        """Say beside the button what came of it."""
        mark = "" if not text else "✓ " if well else "✗ "
        self.told.value = f"<p role='status'>{mark}{escape(visible(text))}</p>"

    def _press(self, _: Any) -> None:
        if not self._can:  # a second click that was on its way already
            return
        self.allow(can=False)
        self.button.description = f"{self._doing}…"
        try:
            self.tell(self._do())
        except WorkbookError as error:
            self.allow(can=True)
            self.tell(str(error), well=False)
        finally:
            self.button.description = self._verb


class Job(Action):
    """A button whose work takes longer: it is done beside the page, and the button counts the seconds."""

    busy = False

    def _press(self, _: Any) -> None:
        if self._can and not self.busy:
            self.busy = True
            self.allow(can=False)
            self.moved()
            self.tell("")
            Thread(target=self._work, daemon=True).start()

    def _work(self) -> None:
        done = Event()
        counting = Thread(target=self._count, args=(done,), daemon=True)
        counting.start()
        told, well = "", True
        try:
            told = self._do()
        except WorkbookError as error:
            told, well = str(error), False
        except Exception as error:
            told, well = f"the workbook broke ({type(error).__name__}: {error}): its log has the rest", False
            raise
        finally:
            done.set()
            counting.join()
            self.busy = False
            self.button.description = self._verb
            self.moved()
            self.tell(told, well=well)

    def _count(self, done: Event) -> None:
        seconds = 0
        while not done.is_set():
            self.button.description = f"{self._doing}… {seconds} s" if seconds else f"{self._doing}…"
            seconds += 1
            done.wait(1)


class Secret:
    """Where a person gives the value of an environment variable: kept in this kernel's memory, and nowhere else.

    The value is taken from the control at once, because a notebook may be saved with the state of its widgets.
    """

    def __init__(self, reference: SecretReference, changed: Callable[[], None]) -> None:
        self._name, self._changed = reference.name, changed
        self._control = widgets.Password(
            description="Its value",
            placeholder=f"for {reference.name}: type or paste it, then press Enter",
            continuous_update=False,
            style=_WIDE,
        )
        self._note = html(kind="gw-note")
        self.widget = widgets.VBox([self._control, self._note])
        self.widget.add_class("gw-row")
        self._control.observe(self._take, "value")
        self.tell()

    @property
    def there(self) -> bool:
        """Whether the variable has a value."""
        return bool(os.environ.get(self._name))

    def tell(self) -> None:
        """Say whether there is a value."""
        mend = f"or set {self._name} before JupyterLab is started, and no notebook asks"
        told = "<p class='gw-well'>✓ set: ••••••••</p>" if self.there else "<p class='gw-problem'>✗ not set</p>"
        self._note.value = f"{told}<p>Kept in this notebook's kernel only; {escape(mend)}.</p>"

    def _take(self, change: Any) -> None:
        if value := change["new"].strip():
            os.environ[self._name] = value
            self.tell()
            self._changed()
        if change["new"]:
            self._control.value = ""


class SecretBox:
    """Places for the values of those variables that are wanted now; `changed` is told when one was given."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._secrets: dict[str, Secret] = {}
        self.widget = widgets.VBox([])

    def offer(self, references: Iterable[SecretReference]) -> None:
        """Show a place for each reference to an environment variable."""
        names = {one.name: one for one in references if one.scheme == "env"}
        for name, one in names.items():
            self._secrets.setdefault(name, Secret(one, self._changed))
        shown = tuple(self._secrets[name].widget for name in names)
        if self.widget.children != shown:
            self.widget.children = shown

    def given(self, name: str) -> bool:
        """Whether a place is shown for the variable already: it stays, so that another value can be given."""
        return name in self._secrets
