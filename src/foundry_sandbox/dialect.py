"""Refusals of the gateways, each in the dialect of what it plays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from starlette.responses import JSONResponse, PlainTextResponse, Response

Stage = Literal["front", "route", "backend"]


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """What a gateway refuses and where: at its front (credentials), for want of a route, or behind it."""

    stage: Stage
    status: int
    code: str
    message: str
    headers: Mapping[str, str] = field(default_factory=dict)


class Refused(Exception):  # noqa: N818 - carries a Refusal, is no fault of this program
    """A request goes no further; `refusal` is the answer to give."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.refusal: Final = refusal


Shape = Callable[[Refusal], Response]


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How one kind of gateway words refusals, by stage; `unknown` is its code for an absent deployment."""

    front: Shape
    route: Shape
    backend: Shape
    unknown: str

    def response(self, refusal: Refusal) -> Response:
        """Word a refusal."""
        shape: Shape = {"front": self.front, "route": self.route, "backend": self.backend}[refusal.stage]
        return shape(refusal)


def _api_management(refusal: Refusal) -> Response:
    body = {"statusCode": refusal.status, "message": refusal.message}
    return JSONResponse(body, status_code=refusal.status, headers=refusal.headers)


def _azure(refusal: Refusal) -> Response:
    body = {"error": {"code": refusal.code, "message": refusal.message}}
    return JSONResponse(body, status_code=refusal.status, headers=refusal.headers)


def _openai(refusal: Refusal) -> Response:
    body = {
        "error": {
            "message": refusal.message,
            "type": "invalid_request_error",
            "param": None,
            "code": refusal.code,
        }
    }
    return JSONResponse(body, status_code=refusal.status, headers=refusal.headers)


def _text(refusal: Refusal) -> Response:
    return PlainTextResponse(f"{refusal.message}\n", status_code=refusal.status, headers=refusal.headers)


# API Management words its own refusals one way and passes on Azure OpenAI's, which are worded another.
API_MANAGEMENT: Final = Dialect(
    front=_api_management, route=_api_management, backend=_azure, unknown="DeploymentNotFound"
)
AZURE: Final = Dialect(front=_azure, route=_azure, backend=_azure, unknown="DeploymentNotFound")
OPENAI: Final = Dialect(front=_openai, route=_openai, backend=_openai, unknown="model_not_found")
PROXY: Final = Dialect(front=_openai, route=_text, backend=_openai, unknown="model_not_found")
