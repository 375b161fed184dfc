"""An OpenAPI document, read into the operations a model can be offered."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast, get_args

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Json = Mapping[str, Any]
Place = Literal["path", "query", "header"]
METHODS = ("get", "put", "post", "delete", "patch", "head", "options")
# OpenAPI says these are not parameters, whatever a document lists.
NOT_PARAMETERS = frozenset({"accept", "content-type", "authorization"})


class DocumentError(Exception):
    """The document contradicts itself; the message says where, then what to do."""


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """Where an argument goes; `key` is its name among the arguments, `name` the one on the wire."""

    key: str
    name: str
    place: Place
    explode: bool
    as_json: bool


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One operation: what the model is told of it, and how it is called; `security` has schemes with their names."""

    name: str
    description: str
    method: str
    url: str
    parameters: tuple[Parameter, ...]
    body: str | None
    schema: Json
    security: tuple[tuple[str, Json], ...]


def operations(spec: Json) -> list[Operation]:
    """Read all operations of a document; raises DocumentError."""
    try:
        return [_operation(spec, path=path, method=method) for path, method in _places(spec)]
    except (AttributeError, LookupError, TypeError, ValueError, RecursionError) as error:
        raise DocumentError(f"is malformed ({type(error).__name__}: {error}): check it against OpenAPI 3") from error


def _places(spec: Json) -> Iterator[tuple[str, str]]:
    for path, item in spec["paths"].items():
        yield from ((path, method) for method in METHODS if method in _resolved(spec, item))


def _operation(spec: Json, *, path: str, method: str) -> Operation:
    item = _resolved(spec, spec["paths"][path])
    operation = item[method]
    schemas = _Schemas(spec)
    listed = [_resolved(spec, one) for one in (*item.get("parameters", []), *operation.get("parameters", []))]
    # Later ones replace earlier ones of the same name and place: the operation's own replace the path's.
    found = {(one["name"], one["in"]): one for one in listed}.values()
    taken = [one for one in found if one["in"] in get_args(Place) and one["name"].lower() not in NOT_PARAMETERS]
    names = [one["name"] for one in taken]
    keyed = {f"{one['name']}_{one['in']}" if names.count(one["name"]) > 1 else one["name"]: one for one in taken}
    body = _resolved(spec, operation.get("requestBody") or {})
    media = next((media for media in body.get("content", {}) if "json" in media), None)
    properties = {key: _parameter_schema(one, schemas) for key, one in keyed.items()}
    required = [key for key, one in keyed.items() if one.get("required") or one["in"] == "path"]
    if media:
        properties["body"] = schemas.adopt(body["content"][media].get("schema", {}))
        required += ["body"] if body.get("required") else []
    return Operation(
        name=_sayable(operation.get("operationId") or "") or _sayable(f"{method}_{path}"),
        description=_description(operation) or f"{method.upper()} {path}",
        method=method.upper(),
        url=_server(operation, item, spec).rstrip("/") + path,
        parameters=tuple(_parameter(key, one) for key, one in keyed.items()),
        body=media,
        schema={"type": "object", "properties": properties, "required": required, **schemas.definitions()},
        security=tuple(_schemes(spec, operation.get("security", spec.get("security", [])))),
    )


def _sayable(name: str) -> str:
    """Return a name in the letters and the length that models take."""
    return re.sub(r"[^a-zA-Z0-9_-]+", "_", name).strip("_")[:64]


def _schemes(spec: Json, requirements: Iterable[Json]) -> Iterator[tuple[str, Json]]:
    known = spec.get("components", {}).get("securitySchemes", {})
    for name in (name for requirement in requirements for name in dict(requirement)):
        yield name, _resolved(spec, known.get(name, {}))


def _description(operation: Json) -> str:
    said = [operation[field].strip() for field in ("summary", "description") if operation.get(field)]
    return " ".join(dict.fromkeys(said))


def _parameter(key: str, given: Json) -> Parameter:
    return Parameter(
        key=key,
        name=given["name"],
        place=cast("Place", given["in"]),
        explode=given.get("explode", given["in"] == "query"),
        as_json="content" in given,
    )


def _parameter_schema(given: Json, schemas: _Schemas) -> Json:
    media: Json = next(iter(given.get("content", {}).values()), {})
    schema = schemas.adopt(given.get("schema", media.get("schema", {"type": "string"})))
    described = {"description": given["description"]} if given.get("description") else {}
    return {**described, **schema}


def _server(*levels: Json) -> str:
    """Return the server of an operation: the nearest level that names one counts."""
    server = next(level["servers"][0] for level in levels if level.get("servers"))
    url = str(server["url"])
    for name, variable in server.get("variables", {}).items():
        url = url.replace(f"{{{name}}}", str(variable["default"]))
    return url


def _resolved(spec: Json, thing: Json) -> Json:
    """Follow `$ref` until something itself stands there."""
    seen: list[str] = []
    while isinstance(thing.get("$ref"), str):
        reference = thing["$ref"]
        if reference in seen:
            raise DocumentError(f"has a '$ref' {reference} that points at itself: describe the thing once")
        seen.append(reference)
        thing = _pointed(spec, reference)
    return thing


def _pointed(spec: Json, reference: str) -> Json:
    if not reference.startswith("#/"):
        raise DocumentError(f"has a '$ref' {reference} out of the document: put what it points at inside")
    found: Any = spec
    for step in reference.removeprefix("#/").split("/"):
        key = step.replace("~1", "/").replace("~0", "~")
        if not isinstance(found, Mapping) or key not in found:
            raise DocumentError(f"has a '$ref' {reference} that points nowhere: add it, or correct it")
        found = found[key]
    if not isinstance(found, Mapping):
        raise DocumentError(f"has a '$ref' {reference} that points at no object: correct it")
    return found


class _Schemas:
    """Schemas of a document made to stand alone: what they refer to is gathered under `$defs`."""

    def __init__(self, spec: Json) -> None:
        self._spec = spec
        self._keys: dict[str, str] = {}
        self._gathered: dict[str, Any] = {}

    def definitions(self) -> dict[str, Any]:
        return {"$defs": self._gathered} if self._gathered else {}

    def adopt(self, schema: Any) -> Any:
        """Return a schema with every `$ref` pointing into `$defs`, and in today's JSON schema words."""
        if isinstance(schema, list):
            return [self.adopt(part) for part in schema]
        if not isinstance(schema, Mapping):
            return schema
        if isinstance(schema.get("$ref"), str):
            return {"$ref": f"#/$defs/{self._key(schema['$ref'])}"}
        return _modern({key: self.adopt(value) for key, value in schema.items()})

    def _key(self, reference: str) -> str:
        if reference not in self._keys:
            name = re.sub(r"\W+", "_", reference.rpartition("/")[2]) or "schema"
            key = name if name not in self._gathered else f"{name}_{len(self._gathered)}"
            self._keys[reference] = key
            self._gathered[key] = {}  # known before it is read, so that a schema may contain itself
            self._gathered[key] = self.adopt(_pointed(self._spec, reference))
        return self._keys[reference]


def _modern(schema: dict[str, Any]) -> dict[str, Any]:
    """Say what only OpenAPI 3.0 says (`nullable`, exclusive bounds as flags) as JSON schema does."""
    if schema.get("nullable") is True and isinstance(schema.get("type"), str):
        schema = {**schema, "type": [schema["type"], "null"]}
    for flag, bound in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if isinstance(schema.get(flag), bool):
            limit = {flag: schema[bound]} if schema[flag] and bound in schema else {}
            dropped = (flag, bound) if limit else (flag,)
            schema = {**{key: value for key, value in schema.items() if key not in dropped}, **limit}
    return schema
