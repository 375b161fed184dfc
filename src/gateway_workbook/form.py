"""Fields as a form that is checked while one types; headless it is the parameters it was given, checked the same way.

What a person has chosen is kept beside the run, so that a cell or a kernel that is started again does not forget it; it
counts as long as the notebook's own parameters stay what they were.
"""

from __future__ import annotations

__all__ = ["Form", "Memory", "shown"]

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import ipywidgets as widgets

from gateway_workbook.controls import Row, SecretBox, heading, html, style
from gateway_workbook.errors import UsageError
from gateway_workbook.field import lines, text_of
from gateway_workbook.front_end import somebody_there
from gateway_workbook.run import write_text
from gateway_workbook.table import table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from gateway_workbook.field import Field, Values
    from gateway_workbook.secrets import SecretReference

_AGAIN: Final = "Changed: run the cells below again (menu Run, Run Selected Cell and All Below)."


@dataclass(frozen=True)
class Memory:
    """What was chosen in the form `name`, in a file of the run folder; a headless run neither reads nor writes it."""

    path: Path
    name: str

    def recall(self, given: Values) -> dict[str, Any]:
        """What was chosen over the same parameters; they themselves where that is unknown."""
        kept = self._read().get(self.name, {})
        return {**given, **kept["chosen"]} if kept.get("given") == _plain(given) else dict(given)

    def keep(self, given: Values, chosen: Values) -> None:
        """Keep it."""
        told = {self.name: {"given": _plain(given), "chosen": _plain(chosen)}}
        write_text(self.path, json.dumps(self._read() | told, indent=2, ensure_ascii=False))

    def _read(self) -> dict[str, Any]:
        try:
            data = json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError):  # none yet, or one that a person has touched: it is no more than a convenience
            return {}
        return data if isinstance(data, dict) else {}


def _plain(values: Values) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(json.dumps(dict(values)))
    return plain


class Form:
    """Asks for `fields`; an attribute of a field's name is its value, and raises UsageError while something is wrong.

    `values` are those to begin with: the notebook's parameters, or what was chosen over them. `box` is what to show,
    and is None where nobody is there.
    """

    def __init__(
        self,
        fields: Sequence[Field],
        values: Values,
        *,
        check: Callable[[Values], Mapping[str, str]] = lambda _: {},
        memory: Memory | None = None,
    ) -> None:
        self._fields = {field.name: field for field in fields}
        self._given, self._check, self._memory = dict(values), check, memory
        self._is_list = {name for name, value in values.items() if isinstance(value, list | tuple)}
        self._rows: dict[str, Row] = {}
        self._quiet, self._read = False, False
        self.values: dict[str, Any] = dict(values)
        self.changed: Callable[[], None] = lambda: None  # told after every change
        self.box: Any = None
        if somebody_there():
            self._build()

    def _build(self) -> None:
        if self._memory:
            self.values = self._memory.recall(self._given)
        self._rows = {name: Row(field, self._text(name), self.values) for name, field in self._fields.items()}
        self._hint = html(kind="gw-told")
        self.secret_box = SecretBox(self.refresh)
        for row in self._rows.values():
            row.control.observe(lambda _: self.refresh(), "value")
        self.box = widgets.VBox([style(), *self.rows(), self.secret_box.widget, self._hint])
        self.box.add_class("gateway-workbook-form")
        self.refresh()

    def rows(self) -> list[Any]:
        """The fields' widgets in order, each group under its heading."""
        laid: list[Any] = []
        group = ""
        for name, field in self._fields.items():
            if field.group != group:
                laid.append(heading(group := field.group))
            laid.append(self._rows[name].widget)
        return laid

    def row(self, name: str) -> Any:
        """One field's widget."""
        return self._rows[name].widget

    def refresh(self) -> None:
        """Take what the controls hold, show what applies, and say what is wrong."""
        if self._quiet:
            return
        self._quiet = True  # what is offered may change a choice, and that calls back
        self._take()
        for row in self._rows.values():
            row.offer(self.values)
        self._take()
        self._quiet = False
        found = self.problems()
        for name, row in self._rows.items():
            row.show(applies=row.field.applies(self.values), problem=found.get(name, ""))
        self.secret_box.offer(self.secrets())
        self._hint.value = f"<p role='status'>{_AGAIN}</p>" if self._read else ""
        self.changed()

    def set(self, **values: Any) -> None:
        """Put values into the controls, all at once."""
        self._quiet = True
        self.values |= values
        for name, value in values.items():
            self._rows[name].admit(value, self.values)
            self._rows[name].control.value = self._text(name)
        self._quiet = False
        self.refresh()

    def _text(self, name: str) -> Any:
        value = self.values[name]
        return "\n".join(value) if name in self._is_list else value

    def _take(self) -> None:
        for name, row in self._rows.items():
            value = row.control.value
            self.values[name] = [line.strip() for line in lines(value)] if name in self._is_list else value

    def problems(self) -> Mapping[str, str]:
        """What is wrong, by field."""
        return self._check(self.values)

    def secrets(self) -> Iterable[SecretReference]:
        """The references whose values are asked for; none, unless a form says otherwise."""
        return ()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in self._fields:
            raise AttributeError(f"the form has no field {name!r}")
        return self.used()[name]

    def used(self) -> dict[str, Any]:
        """The values, for a cell that works with them now; raises UsageError while something is wrong."""
        if found := self.problems():
            raise UsageError("; ".join(f"{name}: {problem}" for name, problem in found.items()))
        if self.box is not None:
            self._read = True
            self._hint.value = ""
            if self._memory:
                self._memory.keep(self._given, self.values)
        return self.values

    def told(self) -> list[tuple[str, str]]:
        """What it now says, as rows of a table."""
        asked = (field for field in self._fields.values() if field.applies(self.values))
        return [(field.title, text_of(self.values[field.name])) for field in asked]

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return shown(self.box, self.told())


def shown(box: Any, told: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """A form's box with its twin for where no widget lives: an exported page, a terminal, papermill."""
    frame: Any = table(("Parameter", "Value"), told)
    static = {"text/plain": repr(frame), "text/html": frame._repr_html_()}
    return static if box is None else box._repr_mimebundle_() | static
