"""What the sandbox remembers: one folder, one SQLite file, secrets encrypted at rest."""

from __future__ import annotations

import json
import os
import secrets
import sqlite3
import threading
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, Self

from cryptography.fernet import Fernet, InvalidToken

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

Kind = Literal["connection", "agent", "version", "conversation", "item", "response", "template_deployment"]

KEPT_LOG_ROWS = 10_000

SCHEMA = """
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS document (
    position INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, parent TEXT NOT NULL, name TEXT NOT NULL,
    body TEXT NOT NULL, UNIQUE (kind, parent, name));
CREATE INDEX IF NOT EXISTS document_in_order ON document (kind, parent, position);
CREATE TABLE IF NOT EXISTS gateway_request (
    id INTEGER PRIMARY KEY AUTOINCREMENT, gateway TEXT NOT NULL, request_id TEXT, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS gateway_request_by_gateway ON gateway_request (gateway, id);
CREATE TABLE IF NOT EXISTS agent_call (
    id INTEGER PRIMARY KEY AUTOINCREMENT, response_id TEXT NOT NULL, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS agent_call_by_response ON agent_call (response_id, id);
CREATE INDEX IF NOT EXISTS agent_call_by_connection ON agent_call (lower(json_extract(body, '$.connection')), id);
CREATE TABLE IF NOT EXISTS tool_call (
    id INTEGER PRIMARY KEY AUTOINCREMENT, response_id TEXT NOT NULL, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS tool_call_by_response ON tool_call (response_id, id);
"""


class StateError(Exception):
    """The state folder cannot be used; the message says what to do."""


@dataclass(frozen=True, kw_only=True)
class GatewayRequest:
    """One request that reached a gateway; it holds no secret. `time` is in unix seconds."""

    gateway: str
    method: str
    path: str
    query: str
    deployment: str | None
    routing: str | None
    status: int
    milliseconds: float
    user_agent: str
    request_id: str | None
    time: float
    id: int = 0


@dataclass(frozen=True, kw_only=True)
class AgentCall:
    """One call the Agent Service made to a gateway, or a vain one for its token; `status` is None without an answer."""

    response_id: str
    agent: str | None
    connection: str
    deployment: str
    method: str
    url: str
    status: int | None
    milliseconds: float
    time: float
    id: int = 0


@dataclass(frozen=True, kw_only=True)
class ToolCall:
    """One piece of work for a tool, without its arguments and its answer.

    `outcome` says in words how it went; `status` is None where no HTTP answer was had.
    """

    response_id: str
    agent: str | None
    tool: str
    name: str
    where: str
    outcome: str
    status: int | None
    milliseconds: float
    time: float
    id: int = 0


class State:
    """Everything that survives a restart, and the two facts of this run: `url` and `upstreams`.

    `url` is where the sandbox listens; the server sets it once the port is known.
    """

    def __init__(self, database: sqlite3.Connection, *, cipher: Fernet, upstreams: Mapping[str, str]) -> None:
        self.url = ""
        self.upstreams = upstreams
        self._database = database
        self._cipher = cipher
        self._lock = threading.RLock()
        self.api_key = self._lasting_secret("api_key")
        self.client_id = "sandbox-client"
        self.client_secret = self._lasting_secret("client_secret")
        self.identity_header = self._lasting_secret("identity_header")
        self.signing_key = self._lasting_secret("signing_key").encode()

    @classmethod
    def open(cls, folder: Path, *, upstreams: Mapping[str, str] | None = None) -> Self:
        """Open the folder, making it (0700) and its files (0600) when they are missing.

        Raises StateError when the key file does not fit the database.
        """
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.chmod(0o700)
        path = folder / "state.sqlite3"
        path.touch(mode=0o600)
        database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        try:
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = NORMAL")
            database.executescript(SCHEMA)
            return cls(database, cipher=Fernet(_key(folder / "key")), upstreams=dict(upstreams or {}))
        except (InvalidToken, ValueError, sqlite3.DatabaseError) as error:
            database.close()
            raise StateError(
                f"{path} is damaged, or {folder / 'key'} does not open it: remove {folder} and start again"
            ) from error

    def close(self) -> None:
        """Close the database; the state object is of no use afterwards."""
        with self._lock:
            self._database.close()

    def seal(self, text: str) -> str:
        """Encrypt a text for storage."""
        return self._cipher.encrypt(text.encode()).decode()

    def unseal(self, token: str) -> str:
        """Decrypt what `seal` made."""
        return self._cipher.decrypt(token.encode()).decode()

    def remember(self, name: str, *, value: str) -> None:
        """Keep a setting."""
        self._write("INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)", name, value)

    def recall(self, name: str) -> str | None:
        """Read a setting back; None when it was never kept."""
        rows = self._read("SELECT value FROM setting WHERE name = ?", name)
        return rows[0][0] if rows else None

    def put(self, document: Mapping[str, Any], *, kind: Kind, name: str, parent: str = "") -> None:
        """Store a document; one that was there keeps its place in the order."""
        self._write(
            "INSERT INTO document (kind, parent, name, body) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (kind, parent, name) DO UPDATE SET body = excluded.body",
            *(kind, parent, name, json.dumps(document)),
        )

    def get(self, name: str, *, kind: Kind, parent: str = "") -> dict[str, Any] | None:
        """Read one document."""
        rows = self._read("SELECT body FROM document WHERE kind = ? AND parent = ? AND name = ?", kind, parent, name)
        return json.loads(rows[0][0]) if rows else None

    def all(self, kind: Kind, *, parent: str = "", last: int = -1) -> list[dict[str, Any]]:
        """Read the documents of a kind under one parent, oldest first; `last` keeps only so many of the newest."""
        rows = self._read(
            "SELECT body FROM document WHERE kind = ? AND parent = ? ORDER BY position DESC LIMIT ?",
            *(kind, parent, last),
        )
        return [json.loads(body) for (body,) in reversed(rows)]

    def count(self, kind: Kind, *, parent: str = "") -> int:
        """Count the documents of a kind under one parent."""
        rows = self._read("SELECT count(*) FROM document WHERE kind = ? AND parent = ?", kind, parent)
        return int(rows[0][0])

    def remove(self, name: str, *, kind: Kind, parent: str = "") -> bool:
        """Delete one document and say whether it was there."""
        sql = "DELETE FROM document WHERE kind = ? AND parent = ? AND name = ?"
        return self._write(sql, kind, parent, name).rowcount > 0

    def remove_all(self, kind: Kind, *, parent: str) -> None:
        """Delete the documents of a kind under one parent."""
        self._write("DELETE FROM document WHERE kind = ? AND parent = ?", kind, parent)

    def log_gateway_request(self, request: GatewayRequest) -> None:
        """Append to a gateway's log; its `id` is given here. The oldest rows go after ten thousand."""
        self._append(
            "INSERT INTO gateway_request (gateway, request_id, body) VALUES (?, ?, ?)",
            *(request.gateway, request.request_id, json.dumps(asdict(request))),
        )

    def gateway_requests(
        self, name: str, *, after: int = 0, request_id: str | None = None, last: int = -1
    ) -> list[GatewayRequest]:
        """Read a gateway's log, oldest first; `last` keeps only so many of the newest."""
        rows = self._read(
            "SELECT id, body FROM gateway_request WHERE gateway = ?1 AND id > ?2"
            " AND (?3 IS NULL OR request_id = ?3) ORDER BY id DESC LIMIT ?4",
            *(name, after, request_id, last),
        )
        return [replace(GatewayRequest(**json.loads(body)), id=number) for number, body in reversed(rows)]

    def count_gateway_requests(self, name: str) -> int:
        """Count what a gateway's log holds."""
        rows = self._read("SELECT count(*) FROM gateway_request WHERE gateway = ?", name)
        return int(rows[0][0])

    def log_agent_call(self, call: AgentCall) -> None:
        """Append to the log of outbound calls; its `id` is given here."""
        self._append(
            "INSERT INTO agent_call (response_id, body) VALUES (?, ?)",
            call.response_id,
            json.dumps(asdict(call)),
        )

    def agent_calls(self, *, response_id: str | None = None, last: int = -1) -> list[AgentCall]:
        """Read the outbound calls, oldest first; `last` keeps only so many of the newest."""
        if response_id is None:
            return self._agent_calls("1", last=last)
        return self._agent_calls("response_id = ?", response_id, last=last)

    def connection_calls(self, name: str, *, last: int) -> list[AgentCall]:
        """Read the newest outbound calls through one connection, oldest first; names ignore case."""
        return self._agent_calls("lower(json_extract(body, '$.connection')) = ?", name.lower(), last=last)

    def count_connection_calls(self, name: str) -> int:
        """Count the outbound calls through one connection that the log holds."""
        sql = "SELECT count(*) FROM agent_call WHERE lower(json_extract(body, '$.connection')) = ?"
        return int(self._read(sql, name.lower())[0][0])

    def log_tool_call(self, call: ToolCall) -> None:
        """Append to the log of tools; its `id` is given here."""
        self._append(
            "INSERT INTO tool_call (response_id, body) VALUES (?, ?)",
            call.response_id,
            json.dumps(asdict(call)),
        )

    def tool_calls(self, *, response_id: str | None = None, last: int = -1) -> list[ToolCall]:
        """Read the log of tools, oldest first; `last` keeps only so many of the newest."""
        rows = self._read(
            "SELECT id, body FROM tool_call WHERE ?1 IS NULL OR response_id = ?1 ORDER BY id DESC LIMIT ?2",
            *(response_id, last),
        )
        return [replace(ToolCall(**json.loads(body)), id=number) for number, body in reversed(rows)]

    @property
    def changes(self) -> int:
        """Return a number that grows with everything that is written: while it stays, so does all that is read."""
        with self._lock:
            return self._database.total_changes

    def _agent_calls(self, condition: str, *values: str, last: int) -> list[AgentCall]:
        sql = f"SELECT id, body FROM agent_call WHERE {condition} ORDER BY id DESC LIMIT ?"  # noqa: S608  # our own text
        rows = self._read(sql, *values, last)
        return [replace(AgentCall(**json.loads(body)), id=number) for number, body in reversed(rows)]

    def _lasting_secret(self, name: str) -> str:
        kept = self.recall(name)
        if kept is not None:
            return self.unseal(kept)
        made = secrets.token_urlsafe(32)
        self.remember(name, value=self.seal(made))
        return made

    def _append(self, sql: str, *values: str | None) -> None:
        row = self._write(sql, *values).lastrowid or 0
        table = sql.split()[2]
        self._write(f"DELETE FROM {table} WHERE id <= ?", row - KEPT_LOG_ROWS)  # noqa: S608  # table is our own text

    def _write(self, sql: str, *values: str | int | None) -> sqlite3.Cursor:
        with self._lock:
            return self._database.execute(sql, values)

    def _read(self, sql: str, *values: str | int | None) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._database.execute(sql, values).fetchall()


def _key(path: Path) -> bytes:
    # O_EXCL: two processes that race for a new folder must not each keep a key of their own.
    with (
        suppress(FileExistsError),
        os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file,
    ):
        file.write(Fernet.generate_key())
    return path.read_bytes()
