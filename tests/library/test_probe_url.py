"""Any URL a person has: its base, what it tells beyond, and the URLs that are refused before anything is sent."""

from __future__ import annotations

import pytest

from gateway_workbook.errors import UsageError
from gateway_workbook.probe_plan import targets
from gateway_workbook.probe_url import read_url

HOST = "https://contoso.azure-api.net"
CALL = f"{HOST}/team/openai/deployments/gpt-4o/chat/completions?api-version=2024-06-01"


@pytest.mark.parametrize(
    ("url", "base", "routing", "deployment", "version"),
    [
        (CALL, "/team/openai", "path", "gpt-4o", "2024-06-01"),
        (f"{HOST}/openai/deployments/meta%2Fllama-3/chat/completions", "/openai", "path", "meta/llama-3", None),
        (f"{HOST}/openai/deployments/gpt-4o/", "/openai", "path", "gpt-4o", None),
        (f"{HOST}/openai/deployments/gpt-4o/embeddings", "/openai", "path", "gpt-4o", None),
        (f"{HOST}/openai/deployments", "/openai", "path", "", None),
        (f"{HOST}/openai/deployments/{{deployment-id}}/chat/completions", "/openai", "path", "", None),
        (f"{HOST}/openai/deployments/YOUR-DEPLOYMENT", "/openai", "path", "", None),
        (f"{HOST}/v1/chat/completions", "/v1", "body", "", None),
        (f"{HOST}//v1//responses/", "/v1", "body", "", None),
        (f"{HOST}/v1/models", "/v1", None, "", None),
        (f"{HOST}/v1/models/gpt-4o", "/v1", None, "", None),
        (f"{HOST}/openai/v1/", "/openai/v1", None, "", None),
        (f"{HOST}/", "", None, "", None),
        ("contoso.azure-api.net/openai", "/openai", None, "", None),
        (f"  {HOST}/openai?subscription-key=swordfish#top ", "/openai", None, "", None),
    ],
)
def test_what_a_url_tells(url: str, base: str, routing: str | None, deployment: str, version: str | None) -> None:
    clue = read_url(url)
    assert (clue.base, clue.routing, clue.deployment, clue.version) == (HOST + base, routing, deployment, version)
    assert "swordfish" not in repr(clue)


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("localhost:4000", "http://localhost:4000"),
        ("127.0.0.1:4000/v1", "http://127.0.0.1:4000/v1"),
        ("http://[::1]:4000/v1", "http://[::1]:4000/v1"),
        ("gateway.example:8443/v1", "https://gateway.example:8443/v1"),
    ],
)
def test_a_url_without_a_scheme_is_https_but_on_this_machine(url: str, base: str) -> None:
    assert read_url(url).base == base


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("http://gateway.example/v1", "would carry the key in clear: write https://, or add --allow-http"),
        ("https://user:swordfish@gateway.example/v1", "holds a user name or password"),
        ("ftp://gateway.example", "no gateway's URL"),
        ("https://", "no gateway's URL"),
        ("https://gateway.example:99999/v1", "no gateway's URL"),
        ("https://gateway.example/a b", "no gateway's URL"),
    ],
)
def test_urls_that_are_refused(url: str, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence) as refused:
        read_url(url)
    assert "swordfish" not in str(refused.value)


def test_plain_http_to_another_machine_where_somebody_insists() -> None:
    assert read_url("http://gateway.example/v1", allow_http=True).base == "http://gateway.example/v1"


def test_a_sandbox_url_is_called_at_one_place_and_written_as_it_was() -> None:
    clue = read_url(
        "sandbox://apim/openai", locate=lambda url: url.replace("sandbox://", "http://127.0.0.1:9/gateways/")
    )
    assert clue.base == "http://127.0.0.1:9/gateways/apim/openai"
    assert clue.spelled(clue.base) == "sandbox://apim/openai"


@pytest.mark.parametrize("path", ["", "/v1", "/openai", "/openai/v1", "/team", "/v1/chat/completions"])
def test_every_usual_base_is_reached_from_every_other(path: str) -> None:
    near, far = targets(read_url(HOST + path))
    parent = f"{HOST}/team" if path == "/team" else HOST
    assert {f"{parent}/v1", f"{parent}/openai"} <= {*near, *far}
    assert len({*near, *far}) == len([*near, *far])
