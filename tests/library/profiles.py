"""Profiles of every kind that can be written, for tests of properties."""

from __future__ import annotations

from typing import Any, Final

from hypothesis import assume
from hypothesis import strategies as st

from gateway_workbook.document import Document, placeholders
from gateway_workbook.profile import Profile
from gateway_workbook.secrets import is_reference, looks_secret

PROJECT: Final = (
    "/subscriptions/1/resourceGroups/rg (eu)/providers/Microsoft.CognitiveServices/accounts/contoso/projects/workshop"
)
SERVICE: Final = "/subscriptions/2/resourceGroups/apim-rg/providers/Microsoft.ApiManagement/service/contoso"
KINDS: Final = (
    ("ModelGateway", "OAuth2"),
    ("ApiManagement", "ProjectManagedIdentity"),
    ("ModelGateway", "ApiKey"),
    ("ApiManagement", "ApiKey"),
)

_AWKWARD: Final = "/ '\"$`\\{}[]()#:,=&|<>!%@~^*?;-_é世🌍\t\u200b"
_characters = st.one_of(
    st.sampled_from(_AWKWARD), st.characters(codec="utf-8", exclude_characters="\n\r", categories=["L", "N", "P", "S"])
)
text = st.text(_characters, min_size=1, max_size=12)
names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{2,32}", fullmatch=True)
variables = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,12}", fullmatch=True)
_part = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9-]{0,8}", fullmatch=True)
references = st.one_of(
    variables.map("env:{}".format),
    st.tuples(_part, st.from_regex(r"[A-Za-z0-9'$@.\\-]{1,8}", fullmatch=True)).map(lambda p: f"keyring:{p[0]}/{p[1]}"),
    st.tuples(_part, _part).map(lambda p: f"keyvault:{p[0]}/{p[1]}"),
    st.tuples(_part, _part).map(lambda p: f"keyvault:https://{p[0]}.vault.test/{p[1]}"),
)
urls = st.builds(
    "{}://{}.test{}".format,
    st.sampled_from(["https", "http"]),
    st.from_regex(r"[a-z][a-z0-9-]{0,8}[a-z0-9]", fullmatch=True),
    st.from_regex(r"(/[A-Za-z0-9._~!$&'()*+,;=:@%-]{1,8}){0,3}/?", fullmatch=True),
)
header_names = st.from_regex(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,12}", fullmatch=True)
header_values = st.from_regex(r"[!-~]([ -~]{0,10}[!-~])?", fullmatch=True)
flags = st.booleans()


def models() -> st.SearchStrategy[list[dict[str, Any]]]:
    """Some models with names of their own."""
    details = st.fixed_dictionaries(
        {"name": text}, optional={"version": st.text(_characters, max_size=8), "format": text}
    )
    model = st.builds(lambda name, of: {"name": name, "properties": {"model": of}}, text, details)
    return st.lists(model, min_size=1, max_size=3, unique_by=lambda model: model["name"])


@st.composite
def headers(draw: st.DrawFn) -> dict[str, str]:
    """Custom headers; those that look like secrets are references."""
    names_of = draw(st.lists(header_names, max_size=3, unique=True))
    return {name: draw(references if looks_secret(name) else st.one_of(references, header_values)) for name in names_of}


def where(category: str, *, url_only: bool) -> st.SearchStrategy[dict[str, Any]]:
    """The target: a URL, or an API of API Management."""
    url = st.fixed_dictionaries({"targetUrl": urls})
    api = st.fixed_dictionaries({"apimResourceId": st.just(SERVICE), "apiName": text})
    return st.one_of(url, api) if category == "ApiManagement" and not url_only else url


def who(auth_type: str) -> st.SearchStrategy[dict[str, Any]]:
    """How Agent Service signs in."""
    auth_config = st.fixed_dictionaries(
        {"name": header_names},
        optional={"format": st.builds("{}{}{{api_key}}".format, header_values, st.sampled_from(["", " "]))},
    )
    key = st.fixed_dictionaries(
        {"authType": st.just("ApiKey"), "apiKey": references}, optional={"authConfig": auth_config}
    )
    client = {"authType": st.just("OAuth2"), "clientId": text, "clientSecret": references, "tokenUrl": urls}
    oauth2 = st.fixed_dictionaries(client, optional={"scopes": st.lists(text, max_size=3)})
    identity = st.fixed_dictionaries({"authType": st.just("ProjectManagedIdentity")}, optional={"audience": text})
    return {"ApiKey": key, "OAuth2": oauth2, "ProjectManagedIdentity": identity}[auth_type]


def what(category: str) -> st.SearchStrategy[dict[str, Any]]:
    """The models: listed, looked up, or by API Management's defaults."""
    static = st.fixed_dictionaries({"staticModels": models()})
    path = text.filter(lambda path: "://" not in path)  # a whole URL has to be on the target's host
    endpoints = {
        "listModelsEndpoint": path,
        "getModelEndpoint": path.map("{}/{{deploymentName}}".format).filter(lambda path: "://" not in path),
        "deploymentProvider": st.sampled_from(["OpenAI", "AzureOpenAI"]),
    }
    told = st.one_of(static, st.fixed_dictionaries(endpoints))
    return st.one_of(told, st.just({})) if category == "ApiManagement" else told


@st.composite
def profiles(draw: st.DrawFn, *, for_az_yaml: bool = False) -> Profile:
    """A profile as people may write it, or one that is no more than a URL, a key and metadata."""
    category, auth_type = draw(st.sampled_from(KINDS))
    if for_az_yaml:
        auth_type = "ApiKey"
    data: dict[str, Any] = {
        "category": category,
        "connectionName": draw(names),
        "projectResourceId": PROJECT,
        "isSharedToAll": False if for_az_yaml else draw(flags),
        "deploymentInPath": draw(flags),
        "customHeaders": draw(headers()),
        **draw(where(category, url_only=for_az_yaml)),
        **draw(who(auth_type)),
        **draw(what(category)),
        **draw(st.fixed_dictionaries({}, optional={"inferenceAPIVersion": text, "deploymentAPIVersion": text})),
        **draw(st.fixed_dictionaries({}, optional={"gatewayName": text, "apimSubscriptionName": text})),
    }
    signing = data.get("authConfig", {}).get("name", "api-key" if auth_type == "ApiKey" else "authorization").lower()
    data["customHeaders"] = {name: value for name, value in data["customHeaders"].items() if name.lower() != signing}
    if for_az_yaml:
        data["customHeaders"] = {k: v for k, v in data["customHeaders"].items() if not is_reference(v)}
    elif data["authType"] != "ProjectManagedIdentity":
        data["connectionScope"] = draw(st.sampled_from(["project", "account"]))
    assume(not [*placeholders(data)])
    return Profile.parse(Document("generated", data))
