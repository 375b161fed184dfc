"""Connections as a user of azure-mgmt-cognitiveservices reads them; prints what the client makes of each."""

import json
import sys

from azure.core.exceptions import ResourceNotFoundError
from azure.mgmt.cognitiveservices import __version__
from management import ON_ACCOUNT, PLACE, client, seen
from refusals import refused

with client() as arm:
    project, account = arm.project_connections, arm.account_connections
    own = {resource.name: seen(resource) for resource in project.list(**PLACE)}
    shared = {resource.name: seen(resource) for resource in account.list(**ON_ACCOUNT)}
    everything = {resource.name for resource in project.list(**PLACE, include_all=True)}
    assert everything == {*own, *shared}, everything
    filtered = {resource.name for resource in project.list(**PLACE, category="ModelGateway")}
    assert filtered == {name for name, one in own.items() if one["category"] == "ModelGateway"}, filtered
    target = own["sandbox-apim"]["target"]
    aimed = {resource.name for resource in project.list(**PLACE, target=target)}
    assert aimed == {name for name, one in own.items() if one["target"] == target}, aimed

    for name, listed in own.items():
        assert seen(project.get(**PLACE, connection_name=name)) == listed, name
    for name, listed in shared.items():
        assert seen(account.get(**ON_ACCOUNT, connection_name=name)) == listed, name
    missing = refused(lambda: project.get(**PLACE, connection_name="nobodys"), ResourceNotFoundError)
    assert missing.error.code == "ResourceNotFound", missing
    refused(lambda: account.get(**ON_ACCOUNT, connection_name="sandbox-apim"), ResourceNotFoundError)
    elsewhere = {**PLACE, "project_name": "elsewhere"}
    refused(lambda: list(project.list(**elsewhere)), ResourceNotFoundError)

json.dump({"version": __version__, "project": own, "account": shared}, sys.stdout)
