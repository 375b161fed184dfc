"""The import rule: top to bottom in one list, edges imported by nothing, two packages that never meet."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SRC = Path(__file__).parents[2] / "src"

# The order of the layers: a module may import those before it, never those after it.
ORDER = [
    "errors",
    "visible",
    "inert",
    "workers",
    "progress",
    "front_end",
    "secrets",
    "workbook",
    "whole_files",
    "document",
    "profile_rules",
    "profile_note",
    "parameter_file",
    "arm_resource",
    "shell",
    "arm_template",
    "az_rest",
    "az_yaml",
    "bicep_value",
    "bicep",
    "reading",
    "profile",
    "field",
    "profile_fields",
    "profile_values",
    "yaml_edit",
    "profile_change",
    "connection",
    "usual",
    "difference",
    "finding",
    "stored",
    "metadata_rules",
    "resource_rules",
    "check",
    "bounded",
    "network",
    "exchange",
    "curl",
    "masking",
    "wire_exchange",
    "wire_curl",
    "wire_view",
    "wire",
    "wire_sdk",
    "streaming",
    "sign_in",
    "authentication",
    "gateway",
    "observation",
    "changes",
    "rule",
    "gateway_words",
    "network_rules",
    "admission_rules",
    "answer_rules",
    "diagnosis",
    "discovery",
    "preview",
    "neighbours",
    "mending",
    "checkup",
    "probe_url",
    "probe_budget",
    "probe_plan",
    "probe_header",
    "probe_asking",
    "probe_profile",
    "probe_evidence",
    "probe_verdict",
    "probe",
    "sandbox_process",
    "target",
    "export",
    "importing",
    "ledger",
    "arm",
    "examination",
    "gateway_tools",
    "readiness_calls",
    "chat_checks",
    "tool_checks",
    "streaming_checks",
    "readiness_checks",
    "readiness",
    "openapi",
    "answer",
    "tool_fields",
    "tool",
    "tools",
    "definition",
    "client_functions",
    "agents",
    "suite",
    "validation",
    "gateway_log",
    "agent_rules",
    "triage",
    "route_proof",
    "log_proof",
    "tool_log",
    "run",
    "stages",
    "step_rail",
    "headline",
    "grid",
    "pager",
    "table",
    "frames",
    "connection_facts",
    "view",
    "views",
    "formats",
    "chart",
    "figures",
    "report",
    "junit",
    "notebook_cells",
    "html_export",
    "progress_line",
    "step",
    "probe_session",
    "prerequisites",
    "cleanup",
    "creation",
]
EDGES = [
    "controls",
    "form",
    "profile_form",
    "forms",
    "mend_form",
    "walkthrough",
    "page_server",
    "kernel",
    "batch",
    "cli_target",
    "cli_check",
    "cli_diagnose",
    "cli_forms",
    "cli_html",
    "cli_page",
    "cli_probe",
    "cli_readiness",
    "cli",
    "cli_triage",
]


def modules(package: str) -> list[Path]:
    return sorted((SRC / package).glob("*.py"))


def imported(path: Path) -> set[str]:
    """Dotted names a file imports anywhere, also inside functions and under TYPE_CHECKING."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide the direction"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def running_imports(path: Path) -> set[str]:
    """The same without what only a type checker reads: types may point either way."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = [ast.Pass()]
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def own(names: set[str]) -> set[str]:
    """Which of our modules these names come from."""
    prefix = "gateway_workbook."
    return {name.removeprefix(prefix).split(".")[0] for name in names if name.startswith(prefix)}


def test_every_module_has_its_place_in_the_order() -> None:
    assert {path.stem for path in modules("gateway_workbook")} - {"__init__"} == {*ORDER, *EDGES}


@pytest.mark.parametrize("path", modules("gateway_workbook"), ids=lambda path: path.stem)
def test_library_modules_import_only_what_stands_before_them(path: Path) -> None:
    if path.stem in ("__init__", *EDGES):
        return
    before = set(ORDER[: ORDER.index(path.stem)])
    names = own(running_imports(path)) & {*ORDER, *EDGES}
    assert names <= before


@pytest.mark.parametrize("path", modules("gateway_workbook"), ids=lambda path: path.stem)
def test_edges_are_imported_by_nothing_but_edges(path: Path) -> None:
    if path.stem not in EDGES:
        assert not own(imported(path)) & set(EDGES)


@pytest.mark.parametrize(
    ("package", "other"), [("gateway_workbook", "foundry_sandbox"), ("foundry_sandbox", "gateway_workbook")]
)
def test_library_and_sandbox_never_meet(package: str, other: str) -> None:
    meeting = [path.name for path in modules(package) if any(name.split(".")[0] == other for name in imported(path))]
    assert not meeting
