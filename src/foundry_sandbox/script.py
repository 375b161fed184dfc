"""The script of the scripted model: an ordered table of rules, the first that applies answers."""

from __future__ import annotations

import json
import operator
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from foundry_sandbox.examples import Examples, NoExampleError
from foundry_sandbox.prompt import BadRequest, Prompt, Tool

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, kw_only=True)
class Call:
    """A function to call, its arguments as JSON text."""

    name: str
    arguments: str


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What the model says: text, or calls."""

    text: str | None = None
    calls: tuple[Call, ...] = ()


_EXACTLY: Final = (
    re.compile(r"\b(?:reply|answer|respond) with (?:exactly|only)\s*:\s*(?P<words>[^\n]+)", re.IGNORECASE),
    re.compile(r"\bsay\s+(?P<words>[^\n]+?)\s+and nothing else\b", re.IGNORECASE),
)
_SUM: Final = re.compile(
    r"\b(?:what(?:'s|’s| is)|how much is|calculate|compute|work out)\s+"  # noqa: RUF001 - as people type it
    r"(?P<left>-?\d+)\s*(?P<sign>\+|-|−|\*|x|×|plus|minus|times|multiplied by)\s*(?P<right>-?\d+)",  # noqa: RUF001 - same
    re.IGNORECASE,
)
_SIGNS: Final[Mapping[str, Callable[[int, int], int]]] = {
    **dict.fromkeys(("+", "plus"), operator.add),
    **dict.fromkeys(("-", "−", "minus"), operator.sub),
    **dict.fromkeys(("*", "x", "×", "times", "multiplied by"), operator.mul),  # noqa: RUF001 - same
}
_TOLD: Final = (
    re.compile(r"\b(?P<whose>my|the) (?P<thing>\w+(?: \w+){0,3}?) (?:is|are) (?P<value>[^.!?\n,;]+)", re.IGNORECASE),
    re.compile(r"\bremember (?P<whose>the|this) (?P<thing>\w+)[: ]+(?P<value>[^.!?\n,;]+)", re.IGNORECASE),
)
_ASKED: Final = (
    re.compile(
        r"\bwhat(?:'s|’s| is| are| was| were)? (?:my|the) "  # noqa: RUF001 - as people type it
        r"(?P<thing>\w+(?: \w+){0,3}?)(?: is| are| was)?\s*(?:[?.,!]|$)",
        re.IGNORECASE,
    ),
    re.compile(r"\b(?:what|which) (?P<thing>\w+)\b[^?]*\bremember\b", re.IGNORECASE),
)
_CASE: Final = re.compile(r"\balways answer in (?P<case>upper|lower)[ -]?case\b", re.IGNORECASE)
_WORD: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|\d+")
# Words of four letters and more that say nothing about what a tool is for.
_IDLE: Final = frozenset(
    re.findall(
        r"\w+",
        """about also been call does each from function give given have into more must over please return
        returns show some such tell than that their them then there these they this tool used user
        using value what when where which will with would your""",
    )
)


def answer(prompt: Prompt) -> Reply:
    """Answer by the first rule that applies; the last one always does."""
    return next(reply for rule in RULES if (reply := rule(prompt)) is not None)


def _called(prompt: Prompt) -> Reply | None:
    """Call the tools the user's words name, or one when the request demands it."""
    if prompt.results or not prompt.tools:
        return None
    fitting = sorted((t for t in prompt.tools if _shared(t, prompt)), key=lambda t: -_shared(t, prompt))
    chosen = fitting or (list(prompt.tools[:1]) if prompt.must_call else [])
    if not prompt.parallel:
        chosen = chosen[:1]
    return Reply(calls=tuple(_call(tool, prompt) for tool in chosen)) if chosen else None


def _shared(tool: Tool, prompt: Prompt) -> int:
    """Count the telling words a tool's name and description share with the user's last text."""
    return len((_words(tool.name) | _words(tool.description)) & _words(prompt.text))


def _words(text: str) -> set[str]:
    return {word.lower() for word in _WORD.findall(text) if len(word) >= 4} - _IDLE  # noqa: PLR2004 - the rule's four


def _call(tool: Tool, prompt: Prompt) -> Call:
    schema = {"type": "object", **tool.parameters}
    arguments = _made(Examples(schema, text=prompt.text), param=f"tools: {tool.name}")
    return Call(name=tool.name, arguments=arguments)


def _document(prompt: Prompt) -> Reply | None:
    """Fill the schema the request gives."""
    if prompt.format != "json_schema":
        return None
    result = _result(prompt)
    text = prompt.text if result is None else f"{result[1]} {prompt.text}"
    examples = Examples(prompt.schema, text=text, answer=_said(prompt))
    return Reply(text=_made(examples, param="response_format"))


def _made(examples: Examples, *, param: str) -> str:
    try:
        return json.dumps(examples.value(), ensure_ascii=False)
    except NoExampleError as error:
        raise BadRequest(f"Invalid schema: {error}", param=param, code="invalid_schema") from error


def _json_object(prompt: Prompt) -> Reply | None:
    """Answer in some JSON object."""
    if prompt.format != "json_object":
        return None
    return Reply(text=json.dumps({"answer": _said(prompt)}, ensure_ascii=False))


def _plain(prompt: Prompt) -> Reply:
    return Reply(text=_said(prompt))


def _said(prompt: Prompt) -> str:
    """Say the first thing there is to say, in the case the system message asks for."""
    text = next(words for saying in SAYINGS if (words := saying(prompt)) is not None)
    case = _CASE.search(prompt.system)
    if case is None:
        return text
    return text.upper() if case["case"].lower() == "upper" else text.lower()


def _tool_outputs(prompt: Prompt) -> str | None:
    """Report every tool's output, word for word."""
    if not prompt.results:
        return None
    told = (f"{result.name} returned {result.output}" for result in prompt.results)
    return _scripted(prompt, "; ".join(told))


def _exactly(prompt: Prompt) -> str | None:
    """Say the words that are asked for and no other: no prefix either."""
    for text in (prompt.text, prompt.system):
        for pattern in _EXACTLY:
            if found := pattern.search(text):
                words = found["words"].strip()
                quoted = len(words) > 1 and words[0] in "\"'“" and words[-1] in "\"'”"
                return words[1:-1] if quoted else words
    return None


def _arithmetic(prompt: Prompt) -> str | None:
    """Work out one sum of whole numbers."""
    result = _result(prompt)
    return None if result is None else _scripted(prompt, f"{result[0]} is {result[1]}.")


def _result(prompt: Prompt) -> tuple[str, int] | None:
    found = _SUM.search(prompt.text)
    if found is None:
        return None
    left, sign, right = int(found["left"]), found["sign"].lower(), int(found["right"])
    return f"{left} {sign} {right}", _SIGNS[sign](left, right)


def _memory(prompt: Prompt) -> str | None:
    """Answer from what the user said before."""
    for question in _ASKED:
        if not (asked := question.search(prompt.text)):
            continue
        for turn in reversed(prompt.turns):
            for told in (found for pattern in _TOLD for found in pattern.finditer(turn)):
                if told["thing"].lower() == asked["thing"].lower():
                    whose = "Your" if told["whose"].lower() == "my" else "The"
                    return _scripted(prompt, f"{whose} {told['thing']} is {told['value'].strip()}.")
    return None


def _restatement(prompt: Prompt) -> str:
    return _scripted(prompt, f"You said: {prompt.text}" if prompt.text else "You said nothing.")


def _scripted(prompt: Prompt, sentence: str) -> str:
    """Prefix a sentence, so that nobody takes the script for a language model."""
    return f"[scripted {prompt.model}] {sentence}"


RULES: Final[tuple[Callable[[Prompt], Reply | None], ...]] = (_called, _document, _json_object, _plain)
SAYINGS: Final[tuple[Callable[[Prompt], str | None], ...]] = (
    _tool_outputs,
    _exactly,
    _arithmetic,
    _memory,
    _restatement,
)
