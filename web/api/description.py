"""
What the interface for machines takes and answers, as OpenAPI 3.1.

The one source: ``/api/v1/openapi.json`` is made of it. A test wants every address of
``web.api.urls`` here, others that no status is answered that is not described.
"""

import json
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any

from django.conf import settings

from engine.worktime import Unit
from web.api.examples import (
    CLOSED,
    DEADLINE,
    DELIVERED,
    DELIVERY,
    EVENT,
    EXPLANATION,
    RECEIPT,
)

Node = dict[str, Any]

FORMAT = Path("docs", "formats", "explanation.schema.json")
REFUSALS = [
    "bad_json",
    "not_an_object",
    "unknown_field",
    "missing_id",
    "missing_case",
    "missing_type",
    "missing_at",
    "missing_replaces",
    "bad_id",
    "bad_case",
    "bad_type",
    "bad_replaces",
    "unknown_type",
    "unknown_attribute",
    "bad_instant",
    "naive_instant",
    "in_future",
    "bad_value",
    "bad_attributes",
    "personal_data",
    "other_operator",
    "conflict",
    "replaces_itself",
    "replaces_unknown",
    "already_replaced",
]


@cache
def document() -> Node:
    """Return the description of the whole interface."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Paraula",
            "version": "1",
            "summary": "Service charters that keep their word: for other programs.",
            "description": "What happened in the cases of a service comes in; when a"
            " term is due, and why a case counts as it does, go out. Whatever cannot be"
            " served is answered with a problem document (RFC 9457).",
            "license": {"name": "EUPL-1.2", "identifier": "EUPL-1.2"},
        },
        "servers": [{"url": "/api/v1"}],
        "security": [],
        "tags": [
            {"name": "events", "description": "What happened in a service's cases."},
            {"name": "deadlines", "description": "When a term is due, and why."},
            {"name": "explanations", "description": "Why a case counts as it does."},
            {"name": "description", "description": "This document."},
        ],
        "paths": {
            "/organisations/{organisation}/streams/{stream}/events": {
                "post": _events()
            },
            "/organisations/{organisation}/streams/{stream}/sources/{source}": {
                "post": _deliveries()
            },
            "/deadline": {"get": _deadline()},
            "/indicators/{organisation}/{indicator}/cases/{case}/explanation": {
                "get": _explanation()
            },
            "/openapi.json": {"get": _description()},
        },
        "components": {
            "schemas": _schemas(),
            "headers": _headers(),
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A key of one stream, par_ and 43 letters, of the"
                    " organisation or of one of its operators. Whoever"
                    " runs the installation issues it.",
                },
                "signature": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "X-Paraula-Signature",
                    "description": "sha256= and, in hexadecimal digits, HMAC-SHA256"
                    " with the source's secret over X-Paraula-Timestamp (seconds since"
                    " 1970, at most five minutes off), a dot, and the body. Zammad and"
                    " GLPI sign in their own way, with X-Hub-Signature and with"
                    " X-GLPI-signature and X-GLPI-timestamp.",
                },
            },
        },
    }


def _events() -> Node:
    most = f"{settings.EVENTS_MAX_LINES:,}"
    rates = ("RateLimit-Policy", "RateLimit")
    return {
        "operationId": "postEvents",
        "tags": ["events"],
        "summary": "Record one event, or a batch",
        "description": "The answer comes after the commit. A line that is refused keeps"
        " no other out. Safe to send again: an event that is in the log with the same"
        " content is counted as replayed and changes nothing.",
        "security": [{"token": []}],
        "parameters": [
            _in_path("organisation", "The organisation's short name.", "vilalzina"),
            _in_path("stream", "The stream's code.", "prestecs"),
        ],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": _ref("Event"),
                    "examples": {
                        "opened": {"summary": "A case begins", "value": EVENT},
                        "corrected": {
                            "summary": "An event that corrects another",
                            "value": {**EVENT, "id": "E-1b", "replaces": "E-1"},
                        },
                    },
                },
                "application/x-ndjson": {
                    "schema": {
                        "type": "string",
                        "description": f"An event a line, at most {most} lines.",
                    },
                    "examples": {
                        "batch": {
                            "summary": "Two events",
                            "value": f"{json.dumps(EVENT)}\n{json.dumps(CLOSED)}\n",
                        }
                    },
                },
            },
        },
        "responses": {
            "200": _answer(
                "What became of each line.", _ref("Receipt"), RECEIPT, headers=rates
            ),
            "400": _problem(400, "The single event is no JSON object.", headers=rates),
            "401": _problem(
                401,
                "No key, or none of this stream; a stream that does not exist answers"
                " the same.",
                headers=("WWW-Authenticate",),
            ),
            "404": _problem(404, "The address leads nowhere."),
            "405": _problem(405, "Anything but a POST.", headers=("Allow",)),
            "411": _problem(411, "The length is not announced.", headers=rates),
            "413": _problem(413, "Too many lines, or bytes.", headers=rates),
            "415": _problem(
                415, "Another type of content.", headers=(*rates, "Accept-Post")
            ),
            "429": _problem(
                429,
                "Too many requests with this key. Nothing was recorded: send it again.",
                "too_many_requests",
                headers=(*rates, "Retry-After"),
            ),
            "503": _no_secret("Nothing was recorded: send it again.", headers=rates),
        },
    }


def _deliveries() -> Node:
    rates = ("RateLimit-Policy", "RateLimit")
    message = {"type": ["object", "array"]}
    return {
        "operationId": "postDelivery",
        "tags": ["events"],
        "summary": "Record what another system says in its own words",
        "description": "For the webhooks of Zammad, GLPI and any system that can sign."
        " The settings of the source say which events its messages make; each is a line"
        " of the answer, which comes after the commit. Safe to send again.",
        "security": [{"signature": []}],
        "parameters": [
            _in_path("organisation", "The organisation's short name.", "vilalzina"),
            _in_path("stream", "The stream's code.", "incidencies"),
            _in_path("source", "The source's code.", "zammad"),
        ],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": message,
                    "examples": {
                        "zammad": {"summary": "A ticket of Zammad", "value": DELIVERY}
                    },
                }
            },
        },
        "responses": {
            "200": _answer(
                "What became of each event.", _ref("Receipt"), DELIVERED, headers=rates
            ),
            "400": _problem(
                400,
                "The message is none of the system.",
                "bad_payload",
                headers=rates,
            ),
            "401": _problem(
                401,
                "No signature of this source, or an old one; a source that does not"
                " exist, or is not heard, answers the same.",
                headers=("WWW-Authenticate",),
            ),
            "404": _problem(404, "The address leads nowhere."),
            "405": _problem(405, "Anything but a POST.", headers=("Allow",)),
            "411": _problem(411, "The length is not announced."),
            "413": _problem(413, "Too many bytes."),
            "429": _problem(
                429,
                "Too many messages of this source. Nothing was recorded: send it again.",
                "too_many_requests",
                headers=(*rates, "Retry-After"),
            ),
            "503": _no_secret("Nothing was recorded: send it again.", headers=rates),
        },
    }


def _deadline() -> Node:
    time = {"type": "string", "pattern": "^[0-9]{2}:[0-9]{2}$"}
    amount = {"type": "string", "pattern": r"^[0-9]{1,11}(\.[0-9]{1,9})?$"}
    units = {"type": "string", "enum": [unit.value for unit in Unit]}
    return {
        "operationId": "getDeadline",
        "tags": ["deadlines"],
        "summary": "Say when a term is due, and derive it day by day",
        "description": "Anybody may ask. The same question has the same answer until"
        " the calendar changes, and the ETag changes with it.",
        "parameters": [
            _asked("org", "The organisation.", _text(), "vilalzina", required=True),
            _asked(
                "start",
                "ISO 8601; without an offset it is civil time of the office.",
                _text(),
                "2026-12-18T10:00",
                required=True,
            ),
            _asked("amount", "How much.", amount, "2", required=True),
            _asked("unit", "Of what.", units, "calendar_days", required=True),
            _asked(
                "calendar",
                "A work calendar of the organisation, as it says now.",
                _text(),
            ),
            _asked(
                "day_one",
                "The first day that counts.",
                {"type": "string", "enum": ["next", "same"], "default": "next"},
            ),
            _asked(
                "roll",
                "Whether a last day that is not working moves on.",
                {"type": "string", "enum": ["true", "false"], "default": "true"},
            ),
            _asked(
                "entry",
                "From when on a start counts.",
                {
                    "type": "string",
                    "enum": ["as_is", "next_opening", "next_working_day"],
                    "default": "as_is",
                },
            ),
            _asked("cut_off", "Instead of entry: what starts later waits.", time),
            _asked("from", "With cut_off: for this time of the next day.", time),
            _asked(
                "ends",
                "When the last day ends.",
                {
                    "type": "string",
                    "enum": ["day", "time", "closing"],
                    "default": "day",
                },
            ),
            _if_none_match(),
        ],
        "responses": {
            "200": _answer(
                "When it is due.",
                _ref("Deadline"),
                DEADLINE,
                headers=("ETag", "Cache-Control"),
            ),
            "304": _unchanged(),
            "400": _problem(
                400,
                "A parameter is missing, unknown, or makes no sense.",
                "missing_parameter",
                "unknown_parameter",
                "bad_parameter",
                "bad_start",
                "bad_term",
            ),
            "404": _problem(
                404,
                "It names what is not there.",
                "unknown_organisation",
                "unknown_calendar",
            ),
            "405": _problem(405, "Anything but a GET or HEAD.", headers=("Allow",)),
            "422": _problem(
                422,
                "It has no answer: a day that the calendar does not know, a unit that"
                " needs a calendar, or more days than those of twenty years.",
                "not_computable",
                "needs_calendar",
                "too_long",
            ),
        },
    }


def _explanation() -> Node:
    return {
        "operationId": "getExplanation",
        "tags": ["explanations"],
        "summary": "Explain why a case counts as it does",
        "description": "For the system that sent the events of the case. Slashes of its"
        " name may be sent as they are, or as %2F.",
        "security": [{"token": []}],
        "parameters": [
            _in_path("organisation", "The organisation's short name.", "vilalzina"),
            _in_path("indicator", "The indicator's code.", "IND-1"),
            _in_path("case", "The case, as its events name it.", "2026/123"),
            _asked(
                "as_of",
                "The instant at which an open case is looked at; now by default.",
                {"type": "string", "format": "date-time"},
                "2026-03-02T10:00:00+01:00",
            ),
        ],
        "responses": {
            "200": _answer(
                "Outcome, promise, events, pauses, limits, days.",
                _ref("Explanation"),
                EXPLANATION,
                headers=("Cache-Control",),
            ),
            "400": _problem(400, "An as_of that is no instant.", "bad_as_of"),
            "401": _problem(
                401,
                "No key of a stream that the indicator reads; an indicator that does"
                " not exist answers the same.",
                headers=("WWW-Authenticate",),
            ),
            "404": _problem(404, "The stream knows no such case.", "unknown_case"),
            "405": _problem(405, "Anything but a GET or HEAD.", headers=("Allow",)),
            "503": _no_secret("It finds its cases by their pseudonyms only."),
        },
    }


def _description() -> Node:
    return {
        "operationId": "getDescription",
        "tags": ["description"],
        "summary": "Describe this interface",
        "parameters": [_if_none_match()],
        "responses": {
            "200": _answer(
                "This document.",
                {"type": "object", "required": ["openapi", "info", "paths"]},
                {"openapi": "3.1.0", "info": {"title": "Paraula"}, "paths": {}},
                headers=("ETag", "Cache-Control"),
            ),
            "304": _unchanged(),
            "405": _problem(405, "Anything but a GET or HEAD.", headers=("Allow",)),
        },
    }


def _schemas() -> Node:
    schema = _explanation_schema()
    inner = schema.pop("$defs")
    return {
        "Event": _event_schema(),
        "Receipt": _receipt_schema(),
        "Deadline": _deadline_schema(),
        "Explanation": schema,
        "Problem": {
            "title": "A problem document (RFC 9457)",
            "type": "object",
            "required": ["type", "title", "status", "detail"],
            "properties": {
                "type": {"const": "about:blank"},
                "title": {**_text(), "description": "The words of the status."},
                "status": {"type": "integer", "minimum": 400, "maximum": 599},
                "detail": {**_text(), "description": "For whoever reads a log."},
                "code": {
                    **_text(),
                    "description": "Where problems of one status differ: a word for"
                    " programs.",
                },
            },
        },
        **inner,
    }


def _explanation_schema() -> Node:
    """Return the published format, with its parts where OpenAPI looks for them."""
    text = (Path(settings.BASE_DIR) / FORMAT).read_text(encoding="utf-8")
    schema: Node = json.loads(
        text.replace('"#/$defs/', '"#/components/schemas/explanation-')
    )
    schema["$defs"] = {
        f"explanation-{name}": part for name, part in schema["$defs"].items()
    }
    return {
        name: part for name, part in schema.items() if name not in {"$schema", "$id"}
    }


def _event_schema() -> Node:
    name = {"type": "string", "minLength": 1, "maxLength": 200}
    plain = {"type": ["string", "number", "boolean"]}
    return {
        "title": "Something that happened in a case",
        "description": "No personal data: a case is a number, never a name.",
        "type": "object",
        "additionalProperties": False,
        "required": ["id", "case", "type", "at"],
        "properties": {
            "id": {**name, "description": "Its name in your system, never used twice."},
            "case": {**name, "description": "The case that it belongs to."},
            "type": {**name, "description": "A type that the stream declares."},
            "at": {
                "type": "string",
                "format": "date-time",
                "description": "ISO 8601 with its offset; at most five minutes ahead.",
            },
            "value": {
                "type": ["number", "string", "null"],
                "description": "A number with at most 12 decimals, taken exactly.",
            },
            "attributes": {
                "type": ["object", "null"],
                "additionalProperties": plain,
                "description": "Only names that the stream declares. Of a stream with"
                " keys of operators, operator is set by the key.",
            },
            "replaces": {
                "type": ["string", "null"],
                "maxLength": 200,
                "description": "The id of the event that this one corrects.",
            },
        },
    }


def _receipt_schema() -> Node:
    number = {"type": "integer", "minimum": 0}
    refusal = {
        "type": "object",
        "additionalProperties": False,
        "required": ["line", "id", "code", "detail"],
        "properties": {
            "line": {"type": "integer", "minimum": 1},
            "id": {"type": ["string", "null"]},
            "code": {"type": "string", "enum": REFUSALS},
            "detail": _text(),
        },
    }
    return {
        "title": "What became of a batch",
        "description": "received = recorded + replayed + the number of those refused.",
        "type": "object",
        "additionalProperties": False,
        "required": ["received", "recorded", "replayed", "refused", "watermark"],
        "properties": {
            "received": number,
            "recorded": number,
            "replayed": number,
            "refused": {"type": "array", "items": refusal},
            "watermark": {
                "type": ["string", "null"],
                "format": "date-time",
                "description": "The instant of the stream's latest event.",
            },
        },
    }


def _deadline_schema() -> Node:
    day = {"type": "string", "format": "date"}
    calendar = {
        "type": ["object", "null"],
        "additionalProperties": False,
        "required": ["code", "version", "digest", "known_from", "known_until"],
        "properties": {
            "code": _text(),
            "version": {"type": "integer"},
            "digest": _text(),
            "known_from": day,
            "known_until": day,
        },
    }
    return {
        "title": "When a term is due",
        "type": "object",
        "additionalProperties": False,
        "required": ["organisation", "calendar", "due_at", "last_day", "derivation"],
        "properties": {
            "organisation": _text(),
            "calendar": calendar,
            "due_at": {
                "type": ["string", "null"],
                "format": "date-time",
                "description": "The first instant that is too late.",
            },
            "last_day": {
                "type": ["string", "null"],
                "format": "date",
                "description": "The civil day of the instant before it.",
            },
            "derivation": _ref("explanation-derivation"),
        },
    }


def _headers() -> Node:
    return {
        name: {"description": words, "schema": _text(), "example": example}
        for name, words, example in (
            (
                "RateLimit-Policy",
                "How often a key may send; absent while nothing limits it.",
                '"events";q=600;w=60',
            ),
            (
                "RateLimit",
                "How many requests are left, and for how many seconds.",
                '"events";r=598;t=42',
            ),
            ("Retry-After", "How many seconds to wait.", "42"),
            ("WWW-Authenticate", "How to say who asks.", 'Bearer realm="events"'),
            ("Allow", "The methods that are answered.", "POST"),
            (
                "Accept-Post",
                "The types of content that are taken.",
                "application/json, application/x-ndjson",
            ),
            ("ETag", "Changes when the answer does.", '"5d41402abc4b2a76"'),
            ("Cache-Control", "Who may keep it.", "max-age=60, public"),
        )
    }


def _answer(
    words: str, schema: Node, example: object, *, headers: tuple[str, ...]
) -> Node:
    return {
        "description": words,
        "headers": _header_refs(headers),
        "content": {"application/json": {"schema": schema, "example": example}},
    }


def _problem(
    status: int, words: str, *codes: str, headers: tuple[str, ...] = ()
) -> Node:
    example = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": words,
        **({"code": codes[0]} if codes else {}),
    }
    told = f"{words} Code: {', '.join(codes)}." if codes else words
    return {
        "description": told,
        **({"headers": _header_refs(headers)} if headers else {}),
        "content": {
            "application/problem+json": {"schema": _ref("Problem"), "example": example}
        },
    }


def _no_secret(words: str, *, headers: tuple[str, ...] = ()) -> Node:
    return _problem(
        503,
        "The stream keeps pseudonyms of its case numbers, and the installation lacks"
        f" the secret for them. {words}",
        "case_secret_missing",
        headers=headers,
    )


def _unchanged() -> Node:
    return {
        "description": "You have it already.",
        "headers": _header_refs(("ETag", "Cache-Control")),
    }


def _header_refs(names: tuple[str, ...]) -> Node:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _in_path(name: str, words: str, example: str) -> Node:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": words,
        "schema": {"type": "string", "minLength": 1},
        "example": example,
    }


def _asked(
    name: str, words: str, schema: Node, example: str = "", *, required: bool = False
) -> Node:
    return {
        "name": name,
        "in": "query",
        "required": required,
        "description": words,
        "schema": schema,
        **({"example": example} if example else {}),
    }


def _if_none_match() -> Node:
    return {
        "name": "If-None-Match",
        "in": "header",
        "description": "The ETag of an answer that you have kept.",
        "schema": _text(),
    }


def _ref(name: str) -> Node:
    return {"$ref": f"#/components/schemas/{name}"}


def _text() -> Node:
    return {"type": "string"}
