"""The connection resource of ARM: validated as Azure does, stored as sent, credentials never read back."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response

from foundry_sandbox import azure, connections
from foundry_sandbox.connections import Connection
from foundry_sandbox.refusal import RefusalError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from foundry_sandbox.resources import Call, Handler

CONNECTION_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_-]{2,32}")
AUTH_TYPES = frozenset(
    {
        *("AAD", "ApiKey", "OAuth2", "ProjectManagedIdentity", "ManagedIdentity", "AccountManagedIdentity"),
        *("CustomKeys", "None", "SAS", "PAT", "AccountKey", "AccessKey", "UsernamePassword"),
        *("ServicePrincipal", "UserEntraToken", "AgenticIdentityToken"),
    }
)
CREDENTIALS = {"ApiKey": ("key",), "OAuth2": ("clientId", "clientSecret")}


def handlers(parent: tuple[str, ...]) -> dict[tuple[tuple[str, ...], str], dict[str, Handler]]:
    """Return the operations on the connections of a parent, by the types in the path and its tail."""
    one = (*parent, "connections")
    return {
        (parent, "connections"): {"GET": _list},
        (one, ""): {"GET": _get, "PUT": _put, "PATCH": _patch, "DELETE": _delete},
        (one, "listsecrets"): {"POST": _list_secrets},
    }


def connection_id(connection: Connection) -> str:
    """Return the resource id of a connection."""
    parent = azure.PROJECT_ID if connection.scope == "project" else azure.ACCOUNT_ID
    return f"{parent}/connections/{connection.name}"


def prepare(call: Call) -> Connection:
    """Read and validate what a PUT would store, and store nothing. Raises RefusalError."""
    properties = _properties(call.body)
    _validate(call.name, properties)
    old = connections.find(call.state, call.name, scope=call.scope)
    return _connection(call, properties, created=old.created if old else _now())


def resource(connection: Connection) -> dict[str, Any]:
    """Return the resource as a GET answers it: without its credentials."""
    provider = "Microsoft.CognitiveServices/accounts"
    return {
        "id": connection_id(connection),
        "name": connection.name,
        "type": f"{provider}/projects/connections" if connection.scope == "project" else f"{provider}/connections",
        "properties": {**connection.properties, "credentials": None},
        "systemData": {"createdAt": connection.created, "lastModifiedAt": connection.changed},
    }


def with_credentials(connection: Connection) -> dict[str, Any]:
    """Return the resource as listSecrets answers it."""
    whole = resource(connection)
    whole["properties"]["credentials"] = connection.credentials
    return whole


def _put(call: Call) -> Response:
    connection = prepare(call)
    connections.save(call.state, connection)
    # 200 for a new one too: the official management client takes nothing else.
    return JSONResponse(resource(connection))


def _patch(call: Call) -> Response:
    old = _existing(call)
    kept = {**old.properties, "credentials": old.credentials}
    properties = {**kept, **_properties(call.body)}
    _validate(old.name, properties)
    connection = _connection(replace(call, name=old.name), properties, created=old.created)
    connections.save(call.state, connection)
    return JSONResponse(resource(connection))


def _get(call: Call) -> Response:
    return JSONResponse(resource(_existing(call)))


def _delete(call: Call) -> Response:
    return Response(status_code=200 if connections.forget(call.state, call.name, scope=call.scope) else 204)


def _list_secrets(call: Call) -> Response:
    return JSONResponse(with_credentials(_existing(call)))


def _list(call: Call) -> Response:
    both = call.scope == "project" and call.query.get("includeAll", "").lower() == "true"
    found = connections.visible(call.state) if both else connections.stored(call.state, scope=call.scope)
    for field in ("category", "target"):
        wanted = call.query.get(field)
        found = [one for one in found if wanted in (None, "", one.properties[field])]
    return JSONResponse({"value": [resource(connection) for connection in found]})


def _existing(call: Call) -> Connection:
    connection = connections.find(call.state, call.name, scope=call.scope)
    if connection is None:
        message = f"Connection '{call.name}' was not found on the {call.scope}."
        raise RefusalError(message, status=404, code="ResourceNotFound")
    return connection


def _connection(call: Call, properties: Mapping[str, Any], *, created: str) -> Connection:
    return Connection(
        name=call.name,
        scope=call.scope,
        properties={key: value for key, value in properties.items() if key != "credentials"},
        credentials=properties.get("credentials"),
        created=created,
        changed=_now(),
    )


def _properties(body: Mapping[str, Any]) -> Mapping[str, Any]:
    properties = body.get("properties")
    if not isinstance(properties, dict):
        raise _validation_error("'properties' is required and must be an object")
    return properties


def _validate(name: str, properties: Mapping[str, Any]) -> None:
    if not CONNECTION_NAME.fullmatch(name):
        rule = "3 to 33 letters, digits, '-' or '_', starting with a letter or digit"
        raise _validation_error(f"the connection name {name!r} is not allowed: use {rule}")
    for field in ("category", "authType", "target"):
        if not isinstance(properties.get(field), str) or not properties[field]:
            raise _validation_error(f"'properties.{field}' is required and must be text")
    if properties["authType"] not in AUTH_TYPES:
        known = ", ".join(sorted(AUTH_TYPES))
        raise _validation_error(f"'properties.authType' is {properties['authType']!r}: use one of {known}")
    if not isinstance(properties.get("metadata") or {}, dict):
        raise _validation_error("'properties.metadata' must be an object: names, each with a text")
    _validate_credentials(properties["authType"], properties.get("credentials"))


def _validate_credentials(auth_type: str, credentials: object) -> None:
    given = credentials if isinstance(credentials, dict) else {}
    missing = [field for field in CREDENTIALS.get(auth_type, ()) if not given.get(field)]
    if missing:
        raise _validation_error(f"authType {auth_type} needs credentials.{' and credentials.'.join(missing)}")


def _validation_error(message: str) -> RefusalError:
    return RefusalError(message, status=400, code="ValidationError")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
