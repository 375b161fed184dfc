"""How the sandbox says no: one exception, written in the shape the asked side of Azure uses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

TYPES = {401: "authentication_error", 404: "not_found", 424: "model_gateway_error", 429: "rate_limit_error"}


class RefusalError(Exception):
    """A request that is answered with an error; the message states the fact, then the mend."""

    def __init__(self, message: str, *, status: int, code: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.code = code
        self.headers = dict(headers or {})

    def arm_body(self) -> dict[str, Any]:
        """Write the error as Azure Resource Manager does."""
        return {"error": {"code": self.code, "message": self.message}}

    def openai_body(self) -> dict[str, Any]:
        """Write the error as the project's data plane and the OpenAI API do."""
        kind = TYPES.get(self.status, "invalid_request_error")
        return {"error": {"code": self.code, "message": self.message, "param": None, "type": kind, "details": []}}


def invalid(message: str) -> RefusalError:
    """Refuse a request body or parameter of the data plane."""
    return RefusalError(message, status=400, code="invalid_request_error")


def not_found(message: str) -> RefusalError:
    """Say that something of the data plane is not there."""
    return RefusalError(message, status=404, code="not_found")


def answer(request: Request, error: Exception) -> JSONResponse:
    """Answer a RefusalError; the app registers this as its exception handler."""
    if not isinstance(error, RefusalError):
        raise error
    body = error.openai_body() if request.url.path.startswith("/api/") else error.arm_body()
    return JSONResponse(body, status_code=error.status, headers=error.headers)
