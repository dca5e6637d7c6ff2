"""Whatever is sent, the API answers as its description says (Schemathesis)."""

import json
import time

import jsonschema_rs
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings, strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from indicators.enums import SourceKind
from indicators.models import Stream
from indicators.services.intake import record
from indicators.services.sources import add_source
from indicators.services.streams import issue_token
from tests import builders
from tests.indicators.adapters.test_signatures import signed
from tests.indicators.helpers import request
from web.api.description import document

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
OURS = {
    "organisation": "vila",
    "org": "vila",
    "stream": "requests",
    "source": "generic",
    "indicator": "IND-1",
    "case": "2026/1",
    "calendar": "office",
    "start": "2026-03-02T10:00",
    "amount": "2",
    "unit": "working_days",
}
SCHEMA = schemathesis.openapi.from_dict(document())
OPERATIONS = [
    (path, method, mode)
    for path, methods in document()["paths"].items()
    for method in methods
    for mode in GenerationMode
    # Of the description nothing is asked that could be wrong.
    if (path, mode) != ("/openapi.json", GenerationMode.NEGATIVE)
]


@schemathesis.serializer("application/x-ndjson")
def as_it_is(_context, value):
    text = value if isinstance(value, str) else json.dumps(value)
    return text.encode("utf-8", "surrogatepass")


@pytest.fixture
def key(charter):
    stream = Stream.objects.get(code="requests")
    lines = request("2026/1", "2026-03-17", "2026-03-20")
    record(stream=stream, lines=list(enumerate(lines, 1)), at=builders.NOW)
    return issue_token(stream=stream, label="a machine", at=builders.NOW)


class Signature(requests.auth.AuthBase):
    """Signs whatever is sent, as a source would."""

    def __init__(self, secret):
        self.secret = secret

    def __call__(self, prepared):
        body = prepared.body or b""
        body = body if isinstance(body, bytes) else body.encode()
        seconds = str(int(time.time()))
        prepared.headers.update(signed("generic", body, seconds, self.secret))
        return prepared


@pytest.fixture
def secret(key):
    mapping = {"case": "case", "event": [{"type": "opened", "at": "at"}]}
    return add_source(
        stream=Stream.objects.get(code="requests"),
        code="generic",
        kind=SourceKind.GENERIC,
        settings=mapping,
        at=builders.NOW,
    )[1]


def test_the_description_is_openapi():
    SCHEMA.validate()
    broken = {**document(), "paths": {"/deadline": {"get": {"responses": 1}}}}
    with pytest.raises(jsonschema_rs.ValidationError):
        schemathesis.openapi.from_dict(broken).validate()


@pytest.mark.parametrize(("path", "method", "mode"), OPERATIONS)
def test_answers_are_as_described(live_server, key, secret, path, method, mode):
    operation = SCHEMA[path][method]
    seen = set()

    @settings(
        max_examples=25,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(
        case=operation.as_strategy(generation_mode=mode),
        ours=st.sets(st.sampled_from(sorted(OURS)), min_size=len(OURS) - 1),
        with_key=st.sampled_from([True, True, True, False]),
    )
    def ask(case, ours, with_key):
        for values in (case.path_parameters, case.query):
            for name in ours & set(values or ()):
                values[name] = OURS[name]
        with requests.Session() as session:
            session.auth = Signature(secret) if with_key else None
            response = case.call(
                base_url=f"{live_server.url}/api/v1",
                session=session,
                headers={"Authorization": f"Bearer {key}"} if with_key else {},
                timeout=20,
            )
        seen.add(response.status_code)
        case.validate_response(response, checks=CHECKS)

    ask()
    if mode is GenerationMode.POSITIVE:
        assert 200 in seen
