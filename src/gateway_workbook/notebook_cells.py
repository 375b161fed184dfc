"""The cells of an executed notebook as a page shows them: each output in a form that needs no script and no kernel."""

from __future__ import annotations

__all__ = ["Cell", "Output", "cells"]

import base64
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from gateway_workbook.visible import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from markupsafe import Markup
    from nbformat import NotebookNode

    Clean = Callable[[str], Markup]

_WIDGET: Final = "application/vnd.jupyter.widget-view+json"
_NO_TWIN: Final = "A Jupyter Widget"
_NO_FORM: Final = "A form stood here: it needs the notebook itself, and a kernel."
_STYLE: Final = re.compile(r'\bstyle="[^"]*"')
_SEEN: Final = re.compile(r"<(?:img|svg|hr|meter|progress)\b")  # what is seen although it has no text
_LABELS: Final = {
    "parameters": "Parameters: everything this notebook can be told",
    "injected-parameters": "Parameters given to this run, in place of those above",
}
_PAPERMILLS_OWN: Final = "papermill-error-cell-tag"  # the page tells in its head where a notebook stopped


@dataclass(frozen=True, kw_only=True)
class Output:
    """What a cell showed; `sentence` is an error's, or a picture's description."""

    kind: Literal["text", "errors", "html", "drawing", "picture", "failure", "note"]
    shown: Markup | str
    sentence: str = ""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A cell; prose has no label."""

    number: int
    kind: Literal["prose", "code", "parameters", "raw"]
    body: Markup | str
    label: str = ""
    outputs: tuple[Output, ...] = ()

    @property
    def stopped(self) -> bool:
        """Whether it ended in an error."""
        return any(output.kind == "failure" for output in self.outputs)


def cells(notebook: NotebookNode, clean: Clean) -> list[Cell]:
    """Every cell of the notebook; `clean` makes foreign HTML inert."""
    own = [cell for cell in notebook.cells if _PAPERMILLS_OWN not in cell.metadata.get("tags", [])]
    return [_cell(cell, number, clean) for number, cell in enumerate(own, start=1)]


def _cell(cell: NotebookNode, number: int, clean: Clean) -> Cell:
    if cell.cell_type == "markdown":
        return Cell(number=number, kind="prose", body=clean(_markdown(cell.source, cell.get("attachments", {}))))
    if cell.cell_type != "code":
        return Cell(number=number, kind="raw", body=visible(cell.source))
    told = next((_LABELS[tag] for tag in cell.metadata.get("tags", []) if tag in _LABELS), "")
    ran = f"[{cell.execution_count}]" if cell.execution_count else "(not run)" if cell.source.strip() else ""
    return Cell(
        number=number,
        kind="parameters" if told else "code",
        label=f"{told or 'Code'} {ran}".strip(),
        body=_highlighted(cell.source),
        outputs=tuple(_outputs(cell, clean)),
    )


def _markdown(source: str, attachments: dict[str, Any]) -> str:
    from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

    renderer = IPythonRenderer(escape=False, exclude_anchor_links=True, attachments=attachments)
    return str(MarkdownWithMath(renderer=renderer).render(source))


def _highlighted(source: str) -> Markup:
    from markupsafe import Markup
    from nbconvert.filters.highlight import Highlight2HTML

    return Markup(Highlight2HTML()(visible(source)))  # noqa: S704  Pygments escapes what it colours


def _outputs(cell: NotebookNode, clean: Clean) -> Iterator[Output]:
    from nbconvert.preprocessors import CoalesceStreamsPreprocessor

    merged, _ = CoalesceStreamsPreprocessor().preprocess_cell(cell, {}, 0)
    for output in merged.outputs:
        if output.output_type == "stream":
            yield Output(kind="errors" if output.name == "stderr" else "text", shown=_coloured(output.text))
        elif output.output_type == "error":
            yield _failure(output)
        else:
            shown = _richest(output.data, clean)
            if not _blank(shown):
                yield shown


def _failure(output: NotebookNode) -> Output:
    from nbconvert.filters.ansi import strip_ansi

    told = f"{output.ename}: {output.evalue}" if output.evalue else output.ename
    traceback = "\n".join(output.traceback)
    more = strip_ansi(traceback).strip() != told.strip()  # errors of ours are their own traceback
    return Output(kind="failure", sentence=visible(told), shown=_coloured(traceback) if more else "")


def _richest(data: NotebookNode, clean: Clean) -> Output:
    """The best form there is; a widget's is what stands beside it, unless that only names its class."""
    text = data.get("text/plain", "")
    if _WIDGET in data and "text/html" not in data and (not text or text.startswith(_NO_TWIN) or _is_call(text)):
        return Output(kind="note", shown=_NO_FORM)
    forms: tuple[tuple[str, Callable[[str], Output]], ...] = (
        ("image/svg+xml", lambda svg: _drawing(svg, clean, text)),  # before its HTML, which is a picture of it
        ("text/html", lambda html: Output(kind="html", shown=clean(html))),
        ("text/markdown", lambda prose: Output(kind="html", shown=clean(_markdown(prose, {})))),
        ("image/png", lambda picture: _picture("image/png", picture, text)),
        ("image/jpeg", lambda picture: _picture("image/jpeg", picture, text)),
        ("text/plain", lambda plain: Output(kind="text", shown=_coloured(plain))),
    )
    for kind, output in forms:
        if data.get(kind):
            return output(data[kind])
    return Output(kind="note", shown=f"An output that a page cannot show ({', '.join(data) or 'empty'}).")


def _drawing(svg: str, clean: Clean, told: str) -> Output:
    """A chart of ours in the colours of the page; any other drawing as a picture, because its own may need white."""
    from markupsafe import Markup

    from gateway_workbook.chart import COLOURS

    names = {colour: name for name, colour in COLOURS.items()}
    cleaned, known = str(clean(svg)), re.compile("|".join(names))
    themed = _STYLE.sub(lambda style: known.sub(lambda colour: f"var(--{names[colour[0]]})", style[0]), cleaned)
    if themed == cleaned:
        return _picture("image/svg+xml", base64.b64encode(svg.encode()).decode(), told)
    return Output(kind="drawing", shown=Markup(themed))  # noqa: S704  cleaned, and then only colours named


def _picture(kind: str, encoded: str, told: str) -> Output:
    return Output(kind="picture", shown=f"data:{kind};base64,{''.join(encoded.split())}", sentence=visible(told))


def _blank(output: Output) -> bool:
    from markupsafe import Markup

    return output.kind in ("text", "html") and not (Markup(output.shown).striptags() or _SEEN.search(output.shown))  # noqa: S704  thrown away


def _is_call(text: str) -> bool:
    name, bracket, rest = text.partition("(")
    return bool(bracket) and name.isidentifier() and rest.endswith(")")


def _coloured(text: str) -> Markup:
    from markupsafe import Markup
    from nbconvert.filters.ansi import ansi2html

    return Markup(visible(ansi2html(text)))  # noqa: S704  ansi2html escapes what it colours
