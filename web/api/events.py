"""Take events from other machines."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import datetime
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from indicators.models import Stream
from indicators.services.files import parse_line
from indicators.services.intake import LineError, record
from indicators.services.streams import Sender, use_token
from web.api.bodies import whole_body
from web.api.problems import ProblemError
from web.api.pseudonyms import case_secret_needed
from web.api.rates import spend_key
from web.api.tokens import bearer

ONE, MANY = "application/json", "application/x-ndjson"
Line = tuple[int, Mapping[str, Any] | LineError]


# A token in a header is the whole proof of who asks: no browser adds it by itself, so
# there is no request that another site could forge.
@csrf_exempt
def events(request: HttpRequest, organisation: str, stream: str) -> HttpResponse:
    """
    Record one event or a batch; the answer comes after the commit.

    What became of each line is in the answer; a line that was refused keeps no other
    line out.
    """
    now = timezone.now()
    rates: dict[str, str] = {}
    response: HttpResponse
    try:
        opened, sender = _opened(request, organisation, stream, now)
        rates = spend_key(bearer(request))
        lines = _lines(request)
        with case_secret_needed():
            receipt = record(
                stream=opened, lines=lines, at=now, operator=sender.operator
            )
        response = JsonResponse(asdict(receipt))
    except ProblemError as error:
        response = error.response()
    for name, value in rates.items():
        response.headers[name] = value
    return response


def _opened(
    request: HttpRequest, organisation: str, code: str, now: datetime
) -> tuple[Stream, Sender]:
    """Return the stream that the key of the request opens, and whose key it is."""
    if request.method != "POST":
        raise ProblemError(
            HTTPStatus.METHOD_NOT_ALLOWED,
            "events can only be posted",
            headers={"Allow": "POST"},
        )
    stream = _named(request, organisation, code)
    sender = None
    if stream is not None:
        sender = use_token(stream=stream, key=bearer(request), at=now)
    if stream is None or sender is None:
        raise ProblemError(
            HTTPStatus.UNAUTHORIZED,
            "send a token of this stream: Authorization: Bearer par_…",
            headers={"WWW-Authenticate": 'Bearer realm="events"'},
        )
    return stream, sender


def _named(request: HttpRequest, organisation: str, code: str) -> Stream | None:
    """Return the stream; an unknown one must look like one with another token."""
    if not bearer(request) or "\x00" in code:
        return None
    return Stream.objects.filter(organisation__slug=organisation, code=code).first()


def _lines(request: HttpRequest) -> list[Line]:
    if request.content_type == ONE:
        return [(1, _one(whole_body(request)))]
    if request.content_type == MANY:
        return list(_many(whole_body(request)))
    raise ProblemError(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        f"send one event as {ONE} or many as {MANY}",
        headers={"Accept-Post": f"{ONE}, {MANY}"},
    )


def _one(body: bytes) -> Mapping[str, Any]:
    found = _parsed(body)
    if isinstance(found, LineError):
        raise ProblemError(HTTPStatus.BAD_REQUEST, str(found)) from found
    return found


def _many(body: bytes) -> Iterator[Line]:
    lines = body.rstrip().count(b"\n") + 1
    if lines > settings.EVENTS_MAX_LINES:
        raise ProblemError(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"send at most {settings.EVENTS_MAX_LINES} lines at once, not {lines}",
        )
    for number, line in enumerate(body.split(b"\n"), start=1):
        if line.strip():
            yield number, _parsed(line)


def _parsed(line: bytes) -> Mapping[str, Any] | LineError:
    try:
        text = line.decode().removeprefix("\ufeff")  # ten times as fast as utf-8-sig
    except UnicodeDecodeError as error:
        return LineError("bad_json", f"not UTF-8: {error.reason}")
    return parse_line(text)
