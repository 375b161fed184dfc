"""Every prompt of a suite on every route, judged: straight to the gateway, and through the agent."""

from __future__ import annotations

__all__ = ["Validator", "Verdict", "passed"]

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Final, Literal

from pydantic import BaseModel, ConfigDict

from gateway_workbook.answer import Answer
from gateway_workbook.diagnosis import diagnose
from gateway_workbook.progress import Task
from gateway_workbook.suite import Prompt, Route, Suite
from gateway_workbook.visible import storable
from gateway_workbook.workers import each

if TYPE_CHECKING:
    from gateway_workbook.agents import Agents, Equipped
    from gateway_workbook.exchange import Exchange
    from gateway_workbook.gateway import Gateway

Judgement = Literal["passed", "failed", "no answer"]
SeenBy = Callable[[str], bool | None]
_LONGEST_TEXT: Final = 20_000


class Verdict(BaseModel):
    """One prompt on one route.

    `failures` say which assertions did not hold; `through_gateway` whether the gateway's log shows the request (None:
    there is no log to look in, or the route needs no proof).
    """

    model_config = ConfigDict(frozen=True)

    prompt: str
    route: Route
    judgement: Judgement
    asked: str
    answer: str = ""
    seconds: float = 0
    tokens: int | None = None
    failures: tuple[str, ...] = ()
    assertions: tuple[str, ...] = ()
    through_gateway: bool | None = None


class Validator:
    """Asks and judges. `seen_by_gateway` looks a response id up in the gateway's log, where there is one."""

    def __init__(
        self,
        gateway: Gateway,
        agents: Agents | Equipped,
        *,
        deployment: str,
        agent: str,
        seen_by_gateway: SeenBy = lambda _: None,
    ) -> None:
        self._gateway, self._agents = gateway, agents
        self._deployment, self._agent = deployment, agent
        self._seen_by_gateway = seen_by_gateway

    def judge(self, suite: Suite, *, parallel: int = 4) -> tuple[Verdict, ...]:
        """Verdicts in the suite's order, gateway before agent."""
        good: list[str] = []
        with Task("judging answers", done="answer(s) judged", total=len(suite.tasks)) as task:

            def one(asked: tuple[Prompt, Route]) -> Verdict:
                prompt, route = asked
                task.now(f"asking {prompt.name} ({'through the agent' if route == 'agent' else 'straight'})")
                verdict = self._judge(prompt, route)
                good.extend([prompt.name] if verdict.judgement == "passed" else [])
                task.did(f"{len(good)} passed")
                return verdict

            return tuple(each(one, suite.tasks, parallel=parallel))

    def _judge(self, prompt: Prompt, route: Route) -> Verdict:
        answer = self._through_gateway(prompt) if route == "gateway" else self._agents.ask(self._agent, prompt.prompt)
        seen = self._seen_by_gateway(answer.response_id) if answer.response_id and route == "agent" else None
        failures = [answer.problem] if answer.problem else _failures(prompt, answer)
        if seen is False:
            failures.append("the gateway's log does not show this request: the agent was answered from elsewhere")
        return Verdict(
            prompt=prompt.name,
            route=route,
            judgement="no answer" if answer.problem else "failed" if failures else "passed",
            asked=prompt.prompt,
            answer=answer.text[:_LONGEST_TEXT],
            seconds=answer.seconds,
            tokens=answer.tokens,
            failures=tuple(failures),
            assertions=tuple(str(assertion) for assertion in prompt.assertions),
            through_gateway=seen,
        )

    def _through_gateway(self, prompt: Prompt) -> Answer:
        exchange = self._gateway.chat(self._deployment, [{"role": "user", "content": prompt.prompt}])
        answer = _read(exchange) if exchange.ok else None
        if answer is None:
            finding = diagnose(exchange, self._gateway.connection, deployment=self._deployment)
            return Answer(seconds=exchange.milliseconds / 1000, problem=str(finding))
        return answer


def passed(verdicts: Sequence[Verdict]) -> bool:
    """Whether there are verdicts and all of them passed."""
    return bool(verdicts) and all(verdict.judgement == "passed" for verdict in verdicts)


def _failures(prompt: Prompt, answer: Answer) -> list[str]:
    checked: Iterable[str | None] = (
        assertion.failure(answer.text, seconds=answer.seconds) for assertion in prompt.assertions
    )
    return [failure for failure in checked if failure]


def _read(exchange: Exchange) -> Answer | None:
    """The answer, or None where it is not in the form of chat completions."""
    try:
        text = exchange.body["choices"][0]["message"]["content"]
    except (KeyError, IndexError, TypeError):
        return None
    usage = exchange.body.get("usage")
    tokens = usage.get("total_tokens") if isinstance(usage, dict) else None
    return Answer(
        text=storable(str(text or "")),
        seconds=exchange.milliseconds / 1000,
        tokens=tokens if isinstance(tokens, int) else None,
    )
