"""Pages of notebooks: what each kind of output becomes, what of a hostile one is left, and where nothing is made."""

from __future__ import annotations

import base64
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from gateway_workbook.errors import UsageError
from gateway_workbook.html_export import notebooks_of, write_pages
from gateway_workbook.inert import inert
from tests.conftest import COMMAND
from tests.report.page import Page

WIDGET = "application/vnd.jupyter.widget-view+json"
VIEW = {"version_major": 2, "version_minor": 0, "model_id": "1"}
PIXEL = base64.b64encode(b"\x89PNG\r\n\x1a\n").decode()


def write(path: Path, *cells: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(new_notebook(cells=list(cells)), path)  # type: ignore[no-untyped-call]
    return path


def code(*outputs: Any, source: str = "1", count: int | None = 1, tags: tuple[str, ...] = ()) -> Any:
    return new_code_cell(source, outputs=list(outputs), execution_count=count, metadata={"tags": list(tags)})


def shown(data: dict[str, Any]) -> Any:
    return code(new_output("display_data", data=data))


def prose(text: str) -> Any:
    return new_markdown_cell(text)  # type: ignore[no-untyped-call]


def html_of(folder: Path, *cells: Any) -> str:
    (path,) = write_pages([write(folder / "note.ipynb", *cells)])
    return path.read_text(encoding="utf-8")


def text_of(folder: Path, *cells: Any) -> str:
    return Page(html_of(folder, *cells)).text


def command(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"COLUMNS": "200", "NO_COLOR": "1"}
    return subprocess.run(
        [COMMAND, "html", *words], capture_output=True, text=True, check=False, timeout=60, cwd=cwd, env=environment
    )


def test_a_page_is_named_after_the_notebooks_question(tmp_path: Path) -> None:
    html = html_of(tmp_path, prose("# What does `Foundry` store <b>&amp;</b> keep?\n\nMuch."))
    assert "<title>What does Foundry store &amp; keep?</title>" in html
    assert '<html lang="en">' in html
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in html
    assert "<title>note</title>" in html_of(tmp_path, prose("no heading"))


def test_the_richest_form_that_needs_no_kernel_is_shown(tmp_path: Path) -> None:
    assert "twin" in text_of(tmp_path, shown({WIDGET: VIEW, "text/html": "<p>twin</p>", "text/plain": "VBox()"}))
    assert "the same as text" in text_of(tmp_path, shown({WIDGET: VIEW, "text/plain": "the same as text"}))
    assert "bold words" in text_of(tmp_path, shown({"text/markdown": "**bold** words", "text/plain": "plain"}))
    assert "a < b" in text_of(tmp_path, shown({"text/plain": "a < b"}))
    assert "An output that a page cannot show (application/x-own)." in text_of(
        tmp_path, shown({"application/x-own": "1"})
    )


@pytest.mark.parametrize(
    "plain", ["VBox(children=(HTML(value=''), Button(description='Apply')))", "A Jupyter Widget", ""]
)
def test_a_widget_without_a_twin_leaves_a_sentence(tmp_path: Path, plain: str) -> None:
    text = text_of(tmp_path, shown({WIDGET: VIEW, "text/plain": plain}))
    assert "A form stood here: it needs the notebook itself, and a kernel." in text
    assert "children" not in text
    assert "Jupyter Widget" not in text


def test_an_output_that_shows_nothing_takes_no_room(tmp_path: Path) -> None:
    html = html_of(tmp_path, shown({"text/html": "<pre style='color:red'> </pre>", "text/plain": ""}))
    assert 'class="output' not in html
    assert 'class="output' in html_of(tmp_path, shown({"text/html": "<svg><path d='M0 0'/></svg>"}))


def test_a_picture_keeps_its_description(tmp_path: Path) -> None:
    html = html_of(tmp_path, shown({"image/png": PIXEL + "\n", "text/plain": "a chart of <three> bars"}))
    assert f'<img src="data:image/png;base64,{PIXEL}" alt="a chart of &lt;three&gt; bars">' in html


def test_a_drawing_of_ours_takes_the_pages_colours_and_another_is_a_picture(tmp_path: Path) -> None:
    ours = '<svg viewBox="0 0 9 9" role="img" aria-label="#1f2328"><rect style="fill: #1f2328"/></svg>'
    html = html_of(tmp_path, shown({"image/svg+xml": ours}))
    assert 'style="fill: var(--ink)"' in html
    assert 'aria-label="#1f2328"' in html
    foreign = '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script><path d="M0 0"/></svg>'
    html = html_of(tmp_path, shown({"image/svg+xml": foreign}))
    assert f"data:image/svg+xml;base64,{base64.b64encode(foreign.encode()).decode()}" in html
    assert "alert" not in html


def test_an_error_is_one_sentence_before_its_traceback(tmp_path: Path) -> None:
    told = new_output("error", ename="UsageError", evalue="too <early>", traceback=["UsageError: too <early>"])
    html = html_of(tmp_path, prose("# Q"), code(told), code(count=None, source="later()"))
    assert "✗ Stopped here. UsageError: too <early>" in Page(html).text
    assert "Traceback" not in html  # it says the same
    assert '<a href="#cell-2">✗ It stopped at this cell</a>' in html
    assert 'id="cell-2"' in html
    assert "Code (not run)" in Page(html).text
    long = new_output("error", ename="ValueError", evalue="no", traceback=["\x1b[0;31mValueError\x1b[0m", "line <3>"])
    html = html_of(tmp_path, code(long))
    assert html.index("✗ Stopped here.") < html.index("<summary>Traceback</summary>")
    assert '<span class="ansi-red-fg">ValueError</span>' in html
    assert "line &lt;3&gt;" in html


def test_papermills_banner_gives_way_to_ours(tmp_path: Path) -> None:
    banner = prose("<span style='font-size:2em'>An Exception was encountered</span>")
    banner.metadata["tags"] = ["papermill-error-cell-tag"]
    assert "Exception was encountered" not in text_of(tmp_path, banner, code())


def test_streams_are_joined_told_apart_and_cannot_steer_the_page(tmp_path: Path) -> None:
    html = html_of(
        tmp_path,
        code(
            new_output("stream", name="stdout", text="one "),
            new_output("stream", name="stdout", text="<b>\x1b[32mtwo\x1b[0m\u202e\x07"),
            new_output("stream", name="stderr", text="a warning"),
        ),
    )
    assert 'one &lt;b&gt;<span class="ansi-green-fg">two</span>⟨U+202E⟩␇' in html
    assert "Standard error a warning" in Page(html).text


def test_parameters_are_named(tmp_path: Path) -> None:
    text = text_of(
        tmp_path,
        code(tags=("parameters",)),
        code(source="# Parameters\nrun_dir = 'runs/x'", count=2, tags=("injected-parameters",)),
    )
    assert "Parameters: everything this notebook can be told [1]" in text
    assert "Parameters given to this run, in place of those above [2] # Parameters" in text


def test_links_lead_to_pages_and_none_leads_nowhere(tmp_path: Path) -> None:
    links = "[next](02.ipynb#cell-3) [gone](10_find_settings.ipynb) [out](https://learn.microsoft.com/) [there](a.txt)"
    first = write(tmp_path / "01.ipynb", prose(links), shown({"text/html": '<a href="./02.ipynb">2</a>'}))
    second = write(tmp_path / "02.ipynb", prose("[back](01.ipynb)"))
    (tmp_path / "a.txt").write_text("a", encoding="utf-8")
    html, other = (path.read_text(encoding="utf-8") for path in write_pages([first, second]))
    assert '<a href="02.html#cell-3">next</a> <a>gone</a> <a href="https://learn.microsoft.com/">out</a>' in html
    assert '<a href="a.txt">there</a>' in html
    assert '<a href="02.html">2</a>' in html
    assert '<a href="01.html">back</a>' in other
    elsewhere = write_pages([first], out=tmp_path / "out")[0].read_text(encoding="utf-8")
    assert "<a>next</a>" in elsewhere  # its page is not written there


def test_a_picture_beside_the_notebook_is_taken_in_and_no_other_file(tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(b"above")
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "a.png").write_bytes(b"picture")
    (folder / "key.txt").write_text("key", encoding="utf-8")
    html = html_of(folder, prose("![beside](a.png) ![above](../secret.png) ![text](key.txt) ![no](b.png)"))
    assert re.findall(r'src="([^"]*)"', html) == [f"data:image/png;base64,{base64.b64encode(b'picture').decode()}"]
    assert "above text no" in Page(html).text


HOSTILE = {
    "script": "<script>alert(1)</script>",
    "unclosed script": "<script>alert(1)",
    "handler": "<b onclick='alert(1)' ONMOUSEOVER=alert(1)>x</b>",
    "picture": "<img src=https://evil.example/1.png srcset='https://evil.example/2.png 2x' onerror=alert(1)>",
    "frame": "<iframe srcdoc='<script>alert(1)</script>' src=https://evil.example></iframe>",
    "object": "<object data=https://evil.example><embed src=https://evil.example></object>",
    "head": "<base href=https://evil.example><link rel=stylesheet href=https://evil.example/a.css>",
    "refresh": "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "form": "<form action=https://evil.example><button formaction=https://evil.example>go</button></form>",
    "address": "<a href='java\nscript:alert(1)'>a</a><a href=' &#1;javascript:alert(1)'>b</a>",
    "data": "<a href='data:text/html,<b onclick=alert(1)>'>a</a><img src='data:text/html,alert(1)'>",
    "import": "<style>@import 'https://evil.example/a.css'; p { color: red }</style>",
    "style": "<p style='background: url(https://evil.example)'>x</p>",
    "set": "<p style='background: image-set(\"https://evil.example\" 1x)'>x</p>",
    "drawing": "<svg><style><img src=x onerror=alert(1)></style><image href=https://evil.example /></svg>",
    "use": "<svg><use href='https://evil.example#a'/><use xlink:href='https://evil.example#a'/></svg>",
    "animation": "<svg><a><animate attributeName=href values=javascript:alert(1) /><text>x</text></a></svg>",
    "comment": "<!--><script>alert(1)</script>-->",
    "noscript": '<noscript><p title="</noscript><script>alert(1)</script>"></noscript>',
    "template": "<template><script>alert(1)</script></template>",
    "textarea": "<textarea></textarea><script>alert(1)</script>",
    "section": "<![CDATA[<script>alert(1)</script>]]>",
    "foreign": "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style></mglyph></table></mtext>",
    "video": "<video src=https://evil.example poster=https://evil.example></video><audio src=https://evil.example>",
    "deep": "<div>" * 1000 + "x",
}


@pytest.mark.parametrize("html", HOSTILE.values(), ids=HOSTILE)
def test_what_is_hostile_neither_runs_nor_loads(html: str) -> None:
    page = Page(str(inert(html)))
    assert not set(page.tags) & {
        "script",
        "iframe",
        "object",
        "embed",
        "link",
        "base",
        "meta",
        "form",
        "image",
        "animate",
    }
    assert not [name for name, _ in page.attributes if name.lower().startswith(("on", "form"))]
    assert not [value for _, value in page.attributes if "evil.example" in value or "script:" in value]
    assert "evil.example" not in str(inert(html))
    assert "alert" not in str(inert(html))


def test_a_hostile_notebook_makes_an_inert_page(tmp_path: Path) -> None:
    cells = [prose(text) for text in HOSTILE.values()]
    cells += [shown({"text/html": text}) for text in HOSTILE.values()]
    cells += [shown({"application/javascript": "alert(1)", "text/plain": "plain"}), code(source="</code><script>")]
    html = html_of(tmp_path, *cells)
    page = Page(html)
    assert not set(page.tags) & {"script", "iframe", "object", "embed", "link", "base", "form"}
    assert "evil.example" not in [value for _, value in page.attributes]
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
    assert f'http-equiv="Content-Security-Policy" content="{policy}"' in html
    assert not {name for name, _ in page.attributes if name.startswith("on")}


def test_what_is_harmless_stays() -> None:
    html = (
        '<style>table.x td{color:red}</style><details open=""><summary>s</summary><pre dir="auto">p</pre></details>'
        '<table aria-label="see image(1)"><caption>c</caption><tr><th scope="row">h</th></tr></table>'
        '<svg viewbox="0 0 1 1"><clippath id="a"><rect></rect></clippath><g clip-path="url(#a)"></g></svg>'
        '<a href="#x">x</a><a href="mailto:a@b.example">m</a>'
    )
    assert str(inert(html)) == html


DAMAGED = {
    "empty": "",
    "half": '{"cells": [',
    "object": "{}",
    "list": "[]",
    "null": "null",
    "cells": '{"cells": "x", "nbformat": 4, "nbformat_minor": 5, "metadata": {}}',
    "later": '{"cells": [], "nbformat": 9, "nbformat_minor": 5, "metadata": {}}',
    "bytes": "\udcff",
    "deep": "[" * 100_000,
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_notebook_is_one_sentence_and_no_page(tmp_path: Path, content: str) -> None:
    good, bad = write(tmp_path / "good.ipynb", code()), tmp_path / "bad.ipynb"
    bad.write_text(content, encoding="utf-8", errors="surrogateescape")
    with pytest.raises(UsageError, match=r"bad\.ipynb is damaged or no notebook: run it again$"):
        write_pages([good, bad])
    assert not list(tmp_path.glob("*.html"))


def test_a_missing_attachment_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"is damaged \(missing attachment: a\.png\): run it again$"):
        html_of(tmp_path, prose("![a](attachment:a.png)"))


def test_a_notebook_of_an_older_form_or_without_ids_is_no_damage(tmp_path: Path) -> None:
    path = tmp_path / "old.ipynb"
    path.write_text(
        '{"cells": [{"cell_type": "markdown", "metadata": {}, "source": ["# Old"]}], "nbformat": 4, '
        '"nbformat_minor": 5, "metadata": {"papermill": null}}',
        encoding="utf-8",
    )
    assert "<title>Old</title>" in write_pages([path])[0].read_text(encoding="utf-8")


def test_two_of_one_name_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    twins = [write(tmp_path / place / "01.ipynb", code()) for place in ("a", "b")]
    with pytest.raises(UsageError, match=r"01\.html would be written twice: "):
        write_pages(twins, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_pages_are_private(tmp_path: Path) -> None:
    (path,) = write_pages([write(tmp_path / "note.ipynb", code())], out=tmp_path / "deep" / "out")
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert sorted(path.parent.iterdir()) == [path]


def test_places_are_notebooks_or_run_folders(tmp_path: Path) -> None:
    paths = [write(tmp_path / "run" / "notebooks" / f"{name}.ipynb", code()) for name in ("01", "00")]
    assert notebooks_of(tmp_path / "run") == sorted(paths)
    assert notebooks_of(paths[0]) == [paths[0]]


def test_the_command_names_each_page(tmp_path: Path) -> None:
    write(tmp_path / "a.ipynb", code())
    done = command("a.ipynb", "--out", "pages", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"wrote {Path('pages') / 'a.html'}\n", "")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ("nowhere",),
            "nowhere is not there: give the folder that `gateway-workbook run` told at its end, or notebooks",
        ),
        (("empty",), "empty holds no executed notebook: give the folder that "),
        (("a.txt",), "a.txt is no notebook: give the folder that "),
        (("bad.ipynb",), "bad.ipynb is damaged or no notebook: run it again"),
        (("good.ipynb", "--out", "a.txt"), "a.txt cannot be written (File exists): take another --out"),
        (("good.ipynb", "--out", "a.txt/b"), "a.txt/b cannot be written (Not a directory): take another --out"),
        (("page/good.ipynb",), "good.html is a folder: name a file"),
    ],
)
def test_a_mistake_is_one_sentence(tmp_path: Path, words: tuple[str, ...], sentence: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "page" / "good.html").mkdir(parents=True)
    (tmp_path / "a.txt").write_text("a", encoding="utf-8")
    (tmp_path / "bad.ipynb").write_text("{", encoding="utf-8")
    write(tmp_path / "good.ipynb", code())
    write(tmp_path / "page" / "good.ipynb", code())
    done = command(*words, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1
