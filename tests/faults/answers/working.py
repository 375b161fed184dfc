"""A small gateway in which everything works: one model, one key, /v1, and the same below /openai by path."""

from __future__ import annotations

import json

from tests.faults.proxy import Answer, Call
from tests.library.wire import KEY, chat_answer

_MODEL = {"id": "gpt-4o", "object": "model"}


def working(call: Call) -> Answer:
    """Its answer to any call."""
    path = call.path.partition("?")[0]
    if call.kind == "token":
        return _json(200, {"access_token": "token", "token_type": "Bearer", "expires_in": 3600})
    sent = {name.lower(): value for name, value in call.headers.items()}
    if sent.get("api-key") != KEY and sent.get("authorization") not in (f"Bearer {KEY}", "Bearer token"):
        return _json(401, {"error": {"message": "Incorrect API key provided", "code": "invalid_api_key"}})
    known = {"/v1/models": {"data": [_MODEL]}, "/v1/models/gpt-4o": _MODEL}
    if path in known:
        return _json(200, known[path])
    if path == "/v1/chat/completions":
        return _chat(call)
    return _json(404, {"error": {"message": f"unknown path {path}"}})


def _chat(call: Call) -> Answer:
    asked = json.loads(call.body).get("model")
    if asked is None:
        return _json(400, {"error": {"message": "you must provide a model parameter"}})
    if asked != "gpt-4o":
        return _json(404, {"error": {"message": f"The model `{asked}` does not exist", "code": "model_not_found"}})
    return _json(200, chat_answer())


def _json(status: int, body: object) -> Answer:
    return Answer(status=status, headers={"content-type": "application/json"}, body=json.dumps(body).encode())
