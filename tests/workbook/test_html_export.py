"""Pages of notebooks that were run: the whole walk, a walk that failed, and the command on its folder."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.report.page import Page

from .conftest import NOTEBOOKS, Workbook

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Outcome

STEPS = [path.stem for path in sorted(NOTEBOOKS.glob("0*.ipynb"))]
LOADING = {"script", "link", "img", "iframe", "object", "embed", "base", "form", "source", "video", "audio"}


@pytest.fixture(scope="module")
def walk(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return Workbook(environment, tmp_path_factory.mktemp("walk") / "run").run()


def pages(outcome: Outcome) -> dict[str, str]:
    there = sorted((outcome.folder / "notebooks").glob("*.html"))
    return {path.stem: path.read_text(encoding="utf-8") for path in there}


def question(step: str) -> str:
    found = re.search(r'"# (.*?)(?:\\n)?"', (NOTEBOOKS / f"{step}.ipynb").read_text(encoding="utf-8"))
    assert found is not None
    return found[1]


def test_a_run_leaves_a_page_of_each_notebook(walk: Outcome) -> None:
    assert walk.code == 0, walk.output
    assert list(pages(walk)) == STEPS
    for step, html in pages(walk).items():
        text = Page(html).text
        assert f"<title>{question(step)}</title>" in html
        assert "✓ passed, " in text
        assert walk.found(step) in text
        assert "(not run)" not in text
        assert "Jupyter Widget" not in text
        assert "A form stood here" not in text
        assert "\x1b" not in html


def test_pages_load_nothing_and_run_nothing(walk: Outcome) -> None:
    for step, html in pages(walk).items():
        page = Page(html)
        assert not set(page.tags) & LOADING, step
        assert not [name for name, _ in page.attributes if name.startswith("on") or name in ("src", "srcset")], step
        css = [*re.findall(r"<style>(.*?)</style>", html, re.DOTALL), *(value for _, value in page.attributes)]
        assert len(css) > 100, step
        urls = [url for text in css for url in re.findall(r"\burl\(\s*['\"]?([^)]*)", text)]
        assert all(url.startswith("#") for url in urls), step
        assert not [text for text in css if "@import" in text], step
        assert page.unbalanced == [], step


def test_tables_and_the_charts_description_are_on_the_page(walk: Outcome) -> None:
    html = pages(walk)["02_discover_models"]
    assert "<table" in html
    assert "<th scope" in html
    text = Page(html).text
    for words in ("gpt-4o-mini", "✗ no", "its model is retired"):
        assert words in text
    assert re.search(r'<svg[^>]*aria-label="Which deployments are listed', html)
    assert "fill: #ffffff" not in html  # a chart has the page's colours


def test_every_link_leads_somewhere(walk: Outcome) -> None:
    for step, html in pages(walk).items():
        ids = {value for name, value in Page(html).attributes if name == "id"}
        hrefs = [value for name, value in Page(html).attributes if name == "href"]
        for href in hrefs:
            path, _, fragment = href.partition("#")
            assert not path.endswith(".ipynb"), (step, href)
            outward = path.startswith(("https://", "http://127.0.0.1:"))  # the second is the portal
            assert outward or (walk.folder / "notebooks" / path).exists(), (step, href)
            assert path or fragment in ids, (step, href)
        assert {f"{other}.html" for other in STEPS if other != step} | {"../report.html"} <= set(hrefs)
    report = (walk.folder / "report.html").read_text(encoding="utf-8")
    assert re.findall(r'href="(notebooks/[^"]*)"', report) == [f"notebooks/{step}.html" for step in STEPS]


def test_pages_are_for_their_owner(walk: Outcome) -> None:
    folder = walk.folder / "notebooks"
    assert folder.stat().st_mode & 0o077 == 0
    assert {path.stat().st_mode & 0o777 for path in folder.glob("*.html")} == {0o600}
    assert not [path for path in folder.iterdir() if path.suffix not in (".html", ".ipynb")]


def test_a_run_that_failed_says_where_and_why(workbook: Workbook, environment: dict[str, str], tmp_path: Path) -> None:
    wrong = Workbook(environment | {"SANDBOX_API_KEY": "not-the-key"}, workbook.folder)
    outcome = wrong.run()
    assert outcome.code == 1, outcome.output
    there = pages(outcome)
    assert list(there) == [*STEPS[:3], STEPS[5]]
    html = there["02_discover_models"]
    text = Page(html).text
    assert "✗ failed, " in text
    assert "✗ Stopped here. CheckpointFailed: " in text
    assert "An Exception was encountered" not in text
    assert "not-the-key" not in html
    (stopped,) = re.findall(r'<a href="#(cell-\d+)">✗ It stopped at this cell</a>', html)
    cell = html.index(f'id="{stopped}"')
    assert cell < html.index("✗ Stopped here.") < html.index('class="prose"', cell)
    again = wrong.command("html", str(outcome.folder), "--out", str(tmp_path / "pages"))
    assert again.code == 0, again.output
    assert sorted(path.name for path in (tmp_path / "pages").iterdir()) == [f"{step}.html" for step in there]
    assert 'href="../run/report.html"' in (tmp_path / "pages" / "00_start_here.html").read_text(encoding="utf-8")


def test_cleaning_up_later_makes_its_page(workbook: Workbook) -> None:
    kept = workbook.run("--keep")
    assert kept.code == 0, kept.output
    assert list(pages(kept)) == STEPS[:5]
    assert workbook.command("clean-up", str(kept.folder)).code == 0
    assert list(pages(kept)) == STEPS
    assert "✓ passed, " in Page(pages(kept)[STEPS[5]]).text
