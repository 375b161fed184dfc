"""The samples of azure-ai-projects as its authors publish them: from its source distribution, not a byte changed."""

from __future__ import annotations

import tarfile
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Clients

pytestmark = [pytest.mark.clients, pytest.mark.usefixtures("others", "written")]
FOLDERS: Final = ("agents", "connections", "deployments", "responses")
GATEWAY: Final = "sandbox-apim/gpt-4o"
OWN: Final = "gpt-4o-mini"

# Samples by the model they are given. Where a tool is not for gateway models, the project's own model has to answer.
# They run to their end; what most tools find is made up by the sandbox, which says so.
ON_THE_GATEWAY: Final = (
    *("agents/sample_agent_basic", "agents/sample_agent_basic_async", "agents/sample_agent_retrieve_basic"),
    *("agents/sample_agent_retrieve_basic_async", "agents/sample_agent_stream_events"),
    *("agents/sample_agent_structured_output", "agents/sample_agent_structured_output_async"),
    *("agents/tools/sample_agent_browser_automation", "agents/tools/sample_agent_code_interpreter"),
    *("agents/tools/sample_agent_code_interpreter_async", "agents/tools/sample_agent_fabric"),
    *("agents/tools/sample_agent_function_tool", "agents/tools/sample_agent_function_tool_async"),
    *("agents/tools/sample_agent_mcp", "agents/tools/sample_agent_mcp_async"),
    *("agents/tools/sample_agent_mcp_with_project_connection",),
    *("agents/tools/sample_agent_mcp_with_project_connection_async", "agents/tools/sample_agent_openapi"),
    *("agents/tools/sample_agent_openapi_with_project_connection", "agents/tools/sample_agent_sharepoint"),
    *("connections/sample_connections", "connections/sample_connections_async"),
    *("responses/sample_responses_basic", "responses/sample_responses_basic_async"),
    "responses/sample_responses_basic_without_aiprojectclient",
    "responses/sample_responses_basic_without_aiprojectclient_async",
    *("responses/sample_responses_image_input", "responses/sample_responses_stream_events"),
    *("responses/sample_responses_stream_manager", "responses/sample_responses_structured_output"),
)
ON_ITS_OWN: Final = (
    *("agents/tools/sample_agent_ai_search", "agents/tools/sample_agent_azure_function"),
    *("agents/tools/sample_agent_bing_custom_search", "agents/tools/sample_agent_bing_grounding"),
    *("agents/tools/sample_agent_fabric_iq", "agents/tools/sample_agent_fabric_iq_async"),
    *("agents/tools/sample_agent_image_generation", "agents/tools/sample_agent_image_generation_async"),
    *("agents/tools/sample_agent_to_agent", "agents/tools/sample_agent_web_iq"),
    *("agents/tools/sample_agent_web_search", "agents/tools/sample_agent_web_search_preview"),
    *("agents/tools/sample_agent_web_search_with_custom_search", "agents/tools/sample_agent_work_iq"),
    *("agents/tools/sample_agent_work_iq_async", "deployments/sample_deployments"),
    "deployments/sample_deployments_async",
)
# What is left out, by the beginning of its path, and why.
LEFT_OUT: Final = {
    "agents/optimization/": "optimization jobs are not played here",
    "agents/sample_external_agents_crud": "external agents: only prompt agents are played here",
    "agents/sample_workflow_multi_agent": "workflow agents: only prompt agents are played here",
    "agents/telemetry/": "they send traces to Azure Monitor or want a tracing package; their calls are those of others",
    "agents/tools/sample_agent_code_interpreter_structured_inputs": "uploads a file: no files are kept here",
    "agents/tools/sample_agent_code_interpreter_with_files": "uploads a file: no files are kept here",
    "agents/tools/sample_agent_computer_use": "wants a deployment computer-use-preview",
    "agents/tools/sample_agent_file_search": "makes a vector store: none are kept here",
    "agents/tools/sample_agent_memory_search": "memory stores are not played here",
    "agents/tools/sample_toolbox": "toolboxes are not played here",
    "agents/voice/": "voice agents: only prompt agents are played here",
    "responses/sample_responses_model_router": "wants a deployment model-router",
}

TOOLS: Final = (
    *("A2A", "AI_SEARCH", "BING", "BING_CUSTOM_SEARCH", "BROWSER_AUTOMATION", "FABRIC", "FABRIC_IQ", "MCP"),
    *("OPENAPI", "SHAREPOINT", "WEB_IQ", "WORK_IQ"),
)
# Some ask at the keyboard unless a variable answers.
QUESTIONS: Final = ("A2A", "AI_SEARCH", "BING_CUSTOM", "FABRIC", "FABRIC_IQ", "SHAREPOINT", "WEB_IQ", "WORK_IQ")
VARIABLES: Final = {
    **{f"{tool}_PROJECT_CONNECTION_ID": "beside-00" for tool in TOOLS},
    **{f"{tool}_USER_INPUT": "What is the capital of France?" for tool in QUESTIONS},
    "A2A_ENDPOINT": "https://agent.example",
    "AI_SEARCH_INDEX_NAME": "index",
    "BING_CUSTOM_SEARCH_INSTANCE_NAME": "instance",
    "CONNECTION_NAME": "sandbox-default",
    "IMAGE_GENERATION_MODEL_DEPLOYMENT_NAME": "gpt-image",
    "MODEL_NAME": OWN,
    "MODEL_PUBLISHER": "OpenAI",
    "STORAGE_INPUT_QUEUE_NAME": "in",
    "STORAGE_OUTPUT_QUEUE_NAME": "out",
    "STORAGE_QUEUE_SERVICE_ENDPOINT": "https://queue.example",
}


@pytest.fixture(scope="session")
def samples(clients_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    (archive,) = (clients_python.parents[1] / "sdist").glob("azure_ai_projects-*.tar.gz")
    folder = tmp_path_factory.mktemp("samples")
    with tarfile.open(archive) as sdist:
        wanted = [member for member in sdist if "/samples/" in member.name]
        sdist.extractall(folder, members=wanted, filter="data")
    return next(folder.iterdir()) / "samples"


def test_every_sample_is_run_or_left_out_for_a_reason(samples: Path) -> None:
    found = {
        path.relative_to(samples).with_suffix("").as_posix()
        for folder in FOLDERS
        for path in (samples / folder).rglob("sample_*.py")
    }
    run = {*ON_THE_GATEWAY, *ON_ITS_OWN}
    assert run <= found
    assert [name for name in sorted(found - run) if not name.startswith(tuple(LEFT_OUT))] == []
    assert [start for start in LEFT_OUT if not any(name.startswith(start) for name in found - run)] == []


@pytest.mark.parametrize("sample", ON_THE_GATEWAY)
def test_a_sample_runs_to_its_end_on_a_gateway_model(clients: Clients, samples: Path, sample: str) -> None:
    run(clients, samples / f"{sample}.py", model=GATEWAY)


@pytest.mark.parametrize("sample", ON_ITS_OWN)
def test_a_sample_runs_to_its_end_on_the_projects_own_model(clients: Clients, samples: Path, sample: str) -> None:
    run(clients, samples / f"{sample}.py", model=OWN)


def run(clients: Clients, sample: Path, *, model: str) -> None:
    variables = {
        **VARIABLES,
        "FOUNDRY_AGENT_NAME": sample.stem.replace("_", "-"),
        "FOUNDRY_MODEL_NAME": model,
        "FOUNDRY_PROJECT_ENDPOINT": clients.environment["AZURE_AI_PROJECT_ENDPOINT"],
    }
    assert clients.run(sample, **variables).strip(), "it said nothing"
