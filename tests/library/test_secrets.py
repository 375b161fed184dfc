"""References and their resolution; a secret's value never shows."""

from __future__ import annotations

import pytest

from gateway_workbook.errors import UsageError
from gateway_workbook.secrets import SecretReference, Secrets, is_reference, looks_secret


@pytest.mark.parametrize(
    "text",
    ["env:GATEWAY_API_KEY", "env:_x9", "keyring:gateway/me", "keyvault:contoso/key", "keyvault:https://v.test/k"],
)
def test_a_reference_reads_and_writes_the_same(text: str) -> None:
    assert str(SecretReference.parse(text)) == text
    assert is_reference(text)


@pytest.mark.parametrize(
    ("text", "mend"),
    [
        ("sk-swordfish", "env:…, keyring:…, keyvault:…"),
        ("", "env:…"),
        ("env:", "env:…"),
        ("env:MY-VAR", "letters, digits and _ only"),
        ("env:9LIVES", "letters, digits and _ only"),
        ("env:A B", "env:…"),
        ("ENV:A", "env:…"),
        ("keyring:lonely", "keyring:SERVICE/USER"),
        ("keyvault:lonely", "keyvault:VAULT/SECRET"),
        ("keyvault:/lonely/", "keyvault:VAULT/SECRET"),
        ("env:A\n", "env:…"),
        ("vault:a/b", "env:…"),
    ],
)
def test_what_is_no_reference_is_refused_without_being_repeated(text: str, mend: str) -> None:
    with pytest.raises(ValueError, match=r"reference|names no environment variable|two parts") as caught:
        SecretReference.parse(text)
    assert mend in str(caught.value)
    assert "swordfish" not in str(caught.value)
    assert not is_reference(text)


def test_the_environment_wins_over_the_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    secrets, reference = Secrets({"A_KEY": "of the sandbox".replace(" ", "-")}), SecretReference.parse("env:A_KEY")
    assert secrets.resolve(reference).get_secret_value() == "of-the-sandbox"
    monkeypatch.setenv("A_KEY", "mine")
    assert secrets.resolve(reference).get_secret_value() == "mine"


def test_a_missing_variable_is_named_with_its_mend() -> None:
    with pytest.raises(UsageError, match=r"no secret at env:NOT_SET: set the environment variable NOT_SET"):
        Secrets().resolve(SecretReference.parse("env:NOT_SET"))


@pytest.mark.parametrize("value", ["sword fish\n", " swordfish", "sword\x00fish", "sword\x1bfish", "sword\tfish"])
def test_a_value_that_no_header_can_carry_is_refused_unseen(value: str) -> None:
    with pytest.raises(UsageError, match="blanks or line ends") as caught:
        Secrets({"A_KEY": value}).resolve(SecretReference.parse("env:A_KEY"))
    assert "fish" not in str(caught.value)


def test_nothing_that_holds_a_secret_shows_it() -> None:
    secrets = Secrets({"A_KEY": "swordfish"})
    resolved = secrets.resolve(SecretReference.parse("env:A_KEY"))
    assert "swordfish" not in f"{secrets!r} {secrets} {resolved!r} {resolved}"


@pytest.mark.parametrize(
    ("reference", "extra"), [("keyring:gateway/me", "keyring"), ("keyvault:contoso/key", "keyvault")]
)
def test_a_reference_whose_extra_is_missing_says_how_to_get_it(reference: str, extra: str) -> None:
    module = {"keyring": "keyring", "keyvault": "azure.keyvault.secrets"}[extra]
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(__import__("sys").modules, module, None)
        with pytest.raises(UsageError, match=rf"pip install 'gateway-workbook\[{extra}\]'"):
            Secrets().resolve(SecretReference.parse(reference))


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("Authorization", True),
        ("X-Api-Key", True),
        ("apikey", True),
        ("Ocp-Apim-Subscription-Key", True),
        ("X-Team-Token", True),
        ("Cookie", True),
        ("X-Environment", False),
        ("X-Client-App", False),
        ("Accept", False),
    ],
)
def test_headers_that_carry_secrets_are_known_by_name(name: str, secret: bool) -> None:  # noqa: FBT001  a table's column
    assert looks_secret(name) is secret
