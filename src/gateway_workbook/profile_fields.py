"""What a form asks of a profile: every field in words, and when it applies."""

from __future__ import annotations

__all__ = ["PROFILE_FIELDS"]

from typing import TYPE_CHECKING, Final

from gateway_workbook.field import Choice, Field, Values
from gateway_workbook.profile_rules import AUTH_TYPES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_AUTH_TITLES: Final = {
    "ApiKey": "a key in a header (ApiKey)",
    "OAuth2": "a token of an OAuth2 client (OAuth2)",
    "ProjectManagedIdentity": "the project's identity (ProjectManagedIdentity)",
}


def _is(name: str, *wanted: object) -> Callable[[Values], bool]:
    return lambda values: values.get(name) in wanted


def _by_api(values: Values) -> bool:
    return values.get("category") == "ApiManagement" and values.get("place") == "api"


def _at_url(values: Values) -> bool:
    return not _by_api(values)


def _either(name: str, condition: Callable[[Values], bool]) -> Callable[[Values], bool]:
    """Where the condition holds, or something is written there already: a form loses nothing."""
    return lambda values: condition(values) or bool(values.get(name))


def _auth_types(values: Values) -> Sequence[Choice]:
    return [(_AUTH_TITLES[kind], kind) for kind in AUTH_TYPES[str(values["category"])]]


def _discoveries(values: Values) -> Sequence[Choice]:
    defaults = ("API Management's defaults (/deployments)", "defaults")
    told = [("a list that I write here", "static"), ("endpoints of the gateway", "endpoints")]
    return [defaults, *told] if values["category"] == "ApiManagement" else told


_GATEWAY, _ROUTING, _SIGNING, _MODELS, _MORE = "The gateway", "Routing", "Authentication", "Models", "More"
_KEY, _CLIENT, _IDENTITY = (
    _is("authType", "ApiKey"),
    _is("authType", "OAuth2"),
    _is("authType", "ProjectManagedIdentity"),
)
_LOOKED_UP: Final = _is("discovery", "endpoints")

PROFILE_FIELDS: Final = (
    Field(
        name="category",
        title="Kind",
        about="What Foundry calls the connection; it decides what else is asked.",
        kind="choice",
        group=_GATEWAY,
        choices=lambda _: [
            ("Azure API Management (ApiManagement)", "ApiManagement"),
            ("any other gateway (ModelGateway)", "ModelGateway"),
        ],
    ),
    Field(
        name="connectionName",
        title="Connection",
        about="Its name in Foundry, and the first half of every agent's model: connection/deployment.",
        group=_GATEWAY,
    ),
    Field(
        name="place",
        title="Found by",
        about="Where the URL comes from.",
        kind="choice",
        group=_GATEWAY,
        choices=lambda _: [("its URL", "url"), ("its API in API Management", "api")],
        applies=_is("category", "ApiManagement"),
    ),
    Field(
        name="targetUrl",
        title="URL",
        about="What stands before /chat/completions, or before /deployments; sandbox://… is the sandbox's own.",
        group=_GATEWAY,
        applies=_at_url,
    ),
    Field(
        name="apimResourceId",
        title="API Management",
        about="The service's resource id: portal, Properties, Id.",
        group=_GATEWAY,
        applies=_by_api,
    ),
    Field(
        name="apiName",
        title="API",
        about="The API's name in it; its URL is looked up when the run starts.",
        group=_GATEWAY,
        applies=_by_api,
    ),
    Field(
        name="apimSubscriptionName",
        title="Subscription",
        about="API Management's subscription whose key is meant; for people and templates.",
        group=_GATEWAY,
        applies=_either("apimSubscriptionName", _by_api),
    ),
    Field(
        name="gatewayName",
        title="Gateway's name",
        about="For people; nothing depends on it.",
        group=_GATEWAY,
        applies=_either("gatewayName", _is("category", "ModelGateway")),
    ),
    Field(
        name="deploymentInPath",
        title="Model named in",
        about="How the gateway learns which model is meant.",
        kind="choice",
        group=_ROUTING,
        choices=lambda _: [
            ("the path: /deployments/NAME/chat/completions", True),
            ('the body: {"model": "NAME"}', False),
        ],
    ),
    Field(
        name="inferenceAPIVersion",
        title="api-version",
        about="Sent with every call, as ?api-version=…; empty sends none.",
        group=_ROUTING,
    ),
    Field(
        name="authType",
        title="Signed by",
        about="What Agent Service shows to the gateway.",
        kind="choice",
        group=_SIGNING,
        choices=_auth_types,
    ),
    Field(
        name="apiKey",
        title="Key",
        about="Where the key is, never the key: env:NAME, keyring:SERVICE/USER or keyvault:VAULT/SECRET.",
        group=_SIGNING,
        applies=_KEY,
    ),
    Field(
        name="headerName",
        title="Header",
        about="The header that carries the key; empty means api-key.",
        group=_SIGNING,
        applies=_KEY,
    ),
    Field(
        name="headerFormat",
        title="Header's value",
        about="{api_key} stands for the key, as in Bearer {api_key}.",
        group=_SIGNING,
        applies=lambda values: _KEY(values) and bool(values.get("headerName")),
    ),
    Field(name="clientId", title="Client", about="The OAuth2 client's id.", group=_SIGNING, applies=_CLIENT),
    Field(
        name="clientSecret",
        title="Client's secret",
        about="Where the secret is, never the secret: env:NAME, keyring:SERVICE/USER or keyvault:VAULT/SECRET.",
        group=_SIGNING,
        applies=_CLIENT,
    ),
    Field(
        name="tokenUrl", title="Token URL", about="Where the client gets its tokens.", group=_SIGNING, applies=_CLIENT
    ),
    Field(
        name="scopes",
        title="Scopes",
        about="What the token is to allow, one a line; empty asks for none.",
        kind="lines",
        group=_SIGNING,
        applies=_CLIENT,
    ),
    Field(
        name="audience",
        title="Audience",
        about="For whom the Entra token is made; the gateway's policy checks it.",
        group=_SIGNING,
        applies=_IDENTITY,
    ),
    Field(
        name="discovery",
        title="Found in",
        about="Where Foundry learns which deployments there are.",
        kind="choice",
        group=_MODELS,
        choices=_discoveries,
    ),
    Field(
        name="staticModels",
        title="Deployments",
        about="One a line: deployment | model | version | format. The deployment alone will do.",
        kind="lines",
        group=_MODELS,
        applies=_is("discovery", "static"),
    ),
    Field(
        name="listModelsEndpoint",
        title="List",
        about="The path below the URL that lists them.",
        group=_MODELS,
        applies=_LOOKED_UP,
    ),
    Field(
        name="getModelEndpoint",
        title="Get",
        about="The path that gets one; {deploymentName} stands for its name.",
        group=_MODELS,
        applies=_LOOKED_UP,
    ),
    Field(
        name="deploymentProvider",
        title="Answers as",
        about="Whose form the two answers have.",
        kind="choice",
        group=_MODELS,
        choices=lambda _: [("OpenAI: data, id", "OpenAI"), ("Azure OpenAI: value, name", "AzureOpenAI")],
        applies=_LOOKED_UP,
    ),
    Field(
        name="deploymentAPIVersion",
        title="Its api-version",
        about="Sent with these two, as ?api-version=…; empty sends none.",
        group=_MODELS,
        applies=_either("deploymentAPIVersion", _is("discovery", "endpoints", "defaults")),
    ),
    Field(
        name="customHeaders",
        title="More headers",
        about="Sent with every prompt, one a line: Name: value. A secret by reference: X-Team: env:TEAM_TOKEN.",
        kind="lines",
        group=_MORE,
    ),
    Field(
        name="connectionScope",
        title="Belongs to",
        about="One project, or its account and so all projects in it.",
        kind="choice",
        group=_MORE,
        choices=lambda _: [("the project", "project"), ("the account", "account")],
    ),
    Field(
        name="isSharedToAll",
        title="Shared with all",
        about="Whether everybody who sees the project may use it.",
        kind="switch",
        group=_MORE,
    ),
    Field(
        name="projectResourceId",
        title="Foundry project",
        about="On Azure, the project's resource id: portal, project, Properties.",
        group=_MORE,
        applies=_either("projectResourceId", _is("target", "azure")),
    ),
)
