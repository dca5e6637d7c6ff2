"""The description of the API says what the API does."""

import ast
import inspect
import json
import re
from pathlib import Path

import jsonschema
import pytest
from django.test import Client
from django.urls import reverse

from indicators.models import Stream
from indicators.services import files, intake
from indicators.services.streams import issue_token
from tests import builders
from web.api import (
    deadline,
    deliveries,
    description,
    explanations,
    pseudonyms,
    rates,
)
from web.api.description import REFUSALS, document
from web.api.examples import DEADLINE, EVENT
from web.api.urls import urlpatterns

ROOT = Path(__file__).parent.parent.parent
OPERATIONS = [
    (path, method, operation)
    for path, methods in document()["paths"].items()
    for method, operation in methods.items()
]


def schema_of(node):
    """Make a part of the document a schema that stands for itself."""
    return {**node, "components": document()["components"]}


def valid(instance, node):
    jsonschema.Draft202012Validator(schema_of(node)).validate(instance)


def test_every_address_is_described_and_nothing_else():
    addresses = {
        "/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", str(pattern.pattern))
        for pattern in urlpatterns
        if pattern.name != "not-found"
    }
    assert set(document()["paths"]) == addresses


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS)
def test_parameters_of_the_path_are_those_of_the_address(path, method, operation):
    named = {
        p["name"] for p in operation.get("parameters", ()) if p.get("in") == "path"
    }
    assert named == set(re.findall(r"{(\w+)}", path))


def test_parameters_of_a_deadline_are_those_that_it_knows():
    (operation,) = document()["paths"]["/deadline"].values()
    asked = [p for p in operation["parameters"] if p["in"] == "query"]
    assert {p["name"] for p in asked} == deadline.KNOWN
    assert {p["name"] for p in asked if p["required"]} == set(deadline.NEEDED)


def test_operations_have_names_of_their_own():
    names = [operation["operationId"] for _path, _method, operation in OPERATIONS]
    assert len(set(names)) == len(names)


def test_every_schema_is_one_and_every_reference_leads_somewhere():
    for schema in document()["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
    for reference in re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(document())):
        node = document()
        for name in reference.split("/"):
            node = node[name]


def examples():
    for path, method, operation in OPERATIONS:
        for media, content in (
            operation.get("requestBody", {}).get("content", {}).items()
        ):
            for name, example in content["examples"].items():
                yield f"{method} {path} {media} {name}", content, example["value"]
        for status, response in operation["responses"].items():
            for media, content in response.get("content", {}).items():
                yield f"{method} {path} {status} {media}", content, content["example"]


@pytest.mark.parametrize(
    ("content", "example"),
    [(c, e) for _n, c, e in examples()],
    ids=[n for n, *_ in examples()],
)
def test_every_example_fits_its_schema(content, example):
    valid(example, content["schema"])


def codes(*modules):
    """Every word that the code of a module gives a refusal or problem."""
    found = set()
    for module in modules:
        for node in ast.walk(ast.parse(inspect.getsource(module))):
            if isinstance(node, ast.Call) and getattr(
                node.func, "id", getattr(node.func, "attr", "")
            ) in {"LineError", "refused", "_bad", "_not_computable"}:
                found |= {
                    a.value
                    for a in node.args
                    if isinstance(a, ast.Constant)
                    and re.fullmatch(r"[a-z]+(_[a-z]+)+|conflict", str(a.value))
                }
            if isinstance(node, ast.keyword) and node.arg == "code":
                found |= {getattr(node.value, "value", None)} - {None}
    return found


def test_every_refusal_that_a_line_can_meet_is_described():
    keys = {f"{kind}_{name}" for kind in ("missing", "bad") for name in intake_keys()}
    # Of CSV files, which the API does not take.
    found = codes(intake, files) - {"wrong_width"} | keys | {intake.PERSONAL}
    assert found == set(REFUSALS)


def intake_keys():
    return set(re.findall(r'_key\(raw, "(\w+)"\)', inspect.getsource(intake)))


def test_every_code_of_a_problem_is_described():
    told = inspect.getsource(description)
    for code in codes(deadline, deliveries, explanations, rates):
        assert f'"{code}"' in told, code


def test_every_word_is_in_the_manual():
    manual = (ROOT / "docs" / "api.md").read_text()
    assert "/api/v1/openapi.json" in manual
    for word in {
        *REFUSALS,
        *codes(deadline, deliveries, explanations, pseudonyms, rates),
    }:
        assert f"`{word}`" in manual, word


def test_the_document_is_served_and_may_be_kept(client):
    answer = client.get(reverse("api:openapi"))
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/json"
    assert (
        answer["Cache-Control"] == "public, max-age=60"
        or "max-age=60" in (answer["Cache-Control"])
    )
    assert answer.json() == json.loads(json.dumps(document()))
    again = client.get(
        reverse("api:openapi"), headers={"If-None-Match": answer["ETag"]}
    )
    assert (again.status_code, again.content) == (304, b"")
    assert client.head(reverse("api:openapi")).status_code == 200


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("openapi.json", 405),
        ("deadline", 405),
        ("indicators/vila/IND-1/cases/1/explanation", 405),
        ("nothing", 404),
    ],
)
def test_other_methods_are_answered_with_a_problem_without_a_form(db, path, status):
    answer = Client(enforce_csrf_checks=True).post(f"/api/v1/{path}", {"a": "b"})
    assert (answer.status_code, answer["Content-Type"]) == (
        status,
        "application/problem+json",
    )


def test_the_example_of_a_deadline_is_what_is_answered(client, town):
    (operation,) = document()["paths"]["/deadline"].values()
    query = {p["name"]: p["example"] for p in operation["parameters"] if "example" in p}
    answer = client.get("/api/v1/deadline", query | {"org": town.slug})
    assert answer.json() == DEADLINE | {"organisation": town.slug}


def test_the_example_of_an_event_is_taken(client, charter):
    stream = Stream.objects.get(code="requests")
    key = issue_token(stream=stream, label="a machine", at=builders.NOW)
    answer = client.post(
        "/api/v1/organisations/vila/streams/requests/events",
        json.dumps({**EVENT, "attributes": {}}),
        content_type="application/json",
        headers={"Authorization": f"Bearer {key}"},
    ).json()
    assert answer["recorded"] == 1
    valid(answer, document()["components"]["schemas"]["Receipt"])
