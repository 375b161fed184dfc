"""What gateways usually want, the most usual first: headers, api-versions, discovery endpoints, names of deployments.

Dated November 2026; whoever meets another kind of gateway adds a line.
"""

from __future__ import annotations

__all__ = ["CHALLENGES", "DISCOVERIES", "HEADERS", "MODELS", "NO_CHAT", "VERSIONS"]

from typing import Final

from gateway_workbook.connection import Discovery
from gateway_workbook.profile import AuthConfig

# None is Agent Service's own default, `api-key`.
HEADERS: Final[tuple[AuthConfig | None, ...]] = (
    None,
    AuthConfig(name="Authorization", format="Bearer {api_key}"),
    AuthConfig(name="Ocp-Apim-Subscription-Key"),
    AuthConfig(name="x-api-key"),
    AuthConfig(name="apikey"),
    AuthConfig(name="Authorization"),
)
# What a WWW-Authenticate header of this scheme asks for.
CHALLENGES: Final = {
    "bearer": AuthConfig(name="Authorization", format="Bearer {api_key}"),
    "key": AuthConfig(name="apikey"),
}
VERSIONS: Final = ("2024-10-21", "2025-01-01-preview", "preview")
DISCOVERIES: Final = (
    Discovery(list_endpoint="/models", get_endpoint="/models/{deploymentName}", provider="OpenAI"),
    Discovery(list_endpoint="/deployments", get_endpoint="/deployments/{deploymentName}", provider="AzureOpenAI"),
)
# Tried where nothing lists models and nobody named one.
MODELS: Final = ("gpt-4o", "gpt-4o-mini", "gpt-4.1")
# Parts of names of models that do not chat, so that a list's others are called first.
NO_CHAT: Final = (
    "embed",
    "whisper",
    "tts",
    "dall",
    "image",
    "moderation",
    "rerank",
    "guard",
    "audio",
    "ocr",
    "realtime",
)
