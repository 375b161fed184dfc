"""Deployments of templates over HTTP: order, nesting, existing resources, failure, secrets, what-if."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

import pytest

from .template import (
    ACCOUNT,
    DEPLOYMENTS,
    GROUP,
    PROJECT,
    SERVICE,
    body,
    connection,
    deployed,
    nested,
    refusal,
    template,
)

if TYPE_CHECKING:
    import httpx

    from .conftest import Running

KEY = {"type": "securestring"}


def stored(arm: httpx.Client, name: str, *, parent: str = PROJECT) -> dict[str, Any]:
    """A connection as it is kept, credentials and all."""
    answer = arm.post(f"{parent}/connections/{name}/listSecrets").raise_for_status()
    properties: dict[str, Any] = answer.json()["properties"]
    return properties


def exists(arm: httpx.Client, name: str) -> bool:
    return arm.get(f"{PROJECT}/connections/{name}").status_code == 200


def test_a_connection_is_deployed_as_a_put_would_store_it(arm: httpx.Client) -> None:
    whole = template(connection("tpl-plain"))
    for _ in range(2):
        properties = deployed(arm, "plain", whole)
        assert properties["provisioningState"] == "Succeeded"
        assert properties["outputResources"] == [{"id": f"{PROJECT}/connections/tpl-plain"}]
        assert stored(arm, "tpl-plain") == connection("tpl-plain")["properties"]
    arm.put(f"{PROJECT}/connections/tpl-put", json={"properties": connection("x")["properties"]}).raise_for_status()
    assert stored(arm, "tpl-put") == stored(arm, "tpl-plain")


def test_a_connection_of_the_account_is_deployed_there(arm: httpx.Client) -> None:
    resource = {
        **connection("x"),
        "type": "Microsoft.CognitiveServices/accounts/connections",
        "name": "sandbox/tpl-shared",
    }
    deployed(arm, "shared", template(resource))
    assert stored(arm, "tpl-shared", parent=ACCOUNT)["category"] == "ModelGateway"
    assert not exists(arm, "tpl-shared")
    arm.delete(f"{ACCOUNT}/connections/tpl-shared").raise_for_status()


def test_the_client_is_told_to_poll_and_when(arm: httpx.Client, sandbox: Running) -> None:
    started = arm.put(f"{DEPLOYMENTS}/polled", json=body(template(connection("tpl-polled"))))
    assert (started.status_code, started.headers["retry-after"]) == (201, "1")
    assert started.json()["properties"]["provisioningState"] == "Accepted"
    url = started.headers["azure-asyncoperation"]
    assert url.startswith(f"{sandbox.url}{DEPLOYMENTS}/polled/operationStatuses/")
    assert arm.get(url).json() == {"status": "Succeeded"}
    arm.put(f"{DEPLOYMENTS}/polled", json=body(template(connection("tpl-polled"))))
    assert arm.get(url).status_code == 404


def test_deployments_are_listed_and_forgotten(arm: httpx.Client) -> None:
    deployed(arm, "Listed", template())
    names = [one["name"] for one in arm.get(DEPLOYMENTS).json()["value"]]
    assert names.count("Listed") == 1
    assert arm.get(f"{DEPLOYMENTS.lower()}/LISTED").json()["name"] == "Listed"
    assert arm.delete(f"{DEPLOYMENTS}/listed").status_code == 204
    assert arm.get(f"{DEPLOYMENTS}/listed").json()["error"]["code"] == "DeploymentNotFound"
    assert arm.get(f"{GROUP}/providers/Microsoft.Storage/deployments").status_code == 404


def test_operations_name_what_was_made(arm: httpx.Client) -> None:
    deployed(arm, "operated", template(connection("tpl-operated")))
    for path in (
        f"{GROUP.replace('resourceGroups', 'resourcegroups')}/deployments/operated",
        f"{DEPLOYMENTS}/operated",
    ):
        (operation,) = arm.get(f"{path}/operations").json()["value"]
        assert operation["properties"]["provisioningState"] == "Succeeded"
        assert operation["properties"]["targetResource"] == {
            "id": f"{PROJECT}/connections/tpl-operated",
            "resourceType": "Microsoft.CognitiveServices/accounts/projects/connections",
            "resourceName": "sandbox/workshop/tpl-operated",
        }


def test_existing_resources_are_read_and_the_key_of_the_gateway_with_them(arm: httpx.Client, sandbox: Running) -> None:
    target = (
        f"[concat(reference('{SERVICE}', '2021-08-01').gatewayUrl, '/', reference('{SERVICE}/apis/apim', '1').path)]"
    )
    credentials = {"key": f"[listSecrets('{SERVICE}/subscriptions/master', '2021-08-01').primaryKey]"}
    deployed(arm, "apim", template(connection("tpl-apim", target=target, credentials=credentials)))
    found = stored(arm, "tpl-apim")
    assert found["target"] == f"{sandbox.url}/gateways/apim/openai"
    assert found["credentials"] == {"key": sandbox.api_key}


def test_symbolic_names_existing_resources_and_implicit_order(arm: httpx.Client, sandbox: Running) -> None:
    api = {"existing": True, "type": "Microsoft.ApiManagement/service/apis", "apiVersion": "2021-08-01"}
    subscription = {"existing": True, "type": "Microsoft.ApiManagement/service/subscriptions", "apiVersion": "1"}
    resources = {
        "second": connection(
            "tpl-second",
            target="[reference('first').target]",
            credentials={"key": "[listSecrets('key', '2021-08-01').primaryKey]"},
        ),
        "first": connection("tpl-first", target="[format('https://{0}', reference('api').path)]"),
        "api": {**api, "name": "sandbox-apim/identity"},
        "key": {**subscription, "name": "sandbox-apim/workshop"},
    }
    outputs = {"id": {"type": "string", "value": "[resourceInfo('second').id]"}}
    whole = {**template(outputs=outputs), "languageVersion": "2.0", "resources": resources}
    assert deployed(arm, "symbols", whole)["outputs"]["id"]["value"] == f"{PROJECT}/connections/tpl-second"
    assert stored(arm, "tpl-second")["target"] == "https://identity/openai"
    assert stored(arm, "tpl-second")["credentials"] == {"key": sandbox.api_key}


def test_dependencies_come_first_however_they_are_named(arm: httpx.Client) -> None:
    last = f"{PROJECT}/connections/tpl-last"
    later = connection("tpl-a", target=f"[reference('{last}', '1').target]")
    resource = (
        "resourceId('Microsoft.CognitiveServices/accounts/projects/connections', 'sandbox', 'workshop', 'tpl-last')"
    )
    for name in (f"[{resource}]", "sandbox/workshop/tpl-last"):
        arm.delete(last)
        whole = template({**later, "dependsOn": [name]}, connection("tpl-last", target="https://last.example"))
        deployed(arm, "ordered", whole)
        assert stored(arm, "tpl-a")["target"] == "https://last.example"
        arm.delete(f"{PROJECT}/connections/tpl-a")


def test_a_forgotten_dependency_fails_as_it_does_in_azure(arm: httpx.Client) -> None:
    later = connection("tpl-b", target=f"[reference('{PROJECT}/connections/tpl-unmade', '1').target]")
    properties = deployed(arm, "unordered", template(later, connection("tpl-unmade")))
    assert properties["error"]["details"][0]["code"] == "ResourceNotFound"
    assert not exists(arm, "tpl-unmade")


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"dependsOn": ["sandbox/workshop/tpl-loop"]}, "resources[0]: the resource depends on itself"),
        ({"dependsOn": ["unheard"]}, "resources[0].dependsOn[0]: no resource of the template is called 'unheard'"),
        ({"name": "sandbox/tpl-loop"}, "resources[0].name: the name does not fit the type"),
        ({"name": "[nonsense()]"}, "resources[0].name (line 1,"),
        ({"type": "Microsoft.Storage/storageAccounts", "name": "x"}, "'Microsoft.Storage/storageAccounts' is not one"),
        ({"condition": "yes"}, "resources[0].condition: true or false is wanted"),
        ({"apiVersion": None}, "resources[0].apiVersion: 'apiVersion' is required"),
        ({"dependOn": []}, "the sandbox knows no member 'dependOn' of a resource"),
        ({"resources": [{}]}, "resources[0].resources: child resources are not played here"),
        ({"existing": True}, "resources[0].existing: 'existing' needs symbolic names"),
        ({"copy": {"name": "l", "count": -1}}, "resources[0].copy: a loop needs a name, and a count from 0 to 800"),
        ({"copy": {"name": "l", "count": 2}}, "is defined more than once, at resources[0] too"),
    ],
)
def test_a_wrong_resource_is_named(arm: httpx.Client, change: dict[str, Any], complaint: str) -> None:
    assert complaint in refusal(arm, template({**connection("tpl-loop"), **change}))
    assert not exists(arm, "tpl-loop")


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (
            {"$schema": "https://schema.management.azure.com/schemas/2018-05-01/subscriptionDeploymentTemplate.json#"},
            "scope",
        ),
        ({"contentVersion": None}, "contentVersion: 'contentVersion' is required"),
        ({"resources": "[createArray()]"}, "resources: an array is wanted"),
        ({"resources": {}}, "symbolic names need 'languageVersion': '2.0'"),
        ({"functions": [{"namespace": "n"}]}, "functions: this section is not played"),
        ({"parameter": {}}, "parameter: a template has no section 'parameter'"),
        ({"outputs": {"it": "text"}}, "outputs.it"),
        ({"variables": []}, None),
    ],
)
def test_a_wrong_section_is_named(arm: httpx.Client, change: dict[str, Any], complaint: str | None) -> None:
    whole = {**template(), **change}
    if complaint is None:
        assert deployed(arm, "empty-variables", whole)["provisioningState"] == "Succeeded"
        return
    assert complaint in refusal(arm, whole)


def test_a_loop_makes_one_resource_each_turn(arm: httpx.Client) -> None:
    resource = connection("x", target="[format('https://{0}.example', copyIndex('each', 1))]")
    resource |= {"name": "[format('sandbox/workshop/tpl-turn-{0}', copyIndex())]", "copy": {"name": "each", "count": 3}}
    after = {**connection("tpl-after"), "dependsOn": ["each"]}
    found = deployed(arm, "loop", template(after, resource))
    assert len(found["outputResources"]) == 4
    assert [stored(arm, f"tpl-turn-{turn}")["target"] for turn in range(3)] == [
        "https://1.example",
        "https://2.example",
        "https://3.example",
    ]


def test_what_a_condition_switches_off_is_not_even_evaluated(arm: httpx.Client) -> None:
    script = {"type": "Microsoft.Resources/deploymentScripts", "apiVersion": "2023-08-01", "name": "x"}
    off = {**connection("tpl-two-ways", target="[nonsense()]"), "condition": "[equals(1, 2)]"}
    on = {**connection("tpl-two-ways"), "condition": "[equals(1, 1)]"}
    found = deployed(arm, "conditions", template({**script, "condition": False}, off, on))
    assert found["outputResources"] == [{"id": f"{PROJECT}/connections/tpl-two-ways"}]


def inner(name: str) -> dict[str, Any]:
    """A template with parameters of its own, secret ones among them."""
    return template(
        connection(name, target="[variables('target')]", credentials={"key": "[parameters('key')]"}),
        parameters={"key": KEY, "host": {"type": "string"}},
        variables={"target": "[format('https://{0}/v1', parameters('host'))]"},
        outputs={
            "target": {"type": "string", "value": "[variables('target')]"},
            "key": {"type": "securestring", "value": "[parameters('key')]"},
        },
    )


def test_a_nested_template_has_a_scope_of_its_own(arm: httpx.Client) -> None:
    outer = {"key": KEY, "name": {"type": "string"}}
    inside = nested(
        "inside",
        inner("tpl-inner"),
        scope="inner",
        key="[parameters('key')]",
        host="[format('{0}.example', parameters('name'))]",
    )
    identifier = "resourceId('Microsoft.Resources/deployments', 'inside')"
    outputs = {"it": {"type": "string", "value": f"[reference({identifier}, '2022-09-01').outputs.target.value]"}}
    whole = template(inside, parameters=outer, outputs=outputs)
    found = deployed(arm, "outside", whole, key="made-up-secret", name="inner")
    assert found["outputs"]["it"]["value"] == "https://inner.example/v1"
    assert found["outputResources"] == [{"id": f"{PROJECT}/connections/tpl-inner"}]
    assert stored(arm, "tpl-inner")["credentials"] == {"key": "made-up-secret"}
    within = arm.get(f"{DEPLOYMENTS}/inside").json()["properties"]
    assert within["parameters"]["key"] == {"type": "SecureString"}
    assert within["outputs"]["key"] == {"type": "SecureString"}


def test_a_nested_template_without_one_uses_the_scope_around_it(arm: httpx.Client) -> None:
    inside = template(connection("tpl-outer", target="[variables('around')]"))
    whole = template(nested("within", inside, scope="outer"), variables={"around": "https://around.example"})
    deployed(arm, "around", whole)
    assert stored(arm, "tpl-outer")["target"] == "https://around.example"


def test_an_error_inside_is_placed_from_the_outermost_template(arm: httpx.Client) -> None:
    inside = template(connection("tpl-x", metadata={"models": "[string(nonsense())]"}))
    message = refusal(arm, template(nested("within", inside, scope="inner")))
    assert "resources[0].properties.template.resources[0].properties.metadata.models (line 1, column" in message


@pytest.mark.parametrize(
    ("properties", "complaint"),
    [
        ({"templateLink": {"uri": "https://a.example"}}, "links are not played here"),
        ({"mode": "Complete", "template": {}}, "only mode Incremental is played here"),
    ],
)
def test_what_a_nested_deployment_cannot_be(arm: httpx.Client, properties: dict[str, Any], complaint: str) -> None:
    resource = {**nested("within", {}, scope="inner"), "properties": properties}
    assert complaint in refusal(arm, template(resource))


def test_a_failing_deployment_makes_nothing_and_says_why(arm: httpx.Client) -> None:
    whole = template(connection("tpl-good"), connection("tpl-bad", authType="Nonsense"))
    started = arm.put(f"{DEPLOYMENTS}/failing", json=body(whole))
    assert started.status_code == 201
    status = arm.get(started.headers["azure-asyncoperation"]).json()
    assert (status["status"], status["error"]["code"]) == ("Failed", "DeploymentFailed")
    (detail,) = status["error"]["details"]
    assert (detail["code"], detail["target"]) == ("ValidationError", f"{PROJECT}/connections/tpl-bad")
    assert "'properties.authType' is 'Nonsense'" in detail["message"]
    assert arm.get(f"{DEPLOYMENTS}/failing").json()["properties"]["provisioningState"] == "Failed"
    (operation,) = arm.get(f"{GROUP}/deployments/failing/operations").json()["value"]
    assert operation["properties"]["statusMessage"]["error"] == detail
    assert not exists(arm, "tpl-good")
    validated = arm.post(f"{DEPLOYMENTS}/failing/validate", json=body(whole))
    assert (validated.status_code, validated.json()["error"]["code"]) == (400, "InvalidTemplateDeployment")
    assert validated.json()["error"]["details"] == [detail]
    forecast = arm.post(f"{DEPLOYMENTS}/failing/whatIf", json=body(whole))
    assert (forecast.status_code, forecast.json()) == (200, {"status": "Failed", **validated.json()})
    misnamed = arm.post(f"{DEPLOYMENTS}/{'a' * 65}/whatIf", json=body(whole))
    assert (misnamed.status_code, misnamed.json()["error"]["code"]) == (400, "InvalidDeploymentName")


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        ({**connection("x"), "name": "other/workshop/tpl-x"}, "ParentResourceNotFound"),
        ({**connection("x"), "name": "sandbox/other/tpl-x"}, "ParentResourceNotFound"),
        ({**connection("x"), "resourceGroup": "other"}, "ParentResourceNotFound"),
        (connection("tpl-x", target=f"[reference('{SERVICE}/apis/unheard', '1').path]"), "ResourceNotFound"),
        (connection("tpl-x", target=f"[listKeys('{ACCOUNT}', '1').key1]"), "InvalidResourceType"),
        (connection("tpl-x", credentials={}), "ValidationError"),
        ({**connection("x"), "properties": None}, "ValidationError"),
    ],
)
def test_a_resource_that_cannot_be_is_named_by_code(arm: httpx.Client, resource: dict[str, Any], expected: str) -> None:
    (detail,) = deployed(arm, "impossible", template(resource))["error"]["details"]
    assert detail["code"] == expected
    assert detail["target"].startswith("/subscriptions/")


def test_secrets_come_back_in_no_answer_and_are_nowhere_in_the_database(arm: httpx.Client, sandbox: Running) -> None:
    secret, header = "made-up-secret-one", "made-up-secret-two"
    parameters = {"key": KEY, "headers": {"type": "secureObject"}}
    outputs = {
        "declared": {"type": "securestring", "value": "[parameters('key')]"},
        "careless": {"type": "string", "value": "[format('key={0}', parameters('key'))]"},
        "looked-up": {"type": "string", "value": f"[listSecrets('{SERVICE}/subscriptions/master', '1').primaryKey]"},
        "object": {"type": "object", "value": "[parameters('headers')]"},
    }
    resource = connection("tpl-secret", credentials={"key": "[parameters('key')]"})
    content = body(template(resource, parameters=parameters, outputs=outputs), key=secret, headers={"X-Key": header})
    url = f"{DEPLOYMENTS}/secretive"
    answers = [
        arm.post(f"{url}/validate", json=content),
        arm.post(f"{url}/whatIf", json=content),
        arm.put(url, json=content),
        arm.get(url),
        arm.get(f"{url}/operations"),
        arm.get(DEPLOYMENTS),
    ]
    for answer in answers:
        assert answer.is_success
        assert not [word for word in (secret, header, sandbox.api_key) if word in answer.text]
    assert stored(arm, "tpl-secret")["credentials"] == {"key": secret}
    properties = arm.get(url).json()["properties"]
    assert properties["parameters"] == {"key": {"type": "SecureString"}, "headers": {"type": "SecureObject"}}
    assert properties["outputs"]["declared"] == {"type": "SecureString"}
    assert properties["outputs"]["careless"]["value"] == "key=*******"
    with sqlite3.connect(f"file:{sandbox.folder / 'state.sqlite3'}?mode=ro", uri=True) as database:
        whole = "\n".join(body for (body,) in database.execute("SELECT body FROM document"))
    database.close()
    assert "tpl-secret" in whole
    assert not [word for word in (secret, header, sandbox.api_key) if word in whole]


@pytest.mark.parametrize("expression", ["[json(parameters('key'))]", "[int(parameters('key'))]"])
def test_an_error_never_quotes_a_secret(arm: httpx.Client, expression: str) -> None:
    outputs = {"it": {"type": "string", "value": expression}}
    assert "made-up-secret" not in refusal(
        arm, template(parameters={"key": KEY}, outputs=outputs), key="made-up-secret"
    )
    name = template(
        connection("x") | {"name": "[concat('sandbox/workshop/', parameters('key'))]"}, parameters={"key": KEY}
    )
    answer = arm.post(f"{DEPLOYMENTS}/quoting/validate", json=body(name, key="made up secret"))
    assert answer.status_code == 400
    assert "made up secret" not in answer.text.replace("\\", "")


def changes(arm: httpx.Client, whole: dict[str, Any]) -> list[dict[str, Any]]:
    answer = arm.post(f"{DEPLOYMENTS}/foreseen/whatIf", json=body(whole)).raise_for_status().json()
    assert answer["status"] == "Succeeded"
    found: list[dict[str, Any]] = answer["properties"]["changes"]
    return found


def test_what_if_tells_the_truth_and_changes_nothing(arm: httpx.Client) -> None:
    first = template(connection("tpl-foreseen", isSharedToAll=False))
    (change,) = changes(arm, first)
    assert (change["changeType"], change["before"], exists(arm, "tpl-foreseen")) == ("Create", None, False)
    deployed(arm, "foreseen", first)
    (change,) = changes(arm, first)
    assert (change["changeType"], change["delta"]) == ("NoChange", [])
    second = template(
        connection(
            "tpl-foreseen",
            target="https://new.example",
            credentials={"key": "another-key"},
            metadata={"deploymentInPath": "false", "models": "[[]"},
        )
    )
    (change,) = changes(arm, second)
    assert change["changeType"] == "Modify"
    assert {(one["path"], one["propertyChangeType"], one["before"], one["after"]) for one in change["delta"]} == {
        ("properties.target", "Modify", "https://gateway.example/v1", "https://new.example"),
        ("properties.isSharedToAll", "Delete", False, None),
        ("properties.metadata.models", "Create", None, "[]"),
        ("properties.credentials.key", "Modify", "*******", "*******"),
    }
    assert stored(arm, "tpl-foreseen")["target"] == "https://gateway.example/v1"


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a" * 65, body(template()), "InvalidDeploymentName"),
        ("no-properties", {}, "InvalidRequestContent"),
        ("no-template", {"properties": {"templateLink": {"uri": "https://a.example"}}}, "InvalidTemplate"),
        ("complete", {"properties": {"mode": "Complete", "template": template()}}, "InvalidTemplate"),
        ("list", {"properties": {"template": template(), "parameters": []}}, None),
        ("text", {"properties": {"template": template(), "parameters": "x"}}, "InvalidTemplate"),
        (
            "bare",
            {"properties": {"template": template(parameters={"p": KEY}), "parameters": {"p": "x"}}},
            "InvalidTemplate",
        ),
    ],
)
def test_a_deployment_that_cannot_start(
    arm: httpx.Client, name: str, content: dict[str, Any], expected: str | None
) -> None:
    answer = arm.put(f"{DEPLOYMENTS}/{name}", json=content)
    if expected is None:
        assert answer.status_code == 201
        return
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, expected)
    assert arm.get(f"{DEPLOYMENTS}/{name}").status_code == 404


def test_the_subscriptions_of_the_gateway_have_its_key(arm: httpx.Client, sandbox: Running) -> None:
    names = [one["name"] for one in arm.get(f"{SERVICE}/subscriptions").json()["value"]]
    assert names == ["master", "workshop"]
    assert arm.get(f"{SERVICE}/subscriptions/MASTER").json()["name"] == "master"
    for name in names:
        assert arm.post(f"{SERVICE}/subscriptions/{name}/listSecrets").json()["primaryKey"] == sandbox.api_key
        assert sandbox.api_key not in arm.get(f"{SERVICE}/subscriptions/{name}").text
    missing = arm.post(f"{SERVICE}/subscriptions/unheard/listSecrets")
    assert (
        missing.json()["error"]["message"] == "Subscription 'unheard' was not found: the service has master, workshop."
    )
