"""azure-mgmt-resource-deployments deploying the templates that the library writes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from gateway_workbook.export import export
from gateway_workbook.profile import load_profile

from .conftest import PROFILES, SCRIPTS

if TYPE_CHECKING:
    from gateway_workbook.arm import Connections
    from gateway_workbook.target import Target

    from .conftest import Clients

pytestmark = pytest.mark.clients
# The parameters that take the secrets, by the profile, and the sandbox's variable that has each.
SECRETS = {
    "apim-defaults": {"apiKey": "SANDBOX_API_KEY"},
    "modelgateway-oauth2": {"clientSecret": "SANDBOX_CLIENT_SECRET"},
    "apim-identity": {},
}


def test_what_a_client_deploys_is_what_the_profile_says(clients: Clients, library: Connections, target: Target) -> None:
    profiles = [load_profile(profile) for profile in PROFILES]
    named = [
        profile.model_copy(update={"connection_name": f"deployed-{number}"}) for number, profile in enumerate(profiles)
    ]
    given: dict[str, Any] = {}
    for source, profile in zip(PROFILES, named, strict=True):
        files = dict(export(profile, "template", target=target).files)
        template = json.loads(files[f"{profile.connection_name}.template.json"])
        parameters = json.loads(files[f"{profile.connection_name}.parameters.json"])["parameters"]
        secrets = {name: {"value": target.descriptor.environment[held]} for name, held in SECRETS[source].items()}
        given[profile.connection_name] = {"template": template, "parameters": parameters | secrets}

    clients.run(SCRIPTS / "deployments.py", given=json.dumps(given))

    for profile in named:
        connection = library.describe(profile)
        assert library.compare(connection) == ("unchanged", ())
        stored = library.credentials(connection.name)
        assert stored == connection.resource(target.secrets())["properties"]["credentials"]
