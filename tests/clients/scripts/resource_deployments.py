"""Templates as a user of azure-mgmt-resource-deployments deploys them; prints what the client makes of the answers."""

import json
import os
import sys

from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.identity import DefaultAzureCredential
from azure.mgmt.resource.deployments import DeploymentsMgmtClient
from azure.mgmt.resource.deployments.models import Deployment, DeploymentProperties, DeploymentWhatIf
from refusals import refused

SUBSCRIPTION, GROUP = (os.environ["PROJECT_RESOURCE_ID"].split("/")[at] for at in (2, 4))
NAME = "sdk-deployment"
given = json.loads(sys.stdin.read())


def deployment(template: dict[str, object]) -> Deployment:
    properties = {"mode": "Incremental", "template": template, "parameters": given["parameters"]}
    return Deployment(properties=DeploymentProperties(properties))


with DeploymentsMgmtClient(
    DefaultAzureCredential(), SUBSCRIPTION, base_url=os.environ["AZURE_RESOURCE_MANAGER"]
) as client:
    deployments, good, bad = client.deployments, deployment(given["template"]), deployment(given["failing"])
    assert not deployments.check_existence(GROUP, NAME)

    def forecast() -> list[str]:
        wanted = DeploymentWhatIf({"properties": good["properties"]})
        return [one.change_type for one in deployments.begin_what_if(GROUP, NAME, wanted).result().changes]

    before = forecast()
    assert deployments.begin_validate(GROUP, NAME, good).result().error is None
    made = deployments.begin_create_or_update(GROUP, NAME, good).result().properties
    assert deployments.check_existence(GROUP, NAME)
    shown = deployments.get(GROUP, NAME).properties
    operations = [one.properties.target_resource.id for one in client.deployment_operations.list(GROUP, NAME)]
    assert NAME in [one.name for one in deployments.list_by_resource_group(GROUP)]

    poller = deployments.begin_create_or_update(GROUP, f"{NAME}-failing", bad)
    failure = refused(poller.result, HttpResponseError)
    refusal = refused(lambda: deployments.begin_validate(GROUP, NAME, bad), HttpResponseError)
    broken = deployment({**given["template"], "outputs": {"it": {"type": "string", "value": "[nonsense()]"}}})
    invalid = refused(lambda: deployments.begin_create_or_update(GROUP, NAME, broken), HttpResponseError)

    after = forecast()
    deployments.begin_delete(GROUP, NAME).result()
    missing = refused(lambda: deployments.get(GROUP, NAME), ResourceNotFoundError)
    answers = {
        "forecasts": [before, after],
        "state": made.provisioning_state,
        "outputs": made.outputs,
        "parameters": shown.parameters,
        "operations": operations,
        "failure": {one.code: one.message for one in failure.error.details},
        "codes": [one.error.code for one in (failure, refusal, invalid, missing)],
        "invalid": invalid.error.message,
    }
json.dump(answers, sys.stdout)
