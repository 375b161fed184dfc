"""The definitions of tools, checked field by field before an agent or a request may carry them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from foundry_sandbox.openapi_document import DocumentError, operations
from foundry_sandbox.refusal import RefusalError, invalid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    Tool = Mapping[str, Any]

# The article's nine tools (November 2025) by their names on the wire; Foundry IQ is reached through "mcp".
GATEWAY_TOOLS = frozenset(
    {
        *("code_interpreter", "function", "file_search", "openapi", "mcp", "sharepoint_grounding_preview"),
        *("fabric_dataagent_preview", "browser_automation", "browser_automation_preview"),
    }
)

FUNCTION_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
APPROVALS = ("always", "never")
NAMES: Mapping[type, str] = {str: "text", dict: "an object", list: "a list"}


def check_tools(tools: object, *, model: str) -> None:
    """Refuse tools that are malformed, or that do not work with a gateway model."""
    if not isinstance(tools, list) or not all(
        isinstance(tool, dict) and isinstance(tool.get("type"), str) for tool in tools
    ):
        raise invalid("'tools' must be a list of objects, each with a 'type'")
    refused = [tool["type"] for tool in tools if tool["type"] not in GATEWAY_TOOLS]
    if refused and "/" in model:
        known = ", ".join(sorted(GATEWAY_TOOLS))
        raise invalid(f"tool {', '.join(refused)} does not work with the gateway model {model!r}: use {known}")
    for index, tool in enumerate(tools):
        check = CHECKS.get(tool["type"])
        if check is not None:
            check(tool, f"tools[{index}]")
    _check_distinct((tool["name"] for tool in tools if tool["type"] == "function"), what="function 'name'")
    _check_distinct((tool["server_label"] for tool in tools if tool["type"] == "mcp"), what="'server_label'")


def _check_function(tool: Tool, where: str) -> None:
    if "function" in tool and "name" not in tool:
        raise _wrong(f"{where}.name", "is missing", "name, description and parameters stand flat beside 'type'")
    name = _needed(tool, f"{where}.name", kind=str, mend="give the function a name")
    if not FUNCTION_NAME.fullmatch(name):
        raise _wrong(f"{where}.name", f"is {name!r}", "use 1 to 64 letters, digits, _ or -")
    _optional(tool, f"{where}.parameters", kind=dict, mend="send a JSON schema")


def _check_code_interpreter(tool: Tool, where: str) -> None:
    container = tool.get("container")
    if isinstance(container, dict) and container.get("type") != "auto":
        raise _wrong(f"{where}.container.type", f"is {container.get('type')!r}", "send 'auto'")
    if not isinstance(container, str | dict | None):
        raise _wrong(f"{where}.container", "is neither an id nor an object", "send {'type': 'auto'} or leave it out")


def _check_file_search(tool: Tool, where: str) -> None:
    mend = "list the ids of the vector stores to search"
    stores = _needed(tool, f"{where}.vector_store_ids", kind=list, mend=mend)
    if not stores or not all(isinstance(store, str) for store in stores):
        raise _wrong(f"{where}.vector_store_ids", "names no vector store", mend)


def _check_openapi(tool: Tool, where: str) -> None:
    described = _needed(tool, f"{where}.openapi", kind=dict, mend="describe the service in it")
    where = f"{where}.openapi"
    _needed(described, f"{where}.name", kind=str, mend="give the service a name")
    spec = _needed(described, f"{where}.spec", kind=dict, mend="put the service's OpenAPI document there")
    auth = _needed(described, f"{where}.auth", kind=dict, mend="send {'type': 'anonymous'} if it takes none")
    _check_auth(auth, f"{where}.auth")
    _check_spec(spec, f"{where}.spec")


def _check_auth(auth: Tool, where: str) -> None:
    needed = {"anonymous": None, "project_connection": "project_connection_id", "managed_identity": "audience"}
    if auth.get("type") not in needed:
        raise _wrong(f"{where}.type", f"is {auth.get('type')!r}", f"use {', '.join(needed)}")
    field = needed[str(auth["type"])]
    if field:
        scheme = _needed(auth, f"{where}.security_scheme", kind=dict, mend=f"send an object with {field!r}")
        _needed(scheme, f"{where}.security_scheme.{field}", kind=str, mend="fill it in")


def _check_spec(spec: Tool, where: str) -> None:
    if not re.match(r"3\.[01]\b", str(spec.get("openapi", ""))):
        raise _wrong(f"{where}.openapi", f"is {spec.get('openapi')!r}", "send an OpenAPI 3.0 or 3.1 document")
    servers = _needed(spec, f"{where}.servers", kind=list, mend="say where the service is: [{'url': 'https://…'}]")
    first = servers[0].get("url") if servers and isinstance(servers[0], dict) else None
    if not _is_http(first):
        raise _wrong(f"{where}.servers[0].url", f"is {first!r}", "send an absolute http or https URL")
    _needed(spec, f"{where}.paths", kind=dict, mend="describe at least one operation")
    try:
        found = operations(spec)
    except DocumentError as error:
        raise invalid(f"'{where}' {error}") from error
    if not found:
        raise _wrong(f"{where}.paths", "has no operation", "describe at least one")


def _check_mcp(tool: Tool, where: str) -> None:
    _needed(tool, f"{where}.server_label", kind=str, mend="give the server a name of its own")
    url = _needed(tool, f"{where}.server_url", kind=str, mend="send the URL of the MCP server")
    if not _is_http(url):
        raise _wrong(f"{where}.server_url", f"is {url!r}", "send an absolute http or https URL")
    _check_filter(tool.get("allowed_tools"), f"{where}.allowed_tools")
    approval = tool.get("require_approval")
    if isinstance(approval, dict):
        for key, chosen in approval.items():
            if key not in APPROVALS:
                raise _wrong(f"{where}.require_approval.{key}", "is not known", f"use {' or '.join(APPROVALS)}")
            _check_filter(chosen, f"{where}.require_approval.{key}")
    elif approval is not None and approval not in APPROVALS:
        mend = f"use {', '.join(APPROVALS)} or an object of them"
        raise _wrong(f"{where}.require_approval", f"is {approval!r}", mend)
    _optional(tool, f"{where}.headers", kind=dict, mend="send names and values")


def _check_filter(chosen: object, where: str) -> None:
    names = chosen.get("tool_names") or [] if isinstance(chosen, dict) else chosen
    if names is not None and not (isinstance(names, list) and all(isinstance(name, str) for name in names)):
        raise _wrong(where, "is no choice of tools", "list their names, or send {'tool_names': […]}")


def _grounding(field: str) -> Callable[[Tool, str], None]:
    """Make the check of a tool that stands on project connections."""

    def check(tool: Tool, where: str) -> None:
        mend = "send [{'project_connection_id': '…'}] in 'project_connections'"
        parameters = _needed(tool, f"{where}.{field}", kind=dict, mend=mend)
        where = f"{where}.{field}"
        chosen = _needed(parameters, f"{where}.project_connections", kind=list, mend=mend)
        if not chosen or not all(isinstance(one, dict) and one.get("project_connection_id") for one in chosen):
            raise _wrong(f"{where}.project_connections", "names no connection", mend)

    return check


def _browser(field: str) -> Callable[[Tool, str], None]:
    """Make the check of a browser tool, under either of its two names."""

    def check(tool: Tool, where: str) -> None:
        mend = "send {'connection': {'project_connection_id': '…'}}"
        parameters = _needed(tool, f"{where}.{field}", kind=dict, mend=mend)
        connection = _needed(parameters, f"{where}.{field}.connection", kind=dict, mend=mend)
        _needed(connection, f"{where}.{field}.connection.project_connection_id", kind=str, mend=mend)

    return check


CHECKS: Mapping[str, Callable[[Tool, str], None]] = {
    "function": _check_function,
    "code_interpreter": _check_code_interpreter,
    "file_search": _check_file_search,
    "openapi": _check_openapi,
    "mcp": _check_mcp,
    **{name: _grounding(name) for name in ("sharepoint_grounding_preview", "fabric_dataagent_preview")},
    **{name: _browser(name) for name in ("browser_automation", "browser_automation_preview")},
}


def _needed(given: Tool, where: str, *, kind: type[Any], mend: str) -> Any:
    """Return the field `where` ends in, which must be there and not be empty text."""
    if given.get(where.rpartition(".")[2]) in (None, ""):
        raise _wrong(where, "is missing", mend)
    return _optional(given, where, kind=kind, mend=mend)


def _optional(given: Tool, where: str, *, kind: type[Any], mend: str) -> Any:
    value = given.get(where.rpartition(".")[2])
    if value is not None and not isinstance(value, kind):
        raise _wrong(where, f"is not {NAMES[kind]}", mend)
    return value


def _is_http(url: object) -> bool:
    if not isinstance(url, str):
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def _check_distinct(names: Iterable[str], *, what: str) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise invalid(f"two tools have the {what} {name!r}: give each its own")
        seen.add(name)


def _wrong(field: str, fact: str, mend: str) -> RefusalError:
    return invalid(f"'{field}' {fact}: {mend}")
