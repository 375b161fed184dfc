"""A tools file: the tools of an agent, and prompts to try them with. Data, read from YAML."""

from __future__ import annotations

__all__ = ["Tools", "Try", "load_tools"]

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from gateway_workbook.document import Document, placeholders, sentences
from gateway_workbook.errors import UsageError
from gateway_workbook.gateway_tools import tools_in_words
from gateway_workbook.tool import TOOLS, AnyTool, FoundryIq, Function, McpServer, OpenApi, Surroundings
from gateway_workbook.workbook import ready_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from azure.ai.projects.models import Tool

    from gateway_workbook.answer import Answer

Text = Annotated[str, StringConstraints(strict=True, min_length=1)]
Problem = tuple[tuple[str | int, ...], str]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Try(_Strict):
    """A prompt, and the tools of the file it must make the agent call; `approve` consents to MCP calls that ask."""

    prompt: Text
    calls: Annotated[tuple[Text, ...], Field(min_length=1)]
    approve: bool = False


class Tools(_Strict):
    """The tools of one agent; their names are unique. None at all is what an agent without tools has."""

    name: Text = "none"
    description: str = ""
    tools: tuple[AnyTool, ...] = ()
    tries: Annotated[tuple[Try, ...], Field(alias="try")] = ()

    @model_validator(mode="after")
    def _told_apart(self) -> Self:
        names = [tool.name for tool in self.tools]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"has two tools of the same name ({', '.join(twice)}); rename one")
        for number, one in enumerate(self.tries, start=1):
            unknown = [name for name in one.calls if name not in names]
            if unknown:
                raise ValueError(f"tries '{unknown[0]}' in prompt {number}, which is no tool here; write {_or(names)}")
        return self

    @property
    def urls(self) -> tuple[str, ...]:
        """The URLs its tools are found at."""
        return tuple(url for tool in self.tools if (url := _url_of(tool)))

    @property
    def approve(self) -> bool:
        """Whether the file consents to MCP calls that ask for approval."""
        return any(one.approve for one in self.tries)

    def require_connections(self, known: Collection[str]) -> None:
        """Raise UsageError naming each tool whose connection is not among these, given in lower case."""
        wanted = [(tool.type, name) for tool in self.tools if (name := getattr(tool, "connection", None))]
        missing = [f"{kind} ({name})" for kind, name in wanted if name.casefold() not in known]
        if missing:
            raise UsageError(
                f"the project does not have the connections of the tools {', '.join(missing)}: "
                "make these connections first, or take the tools out of the file"
            )

    def sdk(self, around: Surroundings) -> list[Tool]:
        """Its tools as the SDK's own classes, ready to be deployed."""
        return [tool.sdk(around) for tool in self.tools]

    def functions(self) -> dict[str, Callable[..., object]]:
        """What the client answers with when the agent calls a function: its sample output."""
        return {tool.name: _sample(tool) for tool in self.tools if isinstance(tool, Function)}

    def problems(self, answers: Iterable[Answer]) -> list[str]:
        """What did not go as its prompts say, given the answer to each of them in order; empty when all is well."""
        return [
            f"'{one.prompt}': {problem}"
            for one, answer in zip(self.tries, answers, strict=True)
            for problem in self._problems(one, answer)
        ]

    def _problems(self, one: Try, answer: Answer) -> Iterator[str]:
        if answer.problem:
            yield answer.problem
            return
        for tool in self.tools:
            if tool.name in one.calls and not any(tool.made(call) for call in answer.calls):
                yield f"{tool.name} was not called"
        yield from (f"{call.name} failed ({call.problem})" for call in answer.calls if call.problem)
        if not answer.text.strip():
            yield "the answer is empty"


def load_tools(name_or_path: str | Path) -> Tools:
    """Read a tools file by its path, or a ready one of notebooks/tools by its name; none for an empty name.

    Raises UsageError when there is no such file, ProfileError naming every problem in it.
    """
    if name_or_path == "":
        return Tools()
    path = ready_file(name_or_path, kind="tools")
    document = Document.read(path, typed=True)
    if not isinstance(document.value, Mapping) or not isinstance(document.value.get("tools"), list):
        raise document.refuse([(("tools",), "missing; write a list of tools, each with its type")])
    entries, problems = _entries(document.value["tools"], folder=path.parent)
    problems += [(place, f"placeholder {found} is not filled in") for place, found in placeholders(document.value)]
    data = {**document.value, "tools": entries}
    try:
        tools = Tools.model_validate(data)
    except ValidationError as error:
        problems += [found for found in sentences(error, Tools) if found[0][:1] != ("tools",) or len(found[0]) == 1]
    if problems or not entries:
        raise document.refuse(problems or [(("tools",), "is empty; write at least one tool")])
    return tools


def _entries(given: list[Any], *, folder: Path) -> tuple[list[Any], list[Problem]]:
    """The entries with the documents they name read in, and what is wrong with each."""
    entries, problems = [], []
    for index, entry in enumerate(given):
        read, found = _entry(entry, folder=folder)
        entries.append(read)
        problems += [(("tools", index, *path), sentence) for path, sentence in found]
    return entries, problems


def _entry(entry: Any, *, folder: Path) -> tuple[Any, list[Problem]]:
    kind = entry.get("type") if isinstance(entry, Mapping) else None
    if not isinstance(kind, str) or kind not in TOOLS:
        told = f"{kind} does not work with a gateway model; use" if kind else "missing; write one of"
        return entry, [(("type",) if isinstance(entry, Mapping) else (), f"{told} {tools_in_words()}")]
    entry = dict(entry)
    spec = entry.get("spec")
    if kind == "openapi" and isinstance(spec, str) and "://" not in spec:
        try:
            entry["spec"] = Document.read(folder / spec, typed=True).value
        except UsageError as error:
            return entry, [(("spec",), str(error))]
    try:
        TOOLS[kind].model_validate(entry)
    except ValidationError as error:
        return entry, sentences(error, TOOLS[kind])
    return entry, []


def _url_of(tool: AnyTool) -> str | None:
    match tool:
        case OpenApi(spec=str(url)) | McpServer(url=url) | FoundryIq(search_url=url):
            return url
    return None


def _sample(tool: Function) -> Callable[..., object]:
    def answer(**arguments: object) -> object:
        from jsonschema import Draft202012Validator  # a second, where its optional grammars are installed

        error = next(iter(Draft202012Validator(tool.parameters).iter_errors(arguments)), None)
        if error:
            raise ValueError(f"the arguments do not fit the parameters: {error.message}")
        return tool.sample_output

    return answer


def _or(names: list[str]) -> str:
    return " or ".join(names)
