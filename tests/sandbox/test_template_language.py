"""The template language, asked through outputs of deployments."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest

from .template import ACCOUNT, GROUP, KINDS, PROJECT, SERVICE, deployed, refusal, template

if TYPE_CHECKING:
    import httpx

PARAMETERS = {
    "word": {"type": "string", "defaultValue": "Gateway"},
    "list": {"type": "array", "defaultValue": ["b", "a", "b"]},
    "thing": {"type": "object", "defaultValue": {"Name": "x", "inner": {"one": 1, "list": [10, 20]}}},
    "nothing": {"type": "string", "nullable": True},
}
TEXTS = [
    ("toLower('AbC')", "abc"),
    ("toUpper('AbC')", "ABC"),
    ("trim('  a b ')", "a b"),
    ("replace('a-b-c', '-', '')", "abc"),
    ("startsWith('Gateway', 'gate')", True),
    ("endsWith('Gateway', 'WAY')", True),
    ("endsWith('Gateway', 'x')", False),
    ("indexOf('Gateway', 'WAY')", 4),
    ("lastIndexOf('abab', 'AB')", 2),
    ("substring('Gateway', 4)", "way"),
    ("substring('Gateway', 0, 4)", "Gate"),
    ("split('a/b/c', '/')", ["a", "b", "c"]),
    ("split('a/b;c', createArray('/', ';'))", ["a", "b", "c"]),
    ("join(createArray('a', 1, true()), ', ')", "a, 1, True"),
    ("format('{0}/{1}-{0} {{x}}', 'a', 2)", "a/2-a {x}"),
    ("format('{0} {1}', true(), createArray(1, 'a'))", 'True [1,"a"]'),
    ("concat('a', 1, '-', false())", "a1-False"),
    ("padLeft(7, 3, '0')", "007"),
    ("'it''s'", "it's"),
    ("string(createObject('a', createArray(1, true(), null())))", '{"a":[1,true,null]}'),
    ("string(true())", "True"),
    ("string('as it is')", "as it is"),
    ("json('{\"a\": [1, true, null]}')", {"a": [1, True, None]}),
    ("json('null')", None),
    ("base64ToString(base64('grüße'))", "grüße"),
    ("base64ToJson(base64('[1]'))", [1]),
    ("uriComponent('a b/ü')", "a%20b%2F%C3%BC"),
    ("uriComponentToString('a%20b')", "a b"),
    ("uri('https://a.example/b/', 'c')", "https://a.example/b/c"),
    # A version 5 UUID in Azure's namespace: the figure comes from the definition, worked out beside the sandbox.
    ("guid('a', 'b')", str(uuid.uuid5(uuid.UUID("11fb06fb-712d-4ddd-98c7-e71bbd588830"), "a-b"))),
    ("length(uniqueString('a'))", 13),
    ("equals(uniqueString('a'), uniqueString('a'))", True),
    ("equals(uniqueString('a'), uniqueString('b'))", False),
]
NUMBERS = [
    ("add(2, -5)", -3),
    ("sub(2, 5)", -3),
    ("mul(2, 5)", 10),
    ("div(7, 2)", 3),
    ("div(-7, 2)", -3),
    ("mod(-7, 2)", -1),
    ("int('42')", 42),
    ("int(42)", 42),
    ("min(3, 1, 2)", 1),
    ("max(createArray(3, 1, 2))", 3),
    ("greater(2, 1)", True),
    ("greaterOrEquals(2, 2)", True),
    ("less('a', 'b')", True),
    ("lessOrEquals(3, 2)", False),
]
TRUTH = [
    ("and(true(), false())", False),
    ("or(false(), false(), true())", True),
    ("xor(true(), true())", False),
    ("not(false())", True),
    ("bool('True')", True),
    ("bool('0')", False),
    ("bool(1)", True),
    ("equals('a', 'A')", False),
    ("equals(1, true())", False),
    ("equals(createObject('a', createArray(1)), createObject('a', createArray(1)))", True),
    ("equals(null(), parameters('nothing'))", True),
    ("if(true(), 'yes', parameters('unheard'))", "yes"),
    ("if(false(), div(1, 0), 'no')", "no"),
    ("coalesce(null(), parameters('nothing'), 'last')", "last"),
]
COLLECTIONS = [
    ("createArray()", []),
    ("createObject()", {}),
    ("createObject('a', 1, 'b', null())", {"a": 1, "b": None}),
    ("array('a')", ["a"]),
    ("array(createArray('a'))", ["a"]),
    ("concat(createArray(1), createArray(2))", [1, 2]),
    ("union(createArray(1, 2), createArray(2, 3))", [1, 2, 3]),
    (
        'union(json(\'{"a": {"x": 1}, "b": [1]}\'), json(\'{"a": {"y": 2}, "b": [2]}\'))',
        {"a": {"x": 1, "y": 2}, "b": [2]},
    ),
    ("intersection(createArray(1, 2, 3), createArray(3, 2))", [2, 3]),
    ("intersection(createObject('a', 1, 'b', 2), createObject('a', 1, 'b', 3))", {"a": 1}),
    ("contains('Gateway', 'way')", True),
    ("contains('Gateway', 'WAY')", False),
    ("contains(parameters('list'), 'a')", True),
    ("contains(parameters('thing'), 'NAME')", True),
    ("empty('')", True),
    ("empty(createArray())", True),
    ("empty(createObject('a', 1))", False),
    ("empty(null())", True),
    ("length('abc')", 3),
    ("length(parameters('thing'))", 2),
    ("first('abc')", "a"),
    ("first(parameters('list'))", "b"),
    ("last(split('a/b', '/'))", "b"),
    ("last('')", ""),
    ("take('abc', 2)", "ab"),
    ("take(createArray(1, 2, 3), 2)", [1, 2]),
    ("skip('abc', 1)", "bc"),
    ("skip(createArray(1, 2, 3), 5)", []),
    ("range(3, 2)", [3, 4]),
    ("flatten(createArray(createArray(1), createArray(2, 3)))", [1, 2, 3]),
    ("items(createObject('b', 1, 'A', 2))", [{"key": "A", "value": 2}, {"key": "b", "value": 1}]),
    ("objectKeys(createObject('b', 1, 'A', 2))", ["A", "b"]),
    ("shallowMerge(createArray(createObject('a', 1), createObject('b', 2)))", {"a": 1, "b": 2}),
    ("tryGet(parameters('thing'), 'inner', 'nowhere')", None),
    ("tryGet(parameters('thing'), 'inner', 'one')", 1),
    ("parameters('thing').inner.list[1]", 20),
    ("parameters('thing')['inner']['one']", 1),
    ("parameters('thing').NAME", "x"),
    ("parameters('thing').?nowhere.?deeper", None),
    ("parameters('thing').inner.list[?9]", None),
    ("PARAMETERS('WORD')", "Gateway"),
]
LAMBDAS = [
    ("map(range(0, 3), lambda('n', mul(lambdaVariables('n'), 2)))", [0, 2, 4]),
    ("map(parameters('list'), lambda('x', 'i', format('{0}{1}', lambdaVariables('x'), lambdaVariables('i'))))", None),
    ("filter(range(0, 4), lambda('n', greater(lambdaVariables('n'), 1)))", [2, 3]),
    ("sort(parameters('list'), lambda('a', 'b', less(lambdaVariables('a'), lambdaVariables('b'))))", ["a", "b", "b"]),
    ("reduce(range(1, 4), 0, lambda('s', 'n', add(lambdaVariables('s'), lambdaVariables('n'))))", 10),
    ("toObject(createArray('a'), lambda('k', lambdaVariables('k')), lambda('k', 1))", {"a": 1}),
    ("groupBy(parameters('list'), lambda('k', lambdaVariables('k')))", {"b": ["b", "b"], "a": ["a"]}),
    ("mapValues(createObject('a', 1), lambda('v', add(lambdaVariables('v'), 1)))", {"a": 2}),
]
LAMBDAS[1] = (LAMBDAS[1][0], ["b0", "a1", "b2"])
SURROUNDINGS = [
    ("subscription().subscriptionId", "00000000-0000-0000-0000-000000000000"),
    ("tenant().tenantId", "00000000-0000-0000-0000-000000000000"),
    ("resourceGroup().id", GROUP),
    ("resourceGroup().name", "sandbox"),
    ("deployment().name", "language"),
    ("resourceId('Microsoft.CognitiveServices/accounts/projects', 'sandbox', 'workshop')", PROJECT),
    ("resourceId('other', 'A.B/c', 'd')", f"{GROUP.replace('Groups/sandbox', 'Groups/other')}/providers/A.B/c/d"),
    ("resourceId('s', 'g', 'A.B/c', 'd')", "/subscriptions/s/resourceGroups/g/providers/A.B/c/d"),
    ("subscriptionResourceId('A.B/c', 'd')", f"{GROUP.partition('/resourceGroups')[0]}/providers/A.B/c/d"),
    ("tenantResourceId('A.B/c', 'd')", "/providers/A.B/c/d"),
    ("extensionResourceId(resourceGroup().id, 'Microsoft.ApiManagement/service', 'sandbox-apim')", SERVICE),
    (f"reference('{SERVICE}/apis/apim', '2021-08-01').path", "apim/openai"),
    (f"reference('{ACCOUNT}', '2025-06-01', 'Full').name", "sandbox"),
]


@pytest.mark.parametrize(("expression", "value"), TEXTS + NUMBERS + TRUTH + COLLECTIONS + LAMBDAS + SURROUNDINGS)
def test_a_function_gives_its_value(arm: httpx.Client, expression: str, value: Any) -> None:
    output: dict[str, Any] = {"type": KINDS.get(type(value), "string"), "value": f"[{expression}]"}
    whole = template(parameters=PARAMETERS, outputs={"it": {**output, "nullable": value is None}})
    found = deployed(arm, "language", whole)["outputs"]["it"]["value"]
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("expression", "complaint"),
    [
        ("nonsense(1)", "function 'nonsense' is not one the sandbox knows"),
        ("concat('a', unheard())", "character 14 of the expression"),
        ("toLower(1)", "function 'toLower': text is wanted, not int"),
        ("toLower('a', 'b')", "function 'toLower' takes 1 argument, not 2"),
        ("substring('abc', 2, 5)", "a part of 5 from 2 does not lie within a text of 3"),
        ("parameters('unheard')", "the template has no parameter 'unheard'"),
        ("variables('unheard')", "the template has no variable 'unheard'"),
        ("createObject('a', 1).b", "property 'b' does not exist: there is a"),
        ("createArray(1)[3]", "index 3 is outside an array of 1"),
        ("div(1, 0)", "the divisor is 0"),
        ("int('x')", "the text is no whole number"),
        ("json('{')", "the text is not JSON"),
        ("if(1, 2, 3)", "bool is wanted, not int"),
        ("format('{0:N2}', 1)", "without alignment or format"),
        ("format('{1}', 1)", "there is no argument for {1}"),
        ("lambdaVariables('x')", "no lambda around has a variable 'x'"),
        ("copyIndex()", "names no loop around it"),
        ("resourceId('Microsoft.CognitiveServices/accounts', 'a', 'b')", "wants 1 names, not 2"),
        ("add(1, ", "a function, a text in single quotes or a number is wanted, not the end"),
        ("add(1 2)", "',' is wanted, not a number"),
        ("true", "'(' after 'true' is wanted"),
        ("concat('a', \"b\")", "character 13 of the expression cannot be read"),
        ("utcNow()", "function 'utcNow' cannot be used here"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(arm: httpx.Client, expression: str, complaint: str) -> None:
    whole = template(outputs={"it": {"type": "string", "value": f"[{expression}]"}})
    message = refusal(arm, whole)
    assert complaint in message
    assert "outputs.it.value (line 1, column " in message


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("[[not an expression]", "[not an expression]"),
        ("[[not closed", "[[not closed"),
        ("[not closed", "[not closed"),
        ("plain", "plain"),
        ("[ concat( 'a' , 'b' ) ]", "ab"),
    ],
)
def test_brackets_make_an_expression_unless_escaped(arm: httpx.Client, written: str, meant: str) -> None:
    whole = template(outputs={"it": {"type": "string", "value": written}})
    assert deployed(arm, "brackets", whole)["outputs"]["it"]["value"] == meant


def test_variables_are_worked_out_when_asked_for_and_may_use_one_another(arm: httpx.Client) -> None:
    variables = {
        "second": "[concat(variables('first').name, '!')]",
        "first": {"name": "[parameters('word')]", "[concat('a', 'b')]": 1},
        "unused": "[nonsense()]",
        "copy": [{"name": "squares", "count": 3, "input": "[mul(copyIndex('squares'), copyIndex('squares', 0))]"}],
        "with-loop": {"copy": [{"name": "names", "count": 2, "input": {"n": "[copyIndex('names', 1)]"}}]},
    }
    outputs = {
        "second": {"type": "string", "value": "[variables('second')]"},
        "key": {"type": "int", "value": "[variables('first').ab]"},
        "squares": {"type": "array", "value": "[variables('squares')]"},
        "names": {"type": "array", "value": "[variables('with-loop').names]"},
        "turns": {"type": "array", "copy": {"count": 2, "input": "[copyIndex()]"}},
        "hidden": {"type": "string", "condition": False, "value": "[nonsense()]"},
    }
    found = deployed(arm, "variables", template(parameters=PARAMETERS, variables=variables, outputs=outputs))["outputs"]
    assert {name: one["value"] for name, one in found.items()} == {
        "second": "Gateway!",
        "key": 1,
        "squares": [0, 1, 4],
        "names": [{"n": 1}, {"n": 2}],
        "turns": [0, 1],
    }


def test_a_variable_may_not_need_itself(arm: httpx.Client) -> None:
    variables = {"a": "[variables('b')]", "b": "[variables('a')]"}
    whole = template(variables=variables, outputs={"it": {"type": "string", "value": "[variables('a')]"}})
    assert "variable 'a' is defined by itself" in refusal(arm, whole)


@pytest.mark.parametrize("function", ["reference('x')", "listSecrets('x', '1')"])
def test_what_needs_resources_is_refused_where_there_are_none_yet(arm: httpx.Client, function: str) -> None:
    outputs = {"it": {"type": "string", "value": "[variables('v')]"}}
    message = refusal(arm, template(variables={"v": f"[{function}]"}, outputs=outputs))
    assert "variables.v" in message
    assert "only resource properties and outputs can use it" in message


@pytest.mark.parametrize(
    ("declaration", "given", "complaint"),
    [
        ({"type": "string"}, {}, "the parameter has no value and no default"),
        ({"type": "string"}, {"p": 1}, "must be of type string, not int"),
        ({"type": "int"}, {"p": True}, "must be of type int, not bool"),
        ({"type": "securestring"}, {"p": {"a": "b"}}, "must be of type securestring, not object"),
        ({"type": "string", "allowedValues": ["a", "b"]}, {"p": "c"}, "not one of the allowedValues: a, b"),
        ({"type": "array", "allowedValues": ["a", "b"]}, {"p": ["a", "c"]}, "not one of the allowedValues"),
        ({"type": "string", "minLength": 3}, {"p": "ab"}, "the length is below the minLength of 3"),
        ({"type": "array", "maxLength": 1}, {"p": [1, 2]}, "the length is above the maxLength of 1"),
        ({"type": "int", "minValue": 3}, {"p": 2}, "the value is below the minValue of 3"),
        ({"type": "int", "maxValue": 3}, {"p": 4}, "the value is above the maxValue of 3"),
        ({"type": "string"}, {"p": "a", "q": "b"}, "no such parameter: it has p"),
        ({"type": "text"}, {"p": "a"}, "'type' must be one of string, securestring"),
        ({"type": "string", "defaultValue": "[variables('x')]"}, {}, "a parameter's defaultValue cannot use it"),
        ({"type": "string", "defaultValue": "[parameters('p')]"}, {}, "parameter 'p' is defined by itself"),
    ],
)
def test_a_parameter_keeps_its_rules(
    arm: httpx.Client, declaration: dict[str, Any], given: dict[str, Any], complaint: str
) -> None:
    message = refusal(arm, template(parameters={"p": declaration}), **given)
    assert complaint in message
    assert "parameters." in message


def test_defaults_may_use_other_parameters_the_clock_and_chance(arm: httpx.Client) -> None:
    parameters = {
        "late": {"type": "string", "defaultValue": "[format('{0}-{1}', parameters('early'), utcNow('yyyy'))]"},
        "early": {"type": "string", "defaultValue": "[toLower('A')]"},
        "dice": {"type": "string", "defaultValue": "[newGuid()]"},
    }
    found = [deployed(arm, "defaults", template(parameters=parameters))["parameters"] for _ in range(2)]
    assert found[0]["late"]["value"].startswith("a-20")
    assert uuid.UUID(found[0]["dice"]["value"]) != uuid.UUID(found[1]["dice"]["value"])


def test_a_key_vault_reference_is_refused_in_words(arm: httpx.Client) -> None:
    parameters = {"p": {"reference": {"keyVault": {"id": "/x"}, "secretName": "s"}}}
    content = {"properties": {"template": template(parameters={"p": {"type": "string"}}), "parameters": parameters}}
    answer = arm.put(f"{GROUP}/providers/Microsoft.Resources/deployments/vault", json=content)
    assert answer.status_code == 400
    assert "a Key Vault reference is not played here" in answer.json()["error"]["message"]


def test_an_output_has_the_type_it_declares(arm: httpx.Client) -> None:
    whole = template(outputs={"it": {"type": "int", "value": "text"}})
    assert "outputs.it: the value must be of type int, not text" in refusal(arm, whole)
