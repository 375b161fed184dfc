"""Key Vault and the keyring with their own clients: what is there is read, what is not ends in a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked

from gateway_workbook.errors import UsageError
from gateway_workbook.secrets import SecretReference, Secrets
from tests.library.vault import TOKEN, managed_identity, vault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECRET = "swordfish-of-the-vault"
STORED: dict[str, Any] = {
    "value": SECRET,
    "id": "https://contoso.vault.azure.net/secrets/gateway-key/1",
    "attributes": {},
}
ANSWERS: dict[str, tuple[int, object]] = {
    "gateway-key": (200, STORED),
    "gone": (404, {"error": {"code": "SecretNotFound", "message": f"not {SECRET}"}}),
    "theirs": (403, {"error": {"code": "Forbidden", "message": f"not {SECRET}"}}),
    "ragged": (200, STORED | {"value": f"{SECRET}\n"}),
}


def resolve(reference: str) -> str:
    return Secrets().resolve(SecretReference.parse(reference)).get_secret_value()


def told(error: UsageError) -> str:
    """Everything a person could be shown of our error."""
    return f"{error} {error!r} {error._render_traceback_()}"


def test_a_secret_comes_out_of_the_vault_with_a_token_for_vaults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with managed_identity(monkeypatch) as asked, vault(ANSWERS, folder=tmp_path, patch=monkeypatch) as seen:
        assert resolve("keyvault:contoso/gateway-key") == SECRET
        assert resolve("keyvault:https://contoso.vault.azure.net/gateway-key") == SECRET
    assert set(asked) == {"https://vault.azure.net"}
    assert seen[:2] == ["no token GET /secrets/gateway-key/", f"Bearer {TOKEN} GET /secrets/gateway-key/"]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("gone", "(404): https://contoso.vault.azure.net has no such secret; check its name"),
        (
            "theirs",
            "(403 Forbidden): ask for the role Key Vault Secrets User on https://contoso.vault.azure.net",
        ),
    ],
)
def test_what_the_vault_refuses_is_told_with_the_mend(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, sentence: str
) -> None:
    with (
        managed_identity(monkeypatch),
        vault(ANSWERS, folder=tmp_path, patch=monkeypatch),
        pytest.raises(UsageError) as caught,
    ):
        resolve(f"keyvault:contoso/{name}")
    assert str(caught.value) == f"keyvault:contoso/{name} cannot be read {sentence}"
    assert SECRET not in told(caught.value)
    assert TOKEN not in told(caught.value)


def test_a_secret_no_header_can_carry_is_refused_unseen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        managed_identity(monkeypatch),
        vault(ANSWERS, folder=tmp_path, patch=monkeypatch),
        pytest.raises(UsageError, match="blanks or line ends") as caught,
    ):
        resolve("keyvault:contoso/ragged")
    assert SECRET not in told(caught.value)


def test_no_token_goes_to_what_challenges_for_another_resource(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Another name than the others': the client remembers a vault's challenge for as long as the process lives.
    stranger = vault(ANSWERS, folder=tmp_path, patch=monkeypatch, name="strange", resource="https://graph.example.com")
    with managed_identity(monkeypatch) as asked, stranger as seen, pytest.raises(UsageError) as caught:
        resolve("keyvault:strange/gateway-key")
    assert "does not match the requested domain" in str(caught.value)
    assert str(caught.value).endswith(": check the vault's name")
    assert asked == []
    assert all(request.startswith("no token") for request in seen)


def test_a_vault_that_does_not_answer_is_told_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")  # nobody listens on the discard port
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with managed_identity(monkeypatch) as asked, pytest.raises(UsageError) as caught:
        resolve("keyvault:nowhere/gateway-key")
    assert str(caught.value).startswith("keyvault:nowhere/gateway-key cannot be read (Service")
    assert str(caught.value).endswith(
        "no answer from https://nowhere.vault.azure.net; check the vault's name and the network"
    )
    assert asked == []


class InMemory(KeyringBackend):
    """A real backend of the keyring package, kept in memory."""

    priority = 1  # type: ignore[assignment]  # a class property in the base

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}
        self.locked = False

    def get_password(self, service: str, username: str) -> str | None:
        if self.locked:
            raise KeyringLocked("the keyring is locked")
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password


@pytest.fixture
def backend() -> Iterator[InMemory]:
    before, ours = keyring.get_keyring(), InMemory()
    keyring.set_keyring(ours)
    yield ours
    keyring.set_keyring(before)


def test_a_secret_comes_out_of_the_keyring(backend: InMemory) -> None:
    keyring.set_password("contoso/gateway", "me", SECRET)
    assert resolve("keyring:contoso/gateway/me") == SECRET
    with pytest.raises(UsageError, match="no secret at keyring:contoso/gateway/you: store it with `keyring set`"):
        resolve("keyring:contoso/gateway/you")
    backend.locked = True
    with pytest.raises(UsageError, match=r"cannot be read \(KeyringLocked: the keyring is locked\): unlock") as caught:
        resolve("keyring:contoso/gateway/me")
    assert SECRET not in told(caught.value)
