"""What each gateway of the sandbox is like: the table that the flow in `gateways` interprets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from foundry_sandbox.admission import OAUTH_AUDIENCE, Bearer, Key
from foundry_sandbox.dialect import API_MANAGEMENT, AZURE, OPENAI, PROXY, Dialect

if TYPE_CHECKING:
    from foundry_sandbox.state import State

Routing = Literal["path", "body"]
VersionRule = Literal["required", "refused", "ignored"]


@dataclass(frozen=True, kw_only=True)
class Discovery:
    """Where a gateway lists its deployments (`path`, and one below it), in which provider's form."""

    path: str
    provider: Literal["AzureOpenAI", "OpenAI"]
    version: VersionRule = "ignored"


@dataclass(frozen=True, kw_only=True)
class Gateway:
    """One gateway; `base` is the path of its target, `upstream` the model server it forwards to."""

    name: str
    base: str
    summary: str
    routing: Routing
    auth: Key | Bearer
    dialect: Dialect
    version: VersionRule = "ignored"
    discovery: Discovery | None = None
    upstream: str | None = None

    @property
    def target(self) -> str:
        """Where a connection points, in the form profiles use."""
        return f"sandbox://{self.name}{self.base}"


_AZURE_LIST: Final = Discovery(path="/deployments", provider="AzureOpenAI")
_OPENAI_LIST: Final = Discovery(path="/models", provider="OpenAI")

GATEWAYS: Final[tuple[Gateway, ...]] = (
    Gateway(
        name="apim",
        base="/openai",
        summary="API Management before Azure OpenAI: deployment in the path, api-version on inference only.",
        routing="path",
        auth=Key(),
        dialect=API_MANAGEMENT,
        version="required",
        discovery=_AZURE_LIST,
    ),
    Gateway(
        name="apim-static",
        base="/openai",
        summary="API Management that exposes inference only: models must be listed in the connection.",
        routing="path",
        auth=Key(),
        dialect=API_MANAGEMENT,
        version="required",
    ),
    Gateway(
        name="static",
        base="/v1",
        summary="A plain proxy: deployment in the body, api-key header, no discovery.",
        routing="body",
        auth=Key(),
        dialect=PROXY,
    ),
    Gateway(
        name="openai",
        base="/v1",
        summary="Like api.openai.com: deployment in the body, Authorization: Bearer <key>, no api-version.",
        routing="body",
        auth=Key(header="Authorization", template="Bearer {api_key}"),
        dialect=OPENAI,
        version="refused",
        discovery=Discovery(path="/models", provider="OpenAI", version="refused"),
    ),
    Gateway(
        name="azure",
        base="",
        summary="Deployment in the body, Azure-form discovery; api-version on discovery only.",
        routing="body",
        auth=Key(),
        dialect=AZURE,
        version="refused",
        discovery=Discovery(path="/deployments", provider="AzureOpenAI", version="required"),
    ),
    Gateway(
        name="oauth",
        base="/v1",
        summary="Takes OAuth2 client credentials: a bearer token from its own token endpoint, no discovery.",
        routing="body",
        auth=Bearer(audience=OAUTH_AUDIENCE, scoped=True),
        dialect=OPENAI,
    ),
    Gateway(
        name="custom",
        base="/v1",
        summary="Wants X-Gateway-Key: Key <key> and, on inference, a header X-Environment.",
        routing="body",
        auth=Key(header="X-Gateway-Key", template="Key {api_key}", also=("X-Environment",)),
        dialect=OPENAI,
        discovery=_OPENAI_LIST,
    ),
    Gateway(
        name="identity",
        base="/openai",
        summary="API Management that takes Entra tokens for https://cognitiveservices.azure.com, no keys.",
        routing="path",
        auth=Bearer(audience="https://cognitiveservices.azure.com"),
        dialect=API_MANAGEMENT,
        version="required",
        discovery=_AZURE_LIST,
    ),
)


def gateways(state: State) -> tuple[Gateway, ...]:
    """Return the table's gateways, then the upstream ones; raises ValueError where a name is taken."""
    taken = sorted({gateway.name for gateway in GATEWAYS} & set(state.upstreams))
    if taken:
        raise ValueError(f"the sandbox has a gateway '{taken[0]}' of its own: give the upstream another name")
    return (*GATEWAYS, *(_before(name, url=url) for name, url in state.upstreams.items()))


def _before(name: str, *, url: str) -> Gateway:
    return Gateway(
        name=name,
        base="/v1",
        summary=f"Forwards to the model server at {url}.",
        routing="body",
        auth=Key(or_bearer=True),
        dialect=OPENAI,
        discovery=_OPENAI_LIST,
        upstream=url,
    )
