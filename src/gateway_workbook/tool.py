"""The tools of a prompt agent as people write them: one small model each, turned into the SDK's own class."""

from __future__ import annotations

__all__ = ["TOOLS", "AgentTool", "AnyTool", "Function", "McpServer", "OpenApi", "Surroundings"]

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from gateway_workbook.secrets import SecretReference, is_reference
from gateway_workbook.tool_fields import Authorization, Headers, Name, Sample, Schema, Spec, Text, Url

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from azure.ai.projects.models import Tool

    from gateway_workbook.answer import ToolCall


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What tools need of the place they are deployed to; each raises a sentence when it cannot."""

    locate: Callable[[str], str]
    spec: Callable[[str], Mapping[str, Any]]
    secret: Callable[[SecretReference], str]
    connection_id: Callable[[str], str]


class AgentTool(BaseModel):
    """What every tool has: a `type`, a `name` that stands once in its file, and its class in the SDK."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: str
    name: Name
    _items: ClassVar[tuple[str, ...]]

    def sdk(self, around: Surroundings) -> Tool:
        """The SDK's tool."""
        raise NotImplementedError

    def made(self, call: ToolCall) -> bool:
        """Whether a call of an agent was a call of this tool."""
        return call.type.startswith(self._items)

    @property
    def about(self) -> str:
        """What a reader should know of it beside its name."""
        return ""


class CodeInterpreter(AgentTool):
    """Runs the model's Python where Foundry runs it; `files` are ids of uploaded files."""

    type: Literal["code_interpreter"]
    name: Name = "code_interpreter"
    files: tuple[Text, ...] = ()
    _items = ("code_interpreter",)

    def sdk(self, around: Surroundings) -> Tool:
        """The SDK's tool."""
        from azure.ai.projects.models import AutoCodeInterpreterToolParam, CodeInterpreterTool

        del around
        return CodeInterpreterTool(container=AutoCodeInterpreterToolParam(file_ids=list(self.files)))

    @property
    def about(self) -> str:
        """Its files."""
        return ", ".join(self.files) or "no files"


class Function(AgentTool):
    """A function of the client's; `sample_output` is what the workbook gives back when the agent calls it."""

    type: Literal["function"]
    name: Name
    description: Text
    parameters: Schema
    strict: bool = False
    sample_output: Sample
    _items = ("function_call",)

    def sdk(self, around: Surroundings) -> Tool:
        """The SDK's tool."""
        from azure.ai.projects.models import FunctionTool

        del around
        return FunctionTool(
            name=self.name, description=self.description, parameters=self.parameters, strict=self.strict
        )

    def made(self, call: ToolCall) -> bool:
        """Functions are told apart by their names."""
        return super().made(call) and call.name == self.name

    @property
    def about(self) -> str:
        """Its description."""
        return self.description


class FileSearch(AgentTool):
    """Searches the project's vector stores, named by their ids."""

    type: Literal["file_search"]
    name: Name = "file_search"
    vector_stores: Annotated[tuple[Text, ...], Field(min_length=1)]
    max_results: Annotated[int, Field(ge=1, le=50)] | None = None
    _items = ("file_search",)

    def sdk(self, around: Surroundings) -> Tool:
        """The SDK's tool."""
        from azure.ai.projects.models import FileSearchTool

        del around
        return FileSearchTool(vector_store_ids=list(self.vector_stores), max_num_results=self.max_results)

    @property
    def about(self) -> str:
        """Its vector stores."""
        return ", ".join(self.vector_stores)


class OpenApi(AgentTool):
    """A web service by its OpenAPI document: written out, in a file beside the tools file, or at a URL.

    Called anonymously, unless with a project's `connection` or the project's identity for an `audience`.
    """

    type: Literal["openapi"]
    name: Name
    description: Text
    spec: Spec
    connection: Text | None = None
    audience: Text | None = None
    _items = ("openapi",)

    @model_validator(mode="after")
    def _one_authentication(self) -> Self:
        if self.connection and self.audience:
            raise ValueError("has both a connection and an audience; keep the one the service wants")
        return self

    def sdk(self, around: Surroundings) -> Tool:
        """The SDK's tool; fetches the document where it is at a URL."""
        from azure.ai.projects.models import OpenApiFunctionDefinition, OpenApiTool

        spec = around.spec(around.locate(self.spec)) if isinstance(self.spec, str) else self.spec
        return OpenApiTool(
            openapi=OpenApiFunctionDefinition(
                name=self.name, description=self.description, spec=dict(spec), auth=self._authentication(around)
            )
        )

    def _authentication(self, around: Surroundings) -> Any:
        from azure.ai.projects import models as sdk

        if self.connection:
            scheme = sdk.OpenApiProjectConnectionSecurityScheme(
                project_connection_id=around.connection_id(self.connection)
            )
            return sdk.OpenApiProjectConnectionAuthDetails(security_scheme=scheme)
        if self.audience:
            return sdk.OpenApiManagedAuthDetails(
                security_scheme=sdk.OpenApiManagedSecurityScheme(audience=self.audience)
            )
        return sdk.OpenApiAnonymousAuthDetails()

    @property
    def about(self) -> str:
        """Where its document is, or what that calls itself."""
        return self.spec if isinstance(self.spec, str) else str(self.spec["info"]["title"])


class McpServer(AgentTool):
    """A server of the Model Context Protocol; `name` is its label. Header values may be references to secrets."""

    type: Literal["mcp"]
    name: Name
    url: Url
    description: Text | None = None
    allowed_tools: tuple[Text, ...] = ()
    require_approval: Literal["always", "never"] = "always"
    connection: Text | None = None
    headers: Headers = Field(default_factory=dict)
    authorization: Authorization = None
    _items = ("mcp_call",)

    def sdk(self, around: Surroundings) -> Tool:
        """The SDK's tool, with the values of the secrets it refers to."""
        from azure.ai.projects.models import MCPTool

        headers = {
            name: around.secret(SecretReference.parse(value)) if is_reference(value) else value
            for name, value in self.headers.items()
        }
        return MCPTool(
            server_label=self.name,
            server_url=around.locate(self.url),
            server_description=self.description,
            allowed_tools=list(self.allowed_tools) or None,
            require_approval=self.require_approval,
            project_connection_id=around.connection_id(self.connection) if self.connection else None,
            headers=headers or None,
            authorization=around.secret(self.authorization) if self.authorization else None,
        )

    def made(self, call: ToolCall) -> bool:
        """Servers are told apart by their labels."""
        return super().made(call) and call.server == self.name

    @property
    def about(self) -> str:
        """Its URL, without what a query may hold."""
        return self.url.partition("?")[0]


class FoundryIq(AgentTool):
    """A knowledge base of Foundry IQ, at the MCP endpoint of its search service."""

    type: Literal["foundry_iq"]
    name: Name = "foundry_iq"
    search_url: Url
    knowledge_base: Name
    connection: Text
    api_version: Text = "2025-11-01-preview"
    _items = ("mcp_call",)

    def sdk(self, around: Surroundings) -> Tool:
        """The SDK's MCP tool: there is no class for a knowledge base."""
        from azure.ai.projects.models import MCPTool

        base = around.locate(self.search_url).rstrip("/")
        return MCPTool(
            server_label=self.name,
            server_url=f"{base}/knowledgebases/{self.knowledge_base}/mcp?api-version={self.api_version}",
            allowed_tools=["knowledge_base_retrieve"],
            require_approval="never",
            project_connection_id=around.connection_id(self.connection),
        )

    def made(self, call: ToolCall) -> bool:
        """Servers are told apart by their labels."""
        return super().made(call) and call.server == self.name

    @property
    def about(self) -> str:
        """Which knowledge base."""
        return f"{self.knowledge_base} at {self.search_url}"


class _Connected(AgentTool):
    """A tool that is nothing but a connection of the project."""

    connection: Text

    @property
    def about(self) -> str:
        """Its connection."""
        return f"connection {self.connection}"


class SharePoint(_Connected):
    """Answers from a SharePoint site, through a connection of the project."""

    type: Literal["sharepoint"]
    name: Name = "sharepoint"
    _items = ("sharepoint",)

    def sdk(self, around: Surroundings) -> Tool:
        """The SDK's tool."""
        from azure.ai.projects import models as sdk

        connection = sdk.ToolProjectConnection(project_connection_id=around.connection_id(self.connection))
        return sdk.SharepointPreviewTool(
            sharepoint_grounding_preview=sdk.SharepointGroundingToolParameters(project_connections=[connection])
        )


class FabricDataAgent(_Connected):
    """Asks a data agent of Microsoft Fabric, through a connection of the project."""

    type: Literal["fabric_data_agent"]
    name: Name = "fabric_data_agent"
    _items = ("fabric",)

    def sdk(self, around: Surroundings) -> Tool:
        """The SDK's tool."""
        from azure.ai.projects import models as sdk

        connection = sdk.ToolProjectConnection(project_connection_id=around.connection_id(self.connection))
        return sdk.MicrosoftFabricPreviewTool(
            fabric_dataagent_preview=sdk.FabricDataAgentToolParameters(project_connections=[connection])
        )


class BrowserAutomation(_Connected):
    """Drives a browser of Azure Playwright, through a connection of the project."""

    type: Literal["browser_automation"]
    name: Name = "browser_automation"
    _items = ("browser_automation", "remote_function_call")

    def sdk(self, around: Surroundings) -> Tool:
        """The SDK's tool."""
        from azure.ai.projects import models as sdk

        connection = sdk.BrowserAutomationToolConnectionParameters(
            project_connection_id=around.connection_id(self.connection)
        )
        return sdk.BrowserAutomationTool(browser_automation=sdk.BrowserAutomationToolParameters(connection=connection))


AnyTool = Annotated[
    CodeInterpreter
    | Function
    | FileSearch
    | OpenApi
    | FoundryIq
    | SharePoint
    | FabricDataAgent
    | McpServer
    | BrowserAutomation,
    Field(discriminator="type"),
]
TOOLS: Final[Mapping[str, type[AgentTool]]] = {
    "code_interpreter": CodeInterpreter,
    "function": Function,
    "file_search": FileSearch,
    "openapi": OpenApi,
    "foundry_iq": FoundryIq,
    "sharepoint": SharePoint,
    "fabric_data_agent": FabricDataAgent,
    "mcp": McpServer,
    "browser_automation": BrowserAutomation,
}
