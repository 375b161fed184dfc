"""The certificate of a sandbox that speaks TLS, from an authority made for this run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import trustme

from foundry_sandbox.instance import write_private

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """Two files: the authority for clients to trust, and key with chain for the server."""

    ca: Path
    chain: Path


def make(folder: Path) -> Certificate:
    """Make an authority and a certificate for the loopback names; the authority's key is not kept."""
    authority = trustme.CA(organization_name="Foundry sandbox")
    issued = authority.issue_cert("localhost", "127.0.0.1")
    made = Certificate(ca=folder / "ca.pem", chain=folder / "server.pem")
    write_private(made.ca, authority.cert_pem.bytes())
    write_private(made.chain, issued.private_key_and_cert_chain_pem.bytes())
    return made
