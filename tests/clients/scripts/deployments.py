"""Templates as a user of azure-mgmt-resource-deployments deploys them: each with its parameters, on standard input."""

import json
import os
import sys

from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.identity import DefaultAzureCredential
from azure.mgmt.resource.deployments import DeploymentsMgmtClient, models
from refusals import refused

SUBSCRIPTION, GROUP = (os.environ["PROJECT_RESOURCE_ID"].split("/")[at] for at in (2, 4))
BAD = {"contentVersion": "1.0.0.0", "resources": [{"type": "Microsoft.Nobodys/things", "name": "x"}]}


def deployment(template: object, parameters: object) -> models.Deployment:
    properties = models.DeploymentProperties(mode="Incremental", template=template, parameters=parameters)
    return models.Deployment(properties=properties)


with DeploymentsMgmtClient(
    DefaultAzureCredential(), SUBSCRIPTION, base_url=os.environ["AZURE_RESOURCE_MANAGER"]
) as arm:
    for name, given in json.load(sys.stdin).items():
        wanted = deployment(given["template"], given["parameters"])
        arm.deployments.begin_validate(GROUP, name, wanted).result()
        refused(lambda name=name: arm.deployments.get(GROUP, name), ResourceNotFoundError)
        what_if = models.DeploymentWhatIf(
            properties=models.DeploymentWhatIfProperties(
                mode="Incremental", template=given["template"], parameters=given["parameters"]
            )
        )
        changes = arm.deployments.begin_what_if(GROUP, name, what_if).result().properties.changes
        assert [change.change_type for change in changes] == ["Create"], changes
        done = arm.deployments.begin_create_or_update(GROUP, name, wanted).result()
        assert done.properties.provisioning_state == "Succeeded", done
        assert arm.deployments.get(GROUP, name).id == done.id
        kinds = [one.properties.target_resource.resource_type for one in arm.deployment_operations.list(GROUP, name)]
        assert any(kind.endswith("/connections") for kind in kinds), kinds
        assert name in [one.name for one in arm.deployments.list_by_resource_group(GROUP)]
        again = arm.deployments.begin_create_or_update(GROUP, name, wanted).result()
        assert again.properties.provisioning_state == "Succeeded", again

    wrong = refused(
        lambda: arm.deployments.begin_create_or_update(GROUP, "bad", deployment(BAD, {})), HttpResponseError
    )
    assert wrong.status_code == 400, wrong
    missing = refused(lambda: arm.deployments.get(GROUP, "nobodys"), ResourceNotFoundError)
    assert missing.error.code == "DeploymentNotFound", missing
