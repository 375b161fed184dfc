"""The form of a profile: start from one, change it, see what it means on the wire, save it as papermill takes it."""

from __future__ import annotations

__all__ = ["ProfileForm"]

from typing import TYPE_CHECKING, Any, Final

import ipywidgets as widgets
import yaml

from gateway_workbook import sandbox_process
from gateway_workbook import target as targets
from gateway_workbook.arm import connections_url
from gateway_workbook.connection import API_VERSION, Connection
from gateway_workbook.controls import Action, html, preformatted, style
from gateway_workbook.document import Document
from gateway_workbook.errors import UsageError
from gateway_workbook.field import Field
from gateway_workbook.form import Form, shown
from gateway_workbook.front_end import somebody_there
from gateway_workbook.preview import foundry_request, gateway_requests
from gateway_workbook.profile import Profile, load_profile
from gateway_workbook.profile_change import change_profile
from gateway_workbook.profile_fields import PROFILE_FIELDS
from gateway_workbook.profile_rules import SECRETS
from gateway_workbook.profile_values import from_profile, problems, to_profile
from gateway_workbook.run import run_folder
from gateway_workbook.secrets import SecretReference, is_reference
from gateway_workbook.whole_files import write_files
from gateway_workbook.workbook import folder, ready_file, ready_names

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from gateway_workbook.field import Choice, Values
    from gateway_workbook.finding import Change
    from gateway_workbook.form import Memory

_ANY_NAME: Final = "NAME"
_YAML, _FOUNDRY, _GATEWAY = "Profile", "To Foundry", "To the gateway"
_NO_PROJECT: Final = "/subscriptions/…/resourceGroups/…/providers/Microsoft.CognitiveServices/accounts/…/projects/…"


def _profiles(values: Values) -> Sequence[Choice]:
    """The ready profiles, and those in the folder of runs, where Save and notebook 10 write."""
    own = sorted(path.name for path in run_folder("runs").glob("*.yaml"))
    told = [(f"{name} (ready)", name) for name in ready_names("gateways")] + [(name, f"runs/{name}") for name in own]
    now = values.get("profile")
    return told if now in [name for _, name in told] else [*told, (str(now), now)]


_START: Final = (
    Field(
        name="target",
        title="Foundry is",
        about="The sandbox plays it on this machine; Azure is a real project, signed in with az login.",
        kind="choice",
        group="Where to begin",
        choices=lambda _: [("the sandbox", "sandbox"), ("Azure", "azure")],
    ),
    Field(
        name="profile",
        title="Start from",
        about="A profile that is near to yours; everything below can be changed.",
        kind="choice",
        group="Where to begin",
        choices=_profiles,
    ),
)
_FILE: Final = Field(
    name="file",
    title="Save as",
    about="Beside notebooks/, unless it begins with /. papermill takes the same file: -p profile …",
    group="Keep it",
)


class _Fields(Form):
    def secrets(self) -> list[SecretReference]:
        """Those that the profile names, but for the sandbox's own."""
        return [one for one in _references(self.values) if not _of_sandbox(one, self.values)]


class ProfileForm:
    """Asks for a profile and a target; `profile` is the file or the ready name, `target` is sandbox or azure.

    Reading `profile` raises UsageError while changes are not saved. Headless both are the parameters. `fields` is the
    form within; `save` writes, `which` chooses what stands `aside`. `box` is what to show, None headless.
    """

    def __init__(self, *, profile: str, target: str, memory: Memory) -> None:
        self._given, self._memory = {"profile": profile, "target": target}, memory
        chosen = memory.recall(self._given) if somebody_there() else self._given
        self._from, self._loaded = chosen["profile"], load_profile(chosen["profile"])
        self._offered = self._place(self._loaded.connection_name)
        values = chosen | from_profile(self._loaded) | {"file": self._offered}
        self.fields = _Fields((*_START, *PROFILE_FIELDS, _FILE), values, check=self._problems)
        self.changed: Callable[[], None] = lambda: None  # told after every change
        self.box: Any = None
        if self.fields.box is not None:
            self._build()

    def _build(self) -> None:
        self.save = Action("Save", "Saving", self._write)
        self.which = widgets.ToggleButtons(options=[_YAML, _FOUNDRY, _GATEWAY])
        self.which.observe(lambda _: self._refresh(), "value")
        self.aside = html()
        asked = widgets.VBox(self._laid_out())
        beside = widgets.VBox([self.which, self.aside])
        columns = widgets.HBox([asked, beside])
        for part, kind in ((asked, "gw-fields"), (beside, "gw-beside"), (columns, "gw-columns")):
            part.add_class(kind)
        self.box = widgets.VBox([style(), columns])
        self.box.add_class("gateway-workbook-form")
        self.fields.changed = self._refresh
        self._refresh()

    def _laid_out(self) -> list[Any]:
        rows = self.fields.rows()
        after = rows.index(self.fields.row("clientSecret")) + 1
        return [*rows[:after], self.fields.secret_box.widget, *rows[after:], self.save.widget]

    @property
    def target(self) -> str:
        """Where the run goes: sandbox or azure."""
        return str(self.fields.values["target"])

    @property
    def profile(self) -> str:
        """The file, or the ready profile's name; raises UsageError while the form says something else than it."""
        values = self.fields.used()
        if self.box is not None:
            if self._changed(values):
                raise UsageError("the form has changes that are not saved: press Save, then run this cell again")
            self._memory.keep(self._given, {name: values[name] for name in self._given})
        return str(values["profile"])

    @property
    def usable(self) -> bool:
        """Whether `profile` can be read: nothing is wrong, and nothing is unsaved."""
        return not self.fields.problems() and not self._changed(self.fields.values)

    def refresh(self) -> None:
        """Take what the controls hold, and say what is wrong."""
        self.fields.refresh()

    def _changed(self, values: Values) -> bool:
        return _parsed(values) != self._loaded

    def _problems(self, values: Values) -> Mapping[str, str]:
        found = problems(values)
        return found if found or self._free(values) else {"file": "holds another profile: take another name"}

    def _free(self, values: Values) -> bool:
        """Whether Save may write the file: it is the one that was loaded, or none is there, or it says the same."""
        path = run_folder(values["file"]).resolve()
        return path == self._own() or not path.exists() or not self._changed(values)

    def _own(self) -> Path | None:
        """The file that was loaded, where it is a person's own."""
        path = ready_file(self._from, kind="gateways").resolve()
        return None if path.parent == (folder() / "gateways").resolve() else path

    def _place(self, connection: str) -> str:
        """Where Save would write: the file that was loaded, or one named as the connection beside the runs."""
        own = self._own()
        if own is None:
            return f"runs/{connection}.yaml"
        return str(self._from) if run_folder(self._from).resolve() == own else str(own)

    def _write(self) -> str:
        values = self.fields.values
        profile, path = _parsed(values), run_folder(values["file"]).resolve()
        if path == self._own():
            change_profile(path, _difference(self._loaded, profile)).write()
        else:
            write_files({path: profile.to_yaml()}, overwrite=path.exists())
        self._from, self._loaded, self._offered = values["file"], profile, values["file"]
        self.fields.set(profile=values["file"])
        return f"wrote {path}"

    def _refresh(self) -> None:
        values = self.fields.values
        if values["profile"] != self._from:
            self._load(values["profile"])
            return
        if self._follows(values):
            return
        wrong = self.fields.problems()
        self.save.allow(can=not wrong and self._changed(values))
        text = self._wire(values, wrong)
        if self.aside.value != text:
            self.aside.value = text
        self.changed()

    def _follows(self, values: Values) -> bool:
        """Have the file's name follow the connection's, until a person has named the file."""
        before, self._offered = self._offered, self._place(values["connectionName"])
        if values["file"] != before or self._offered == before:
            return False
        self.fields.set(file=self._offered)
        return True

    def _load(self, name: str) -> None:
        self._from, self._loaded = name, load_profile(name)
        self._offered = self._place(self._loaded.connection_name)
        self.save.tell("")
        self.fields.set(**from_profile(self._loaded), file=self._offered)

    def _wire(self, values: Values, wrong: Mapping[str, str]) -> str:
        if self.which.value == _YAML:
            return preformatted(_yaml(values) if wrong else _parsed(values).to_yaml())
        if wrong:
            return preformatted("mend what is marked first")
        connection = _connection(_parsed(values), values)
        if self.which.value == _GATEWAY:
            return preformatted(gateway_requests(connection, next((one.name for one in connection.models), _ANY_NAME)))
        arm, project = _foundry(values)
        url = connections_url(arm, project, connection.name, scope=connection.scope)
        return preformatted(foundry_request(connection, f"{url}?api-version={API_VERSION}"))

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return shown(self.box, self.fields.told())


def _parsed(values: Values) -> Profile:
    return Profile.parse(Document("the form", to_profile(values)))


def _difference(before: Profile, after: Profile) -> Change:
    """The change that makes the one of the other; None leaves a field out."""
    old, new = before.to_data(), after.to_data()
    return {name: new.get(name) for name in {**old, **new} if old.get(name) != new.get(name)}


def _yaml(values: Values) -> str:
    """What is no profile yet, with dots for what stands where a reference should: it may be the secret."""
    data = to_profile(values)
    data |= {name: "•••" for name in SECRETS if name in data and not is_reference(data[name])}
    return yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=110)


def _references(values: Values) -> list[SecretReference]:
    data = to_profile(values)
    told = [data.get(name) for name in SECRETS] + [*data.get("customHeaders", {}).values()]
    return [SecretReference.parse(one) for one in dict.fromkeys(told) if one and is_reference(one)]


def _of_sandbox(reference: SecretReference, values: Values) -> bool:
    return reference.name.startswith("SANDBOX_") and str(values["targetUrl"]).startswith("sandbox://")


def _connection(profile: Profile, values: Values) -> Connection:
    running = sandbox_process.find()
    locate = targets.sandbox(start=False).locate if running and values["target"] == "sandbox" else str
    return Connection.of(profile, locate=locate, target="https://…")


def _foundry(values: Values) -> tuple[str, str]:
    """Where ARM is, and the project's resource id."""
    running = sandbox_process.find() if values["target"] == "sandbox" else None
    if running:
        return running.arm, running.project_resource_id
    return targets.AZURE_ARM, values["projectResourceId"] or _NO_PROJECT
