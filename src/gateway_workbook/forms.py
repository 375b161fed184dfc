"""The form of each notebook: its parameters, to be filled in by a person; headless it is the parameters themselves.

No Output widget is ever made: those can wait for ever where no front end is.
"""

from __future__ import annotations

__all__ = [
    "CONNECTION",
    "MODELS",
    "VALIDATION",
    "agent",
    "agent_fields",
    "connection",
    "models",
    "problems",
    "settings",
    "start",
    "validation",
]

from dataclasses import fields
from typing import TYPE_CHECKING, Any, Final, get_args

from gateway_workbook.discovery import Discovered
from gateway_workbook.errors import UsageError
from gateway_workbook.field import Field
from gateway_workbook.form import Form, Memory
from gateway_workbook.probe_session import ProbeOptions
from gateway_workbook.profile_form import ProfileForm
from gateway_workbook.route_proof import Control
from gateway_workbook.run import run_folder
from gateway_workbook.secrets import SecretReference, is_reference
from gateway_workbook.workbook import ready_file, ready_names

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from gateway_workbook.field import Choice, Values
    from gateway_workbook.step import Step

    Tell = Callable[[Any], str]  # the sentence about a value that will not do; empty for one that will

_MOST_PARALLEL: Final = 64
_MOST_MODELS: Final = 10_000
CONNECTION: Final = (
    Field(
        name="way",
        title="Create it",
        about="By a request from here, or by files that your own tools deploy.",
        kind="choice",
        choices=lambda _: [("from here", "rest"), ("by files of mine", "files")],
    ),
    Field(
        name="replace",
        title="Write over one that differs",
        about="A connection of the same name may be somebody else's; also sends a changed key again.",
        kind="switch",
        applies=lambda values: values["way"] == "rest",
    ),
)
MODELS: Final = (
    Field(
        name="only",
        title="Only these",
        about="Deployments to test, one a line; empty tests all.",
        kind="lines",
    ),
    Field(
        name="most",
        title="At most",
        about="How many are tested; each costs one prompt of a few tokens.",
        kind="number",
    ),
    Field(
        name="deployment",
        title="For the agent",
        about="The deployment an agent will stand on; empty takes the first that answers.",
    ),
    Field(
        name="readiness",
        title="Check for agents",
        about="What agents need beyond one answer: up to 20 calls of a deployment.",
        kind="choice",
        choices=lambda _: [
            ("the agent's deployment", "first"),
            ("every one that answers", "all"),
            ("none", "none"),
        ],
    ),
)
VALIDATION: Final = (
    Field(
        name="suite",
        title="Suite",
        about="Prompts, and what their answers must hold; a file of your own by the parameter suite.",
        kind="choice",
        choices=lambda values: _ready("prompts", values["suite"]),
    ),
    Field(name="parallel", title="At once", about="How many prompts are under way together.", kind="number"),
    Field(
        name="log",
        title="Gateway's log",
        about="A command or URL that prints it; {marker} in it is the word that is looked for. Empty: none.",
    ),
    Field(
        name="control",
        title="Negative control",
        about="A twin of the connection with an invented key, which must fail: made, asked once, removed.",
        kind="choice",
        choices=lambda _: [("where no log can be read", "auto"), ("always", "always"), ("never", "never")],
    ),
)
_SETTINGS: Final = (
    Field(name="url", title="URL", about="Any URL of the gateway: of a call, of its base, or the bare host."),
    Field(
        name="key",
        title="Key",
        about="Where the key is, never the key: env:NAME, keyring:SERVICE/USER or keyvault:VAULT/SECRET.",
        applies=lambda values: not values["client_id"],
    ),
    Field(name="client_id", title="OAuth2 client", about="Its id, where a client signs in instead of a key."),
    Field(
        name="client_secret",
        title="Client's secret",
        about="Where the secret is, never the secret.",
        applies=lambda values: bool(values["client_id"]),
    ),
    Field(
        name="token_url",
        title="Token URL",
        about="Where the client gets its tokens.",
        applies=lambda values: bool(values["client_id"]),
    ),
    Field(
        name="scopes",
        title="Scopes",
        about="What the token is to allow, one a line.",
        kind="lines",
        applies=lambda values: bool(values["client_id"]),
    ),
    Field(
        name="headers",
        title="Headers",
        about="One a line, name: format; {api_key} in it marks the key's header, others go beside it.",
        kind="lines",
    ),
    Field(name="model", title="Model", about="A deployment to call; empty takes one that is listed."),
    Field(name="name", title="Connection", about="Its name in the profile; empty takes the host's."),
    Field(name="out", title="Save as", about="The profile's file, beside notebooks/ unless it begins with /."),
    Field(
        name="overwrite",
        title="Write over it",
        about="When another profile is there already.",
        kind="switch",
    ),
)


def start(run_dir: str | Path, *, profile: str, target: str) -> ProfileForm:
    """Notebook 00: which profile, and where Foundry is."""
    return ProfileForm(profile=profile, target=target, memory=Memory(run_folder(run_dir) / "forms.json", "00"))


def connection(step: Step, **given: Any) -> Form:
    """Notebook 01: how the connection is made."""
    return StepForm(step, CONNECTION, given)


def models(step: Step, **given: Any) -> Form:
    """Notebook 02: what is tested."""
    return StepForm(step, MODELS, given)


def agent(step: Step, **given: Any) -> Form:
    """Notebook 03: which deployment, which tools, which words."""
    return StepForm(step, agent_fields(lambda: step.run.read(Discovered).callable), given)


def validation(step: Step, **given: Any) -> Form:
    """Notebook 04: which prompts, and how the route is proven."""
    return StepForm(step, VALIDATION, given)


def settings(**given: Any) -> SettingsForm:
    """Notebook 10: the URL and the credential; belongs to no run, so nothing of it is kept."""
    return SettingsForm(_SETTINGS, given, check=_settings_problems)


class StepForm(Form):
    """A form of a run's notebook; it also asks for the values of secrets that this kernel does not have."""

    def __init__(self, step: Step, asked: Sequence[Field], given: Values) -> None:
        self._wanted = [one for one in step.run.profile().references.values() if not _is_there(step, one)]
        memory = Memory(step.run.folder / "forms.json", step.name)
        super().__init__(asked, given, check=problems, memory=memory)

    def secrets(self) -> list[SecretReference]:
        """Those that the run's profile names and nobody has set before the kernel was started."""
        return self._wanted


class SettingsForm(Form):
    """The form of a probe; `options` are what it is told beside the URL."""

    @property
    def options(self) -> ProbeOptions:
        """The options; raises UsageError while something is wrong."""
        asked = {field.name for field in fields(ProbeOptions)}
        values = {name: value for name, value in self.used().items() if name in asked}
        unused = {"key": ""} if values["client_id"] else {"client_secret": "", "token_url": "", "scopes": ()}
        lists = {name: tuple(values[name]) for name in ("headers", "scopes")}
        return ProbeOptions(**{**values, **lists, **unused})

    def secrets(self) -> list[SecretReference]:
        """The key's, or the client's, where it is not the sandbox's own."""
        told = (self.values[name] for name in ("key", "client_secret") if self.values[name])
        references = [SecretReference.parse(one) for one in told if is_reference(one)]
        return [one for one in references if not (one.scheme == "env" and one.name.startswith("SANDBOX_"))]


def _is_there(step: Step, reference: SecretReference) -> bool:
    try:
        step.secrets.resolve(reference)
    except UsageError:
        return False
    return True


def problems(values: Values) -> dict[str, str]:
    """What is wrong with parameters of the notebooks 01 to 04, by name."""
    found = {name: tell(values[name]) for name, tell in _CHECKS.items() if name in values}
    return {name: problem for name, problem in found.items() if problem}


def agent_fields(deployments: Callable[[], Sequence[str]]) -> tuple[Field, ...]:
    """What an agent is asked for, on one of the deployments that answer."""
    return (
        Field(
            name="deployment",
            title="Deployment",
            about="What stands behind the slash of the agent's model.",
            kind="choice",
            choices=lambda _: [("the first that answers", ""), *((name, name) for name in deployments())],
        ),
        Field(
            name="agent_name",
            title="Agent",
            about="Its name; empty takes the connection's with -agent.",
        ),
        Field(
            name="instructions",
            title="Instructions",
            about="What every conversation begins with.",
            kind="paragraph",
        ),
        Field(
            name="tools",
            title="Tools",
            about="What the agent may call; a file of your own by the parameter tools.",
            kind="choice",
            choices=lambda values: [("none", ""), *_ready("tools", values["tools"])],
        ),
        Field(
            name="kind",
            title="Kind",
            about="Prompt agents are the only ones that answer through a gateway.",
            kind="choice",
            choices=lambda _: [("a prompt agent", "prompt")],
        ),
    )


def _ready(kind: str, now: str) -> list[Choice]:
    names = ready_names(kind)
    own = [(now, now)] if now and now not in names else []
    return [*((name, name) for name in names), *own]


def _one_of(*words: str) -> Tell:
    *others, last = words
    told = f"{', '.join(others)} or {last}"
    return lambda value: "" if value in words else f"no such choice '{value}': write {told}"


def _between(least: int, most: int) -> Tell:
    def tell(value: Any) -> str:
        return "" if least <= value <= most else f"{value} is out of range: write {least} to {most}"

    return tell


def _file(kind: str) -> Tell:
    def tell(value: Any) -> str:
        try:
            _ = value and ready_file(value, kind=kind)
        except UsageError as error:
            return str(error)
        return ""

    return tell


_CHECKS: Final[Mapping[str, Tell]] = {
    "way": _one_of("rest", "files"),
    "most": _between(1, _MOST_MODELS),
    "readiness": _one_of("first", "all", "none"),
    "tools": _file("tools"),
    "suite": _file("prompts"),
    "parallel": _between(1, _MOST_PARALLEL),
    "control": _one_of(*get_args(Control)),
}


def _settings_problems(values: Values) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in ("key", "client_secret"):
        if values[name] and not is_reference(values[name]):
            found[name] = "is no reference to a secret: write env:NAME, and set that variable"
    if not values["url"]:
        found["url"] = "is missing: write any URL of the gateway"
    return found
