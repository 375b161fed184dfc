"""Templates for tests, and deploying them over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

GROUP = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/sandbox"
ACCOUNT = f"{GROUP}/providers/Microsoft.CognitiveServices/accounts/sandbox"
PROJECT = f"{ACCOUNT}/projects/workshop"
SERVICE = f"{GROUP}/providers/Microsoft.ApiManagement/service/sandbox-apim"
DEPLOYMENTS = f"{GROUP}/providers/Microsoft.Resources/deployments"
SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
KINDS = {bool: "bool", int: "int", str: "string", list: "array", dict: "object"}


def template(*resources: Mapping[str, Any], **sections: Any) -> dict[str, Any]:
    """A template of these resources, with further sections."""
    return {"$schema": SCHEMA, "contentVersion": "1.0.0.0", "resources": list(resources), **sections}


def connection(name: str, **properties: Any) -> dict[str, Any]:
    """A connection of the project, as a resource of a template."""
    return {
        "type": "Microsoft.CognitiveServices/accounts/projects/connections",
        "apiVersion": "2025-04-01-preview",
        "name": f"sandbox/workshop/{name}",
        "properties": {
            "category": "ModelGateway",
            "target": "https://gateway.example/v1",
            "authType": "ApiKey",
            "credentials": {"key": "made-up-key"},
            "metadata": {"deploymentInPath": "false"},
            **properties,
        },
    }


def nested(name: str, inside: Mapping[str, Any], *, scope: str, **parameters: Any) -> dict[str, Any]:
    """A deployment inside a template."""
    return {
        "type": "Microsoft.Resources/deployments",
        "apiVersion": "2022-09-01",
        "name": name,
        "properties": {
            "mode": "Incremental",
            "expressionEvaluationOptions": {"scope": scope},
            "parameters": {key: {"value": value} for key, value in parameters.items()},
            "template": inside,
        },
    }


def body(whole: Mapping[str, Any], /, **parameters: Any) -> dict[str, Any]:
    """The body of a deployment."""
    given = {key: {"value": value} for key, value in parameters.items()}
    return {"properties": {"mode": "Incremental", "template": whole, "parameters": given}}


def deployed(arm: httpx.Client, name: str, whole: Mapping[str, Any], /, **parameters: Any) -> dict[str, Any]:
    """Deploy a template and return its properties once it has ended, whichever way."""
    started = arm.put(f"{DEPLOYMENTS}/{name}", json=body(whole, **parameters))
    assert started.status_code == 201, started.text
    properties: dict[str, Any] = arm.get(f"{DEPLOYMENTS}/{name}").raise_for_status().json()["properties"]
    return properties


def refusal(arm: httpx.Client, whole: Mapping[str, Any], /, **parameters: Any) -> str:
    """The message a template is refused with, by deployment, validation and forecast alike."""
    answers = [
        arm.post(f"{DEPLOYMENTS}/refused/validate", json=body(whole, **parameters)),
        arm.put(f"{DEPLOYMENTS}/refused", json=body(whole, **parameters)),
    ]
    assert [answer.status_code for answer in answers] == [400, 400], answers[0].text
    forecast = arm.post(f"{DEPLOYMENTS}/refused/whatIf", json=body(whole, **parameters))
    assert (forecast.status_code, forecast.json()["status"]) == (200, "Failed")
    one, *others = (answer.json()["error"] for answer in (*answers, forecast))
    assert others == [one, one]
    assert one["code"] == "InvalidTemplate"
    return str(one["message"])
