"""Why a case counts as it does: for the system that sent its events."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.views.decorators.csrf import csrf_exempt

from engine.explanations import as_json
from indicators.models import Indicator, Stream
from indicators.queries.explaining import explained, is_open_to, streams_of
from indicators.queries.pseudonyms import pseudonyms_of
from indicators.services.streams import Sender, use_token
from web.api.problems import ProblemError
from web.api.pseudonyms import case_secret_needed
from web.api.tokens import bearer


# It only reads: another site can do no harm with it.
@csrf_exempt
def explanation(
    request: HttpRequest, organisation: str, indicator: str, case: str
) -> HttpResponse:
    """
    Explain a case of the stream whose key is sent.

    What is public of cases is never about one of them: this is for those who know
    the case already.
    """
    response: HttpResponse
    try:
        response = JsonResponse(_explained(request, organisation, indicator, case))
    except ProblemError as error:
        response = error.response()
    patch_cache_control(response, private=True, no_store=True)
    return response


def _explained(
    request: HttpRequest, organisation: str, code: str, case: str
) -> dict[str, Any]:
    if request.method not in {"GET", "HEAD"}:
        raise ProblemError(
            HTTPStatus.METHOD_NOT_ALLOWED,
            "an explanation can only be read",
            headers={"Allow": "GET, HEAD"},
        )
    now = timezone.now()
    indicator, stream, sender = _opened(request, organisation, code, now)
    as_of = _as_of(request, now)
    for told in [] if "\x00" in case else explained(indicator, case, as_of=as_of):
        # What is in a case of its own is no other operator's business.
        if told.stream == stream and is_open_to(stream, case, sender.operator):
            return as_json(told.explanation)
    with case_secret_needed():
        pseudonyms_of(stream)  # without them nobody knows that it is unknown
    raise ProblemError(
        HTTPStatus.NOT_FOUND,
        f"no event of the stream {stream} names the case {case}",
        code="unknown_case",
    )


def _opened(
    request: HttpRequest, organisation: str, code: str, now: datetime
) -> tuple[Indicator, Stream, Sender]:
    """Return what a key opens and whose it is; what does not exist looks like what it does not open."""
    key = bearer(request)
    if key and "\x00" not in code:
        indicator = Indicator.objects.filter(
            organisation__slug=organisation, code=code
        ).first()
        for stream in [] if indicator is None else streams_of(indicator):
            sender = use_token(stream=stream, key=key, at=now)
            if indicator and sender is not None:
                return indicator, stream, sender
    raise ProblemError(
        HTTPStatus.UNAUTHORIZED,
        "send a token of the indicator's stream: Authorization: Bearer par_…",
        headers={"WWW-Authenticate": 'Bearer realm="cases"'},
    )


def _as_of(request: HttpRequest, now: datetime) -> datetime:
    text = request.GET.get("as_of", "").replace(" ", "+")
    if not text:
        return now
    try:
        found = datetime.fromisoformat(text)
        if found.tzinfo is not None:
            return found.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise ProblemError(
        HTTPStatus.BAD_REQUEST,
        f"as_of: {text!r} is no instant such as 2026-03-02T10:00:00+01:00",
        code="bad_as_of",
    )
