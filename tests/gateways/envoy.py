"""Envoy's configuration, and its access log read back."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import jinja2

from .server import Server

TEMPLATE = Path(__file__).with_name("envoy.yaml.j2")
FLUSH_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True)
class Envoy(Server):
    access_log: Path

    def requests(self) -> list[dict[str, Any]]:
        lines = self.access_log.read_text(encoding="utf-8").splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.endswith("\n")]

    def request(self, request_id: str) -> dict[str, Any]:
        """The log line of one request; Envoy writes it a moment after the answer."""
        deadline = time.monotonic() + FLUSH_SECONDS
        while time.monotonic() < deadline:
            for entry in self.requests():
                if entry["request_id"] == request_id:
                    return entry
            time.sleep(0.05)
        raise AssertionError(f"no request {request_id} in {self.access_log}")


def configuration(server: Envoy, *, upstream: Server) -> str:
    """The text of Envoy's bootstrap file: YAML, into which values go as JSON strings."""
    # Values are written as JSON, not HTML.
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False)  # noqa: S701
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8")).render(
        port=httpx.URL(server.url).port,
        key=json.dumps(server.key),
        access_log=json.dumps(str(server.access_log)),
        authorization=json.dumps(f"Bearer {upstream.key}"),
        upstream_port=httpx.URL(upstream.url).port,
    )
