"""The forms that Azure's tools take: what is in them, what is in none of them, and what their commands really send."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway_workbook import target as targets
from gateway_workbook.connection import Connection
from gateway_workbook.errors import UsageError
from gateway_workbook.export import FORMS, Form, export
from gateway_workbook.secrets import Secrets
from tests.library.parameter_files import SERVICE
from tests.library.wire import PROJECT, profile

if TYPE_CHECKING:
    from pathlib import Path

    from gateway_workbook.profile import Profile
    from gateway_workbook.target import Target

AZURE = targets.azure(PROJECT)
APIM = {"category": "ApiManagement", "deploymentInPath": True}
API = APIM | {"targetUrl": None, "apimResourceId": SERVICE, "apiName": "openai"}
IDENTITY = APIM | {"authType": "ProjectManagedIdentity", "apiKey": None}
OAUTH2 = {
    "authType": "OAuth2",
    "apiKey": None,
    "clientId": "client",
    "clientSecret": "env:CLIENT_SECRET",
    "tokenUrl": "https://login.test/token",
    "scopes": ["a", "b"],
}
HEADERS = {"customHeaders": {"X-Team-Token": "env:TEAM_TOKEN", "X-Team": "blue"}}
# As awkward as Secrets lets them be.
SECRETS = {
    "KEY": 'key"with\\every\'thing$(id)`id`$HOME${X} %s\\n\\"&é',
    "CLIENT_SECRET": '\\"',
    "TEAM_TOKEN": "team\\\\\"'$1",
}
# Plays `az`: what it was called with and what came on its standard input, written down; a file it was given, too.
AZ = """#!/bin/sh
printf '%s\\n' "$@" > "$SEEN/arguments"
env > "$SEEN/environment"
case "$*" in *'@-'*) cat > "$SEEN/input";; esac
while [ $# -gt 0 ]; do
  if [ "$1" = --file ]; then cp "$2" "$SEEN/file"; ls -l "$2" > "$SEEN/mode"; fi
  shift
done
"""


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder where `az` and `keyring` of the path leave what they were told."""
    seen, programs = tmp_path / "seen", tmp_path / "bin"
    for folder in (seen, programs):
        folder.mkdir()
    for name, text in {"az": AZ, "keyring": '#!/bin/sh\nprintf \'from %s for %s\\n\' "$2" "$3"\n'}.items():
        (programs / name).write_text(text)
        (programs / name).chmod(0o700)
    monkeypatch.setenv("SEEN", str(seen))
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    return seen


def run(what: Profile, form: Form, folder: Path) -> subprocess.CompletedProcess[str]:
    """The printed command, run by the shell in the folder of the files."""
    exported = export(what, form, target=AZURE)
    exported.write(folder, overwrite=True)
    return subprocess.run(
        ["/bin/sh", "-c", exported.command], cwd=folder, capture_output=True, text=True, check=False, timeout=30
    )


def sent(what: Profile) -> dict[str, Any]:
    """The body that the workbook itself would send."""
    return Connection.of(what, locate=str).resource(Secrets())


def test_the_arm_resource_is_the_body_of_the_put_with_references_in_it() -> None:
    exported = export(profile(**HEADERS), "arm", target=AZURE)
    assert [name for name, _ in exported.files] == ["contoso.arm.json"]
    resource = json.loads(exported.files[0][1])
    assert resource == {
        "id": f"{PROJECT}/connections/contoso",
        "name": "contoso",
        "type": "Microsoft.CognitiveServices/accounts/projects/connections",
        "apiVersion": "2025-04-01-preview",
        "properties": {
            "category": "ModelGateway",
            "target": "https://gateway.test/v1",
            "authType": "ApiKey",
            "isSharedToAll": False,
            "credentials": {"key": "env:KEY"},
            "metadata": {
                "deploymentInPath": "false",
                "models": json.dumps([model.model_dump() for model in profile().static_models], separators=(",", ":")),
                "customHeaders": '{"X-Team-Token":"env:TEAM_TOKEN","X-Team":"blue"}',
            },
        },
    }
    assert exported.command == "gateway-workbook run --profile contoso.arm.json --target azure\n"


def test_a_connection_of_the_account_has_the_accounts_id_and_type() -> None:
    resource = json.loads(export(profile(connectionScope="account"), "arm", target=AZURE).files[0][1])
    assert resource["id"] == f"{PROJECT.partition('/projects/')[0]}/connections/contoso"
    assert resource["type"] == "Microsoft.CognitiveServices/accounts/connections"


def test_what_beside_credentials_stands_there_stays_there() -> None:
    properties = json.loads(export(profile(**OAUTH2), "arm", target=AZURE).files[0][1])["properties"]
    assert properties["credentials"] == {"clientId": "client", "clientSecret": "env:CLIENT_SECRET"}
    assert (properties["tokenUrl"], properties["scopes"]) == ("https://login.test/token", ["a", "b"])
    identity = json.loads(export(profile(**IDENTITY), "arm", target=AZURE).files[0][1])["properties"]
    assert (identity["credentials"], identity["audience"]) == ({}, "https://cognitiveservices.azure.com")


def test_the_parameter_file_holds_plain_values_and_where_the_secrets_are() -> None:
    text = export(profile(**HEADERS, gatewayName="blue"), "parameters", target=AZURE).files[0][1]
    document = json.loads(text)
    assert document["parameters"] == {
        "connectionName": {"value": "contoso"},
        "projectResourceId": {"value": PROJECT},
        "targetUrl": {"value": "https://gateway.test/v1"},
        "gatewayName": {"value": "blue"},
        "authType": {"value": "ApiKey"},
        "deploymentInPath": {"value": "false"},
        "staticModels": {"value": [model.model_dump() for model in profile().static_models]},
        "customHeaders": {"value": {"X-Team": "blue"}},
    }
    assert document["metadata"]["profile"] == {
        "category": "ModelGateway",
        "apiKey": "env:KEY",
        "customHeaders": {"X-Team-Token": "env:TEAM_TOKEN"},
    }


@pytest.mark.parametrize(
    ("what", "parameters"),
    [
        (profile(), {"apiKey": {"value": SECRETS["KEY"]}}),
        (profile(**OAUTH2), {"clientSecret": {"value": SECRETS["CLIENT_SECRET"]}}),
        (
            profile(**HEADERS),
            {
                "apiKey": {"value": SECRETS["KEY"]},
                "secretHeaders": {"value": {"X-Team-Token": SECRETS["TEAM_TOKEN"]}},
            },
        ),
        (
            profile(**API, customHeaders={"X-`$Key": "env:TEAM_TOKEN"}),
            {"apiKey": {"value": SECRETS["KEY"]}, "secretHeaders": {"value": {"X-`$Key": SECRETS["TEAM_TOKEN"]}}},
        ),
    ],
    ids=["key", "client", "headers", "api"],
)
def test_a_deployment_gets_its_secrets_over_stdin(
    what: Profile, parameters: dict[str, Any], shell: Path, tmp_path: Path
) -> None:
    done = run(what, "template", tmp_path / "out")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert json.loads((shell / "input").read_text()) == parameters
    words = (shell / "arguments").read_text().splitlines()
    assert words[:3] == ["deployment", "group", "create"]
    assert words[words.index("--subscription") + 1] == "00000000-0000-0000-0000-000000000000"
    assert words[words.index("--resource-group") + 1] == "rg"
    assert [word for word in words if word.startswith("@")] == ["@contoso.parameters.json", "@-"]
    assert not any(secret in "\n".join(words) for secret in SECRETS.values())


@pytest.mark.parametrize("what", [profile(**IDENTITY), profile(**API, apimSubscriptionName="master")])
def test_a_deployment_without_secrets_reads_no_stdin(what: Profile, shell: Path, tmp_path: Path) -> None:
    assert run(what, "template", tmp_path / "out").returncode == 0
    assert "@-" not in (shell / "arguments").read_text().splitlines()


@pytest.mark.parametrize(
    "what",
    [
        profile(),
        profile(**HEADERS, connectionScope="account", isSharedToAll=True),
        profile(**OAUTH2),
        profile(**IDENTITY),
        profile(gatewayName="`id` $(id) \\ '", inferenceAPIVersion="$(id)`id`\\$HOME'\"\\"),
    ],
    ids=["key", "account", "client", "identity", "awkward"],
)
def test_the_script_sends_what_the_workbook_would(what: Profile, shell: Path, tmp_path: Path) -> None:
    done = run(what, "az-rest", tmp_path / "out")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert json.loads((shell / "input").read_text()) == sent(what)
    words = (shell / "arguments").read_text().splitlines()
    parent = PROJECT.partition("/projects/")[0] if what.connection_scope == "account" else PROJECT
    url = f"https://management.azure.com{parent}/connections/contoso?api-version=2025-04-01-preview"
    assert words == ["rest", "--method", "put", "--url", url, "--body", "@-"]


def test_the_connection_command_gets_the_key_in_a_private_file_that_is_gone(shell: Path, tmp_path: Path) -> None:
    what = profile(authConfig={"name": "X-Key"}, inferenceAPIVersion="2024-10-21")
    assert run(what, "az-yaml", tmp_path / "out").returncode == 0
    given_ = yaml.safe_load((shell / "file").read_text(encoding="utf-8"))
    body = sent(what)["properties"]
    assert given_ == {
        "type": "model_gateway",
        "target": body["target"],
        "metadata": body["metadata"],
        "api_key": SECRETS["KEY"],
    }
    assert (shell / "mode").read_text().startswith("-rw-------")
    words = (shell / "arguments").read_text().splitlines()
    assert not os.path.exists(words[words.index("--file") + 1])  # noqa: PTH110  the shell's own path
    assert words[words.index("--project-name") + 1] == "workshop"
    assert words[words.index("--name") + 1] == "contoso"


@pytest.mark.parametrize("form", ["template", "az-rest", "az-yaml", "bicep"])
def test_a_refusal_of_azure_is_the_commands_own(form: Form, shell: Path, tmp_path: Path) -> None:
    (tmp_path / "bin" / "az").write_text("#!/bin/sh\nexit 3\n")
    assert run(profile(), form, tmp_path / "out").returncode == 3
    assert list(shell.iterdir()) == []


@pytest.mark.parametrize("form", ["template", "az-rest", "az-yaml", "bicep"])
def test_an_empty_secret_is_never_sent(
    form: Form, shell: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KEY")
    done = run(profile(), form, tmp_path / "out")
    assert done.returncode != 0
    assert "KEY" in done.stderr
    assert "is not set" in done.stderr
    assert list(shell.iterdir()) == []


def test_secrets_kept_elsewhere_are_fetched_into_a_variable(shell: Path, tmp_path: Path) -> None:
    what = profile(apiKey="keyring:my'service/me", customHeaders={"X-Key": "keyring:other/you"})
    assert run(what, "az-rest", tmp_path / "out").returncode == 0
    body = json.loads((shell / "input").read_text())["properties"]
    assert body["credentials"] == {"key": "from my'service for me"}
    assert json.loads(body["metadata"]["customHeaders"]) == {"X-Key": "from other for you"}


def test_a_vaults_secret_is_fetched_with_az_itself() -> None:
    for reference, where in {
        "keyvault:contoso-vault/gateway-key": "--vault-name contoso-vault --name gateway-key",
        "keyvault:https://vault.test/gateway-key": "--id https://vault.test/secrets/gateway-key",
    }.items():
        fetched = f'GATEWAY_API_KEY="$(az keyvault secret show {where} --query value --output tsv)"\n'
        assert fetched in export(profile(apiKey=reference), "template", target=AZURE).command
        assert f"export {fetched}" in export(profile(apiKey=reference), "bicep", target=AZURE).command


def test_a_variable_stands_for_one_secret_alone() -> None:
    what = profile(apiKey="keyring:a/b", customHeaders={"X-Key": "env:GATEWAY_API_KEY", "X-Other-Key": "keyring:a/b"})
    command = export(what, "template", target=AZURE).command
    assert 'GATEWAY_API_KEY_2="$(keyring get a b)"\n' in command
    assert '{"apiKey": {"value": "$(json "$GATEWAY_API_KEY_2")"}' in command
    assert '{"X-Key": "$(json "$GATEWAY_API_KEY")", "X-Other-Key": "$(json "$GATEWAY_API_KEY_2")"}' in command


@pytest.mark.parametrize("form", FORMS)
def test_no_form_holds_a_secret(form: Form, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("KEY", "CLIENT_SECRET", "TEAM_TOKEN"):
        monkeypatch.setenv(name, "swordfish")
    for what in (profile(**HEADERS), profile(**OAUTH2), profile()):
        try:
            exported = export(what, form, target=AZURE)
        except UsageError:
            continue
        assert "swordfish" not in repr(exported)


@pytest.mark.parametrize("form", FORMS)
def test_files_are_their_owners_and_never_written_over_unasked(form: Form, tmp_path: Path) -> None:
    exported = export(profile(), form, target=AZURE)
    written = exported.write(tmp_path / "new" / "folder")
    assert [path.name for path in written] == [name for name, _ in exported.files]
    assert {stat.S_IMODE(path.stat().st_mode) for path in written} == {0o600}
    for path in written:
        path.unlink()
    written[-1].write_text("mine")
    with pytest.raises(UsageError, match=r"is there already: take another place, or add --overwrite"):
        exported.write(written[0].parent)
    assert [path.read_text() for path in written[0].parent.iterdir()] == ["mine"]
    exported.write(written[0].parent, overwrite=True)
    assert [path.read_text(encoding="utf-8") for path in written] == [text for _, text in exported.files]


def test_a_folder_in_the_way_stops_all_files(tmp_path: Path) -> None:
    (tmp_path / "contoso.parameters.json").mkdir()
    with pytest.raises(UsageError, match=r"contoso\.parameters\.json is a folder: name a file"):
        export(profile(), "template", target=AZURE).write(tmp_path, overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["contoso.parameters.json"]


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be written"):
        export(profile(), "template", target=AZURE).write(tmp_path / "file" / "below")


@pytest.mark.parametrize(
    ("changes", "form", "lost"),
    [
        (OAUTH2, "az-yaml", "tokenUrl and scopes"),
        (IDENTITY, "az-yaml", "the audience"),
        ({"connectionScope": "account"}, "az-yaml", "connectionScope account"),
        ({"isSharedToAll": True}, "az-yaml", "isSharedToAll"),
        (HEADERS, "az-yaml", r"the reference in customHeaders\.X-Team-Token"),
        (API, "az-yaml", "the API's URL"),
        (API, "arm", "the API's URL"),
        (API, "az-rest", "the API's URL"),
    ],
)
def test_what_a_form_would_lose_is_refused_with_another(changes: dict[str, Any], form: Form, lost: str) -> None:
    with pytest.raises(UsageError, match=rf"^{form} .*{lost}.*: take --format ") as caught:
        export(profile(**changes), form, target=AZURE)
    assert "\n" not in str(caught.value)


def test_a_url_of_the_sandbox_is_refused_for_azure() -> None:
    with pytest.raises(UsageError, match="sandbox://apim/openai exists in the sandbox only: write your gateway's own"):
        export(profile(targetUrl="sandbox://apim/openai"), target=AZURE)
    with pytest.raises(UsageError, match="sandbox://oauth/token exists in the sandbox only"):
        export(profile(**OAUTH2 | {"tokenUrl": "sandbox://oauth/token"}), target=AZURE)


def test_the_sandbox_gives_its_urls_and_its_project(sandbox: Target) -> None:
    assert sandbox.descriptor is not None
    text = export(profile(targetUrl="sandbox://apim/openai"), "arm", target=sandbox).files[0][1]
    resource = json.loads(text)
    assert resource["id"] == f"{sandbox.project_resource_id}/connections/contoso"
    assert resource["properties"]["target"] == f"{sandbox.descriptor.url}/gateways/apim/openai"


@given(st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"]), min_size=1, max_size=20))
@settings(
    max_examples=25,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_secret_arrives_as_it_is(shell: Path, tmp_path: Path, secret: str) -> None:
    what = profile(customHeaders={"X-Key": "env:TEAM_TOKEN"})
    os.environ["KEY"] = os.environ["TEAM_TOKEN"] = secret = secret.strip() or "x"
    assert run(what, "az-rest", tmp_path / "out").returncode == 0
    assert json.loads((shell / "input").read_text()) == sent(what)
