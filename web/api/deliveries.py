"""Take what other systems send in their own words, signed instead of with a token."""

import logging
from dataclasses import asdict
from functools import cache
from http import HTTPStatus

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from core.sealing import SealError, seal, unseal
from indicators.adapters.payloads import PayloadError
from indicators.adapters.signatures import is_genuine
from indicators.enums import ASKED
from indicators.models import Source
from indicators.services.sources import receive, secret_of
from web.api.bodies import whole_body
from web.api.problems import ProblemError
from web.api.pseudonyms import case_secret_needed
from web.api.rates import spend_key

logger = logging.getLogger(__name__)

# What stands in for the secret of a source that there is not.
NO_SECRET = "as-long-as-a-secret-that-was-made-up-is-long"  # noqa: S105 -- none
# Of those that are asked nothing is taken: they stand for a source that there is not.
NO_KIND = ASKED[0].value


# A signature is the whole proof of who asks: no browser makes one by itself.
@csrf_exempt
def deliver(
    request: HttpRequest, organisation: str, stream: str, source: str
) -> HttpResponse:
    """
    Record what a message of a source says; the answer comes after the commit.

    A message that is sent again changes nothing.
    """
    rates: dict[str, str] = {}
    response: HttpResponse
    try:
        body = _posted(request)
        opened = _opened(request, body, (organisation, stream, source))
        rates = spend_key(opened.secret)
        try:
            with case_secret_needed():
                receipt = receive(source=opened, body=body, at=timezone.now())
        except PayloadError as error:
            raise ProblemError(
                HTTPStatus.BAD_REQUEST, str(error), code="bad_payload"
            ) from error
        response = JsonResponse(asdict(receipt))
    except ProblemError as error:
        response = error.response()
    for name, value in rates.items():
        response.headers[name] = value
    return response


def _posted(request: HttpRequest) -> bytes:
    if request.method != "POST":
        raise ProblemError(
            HTTPStatus.METHOD_NOT_ALLOWED,
            "messages can only be posted",
            headers={"Allow": "POST"},
        )
    return whole_body(request, most=settings.SOURCES_MAX_BYTES)


def _opened(request: HttpRequest, body: bytes, names: tuple[str, str, str]) -> Source:
    """Return the source that signed; any other outcome looks and takes the same."""
    source = _named(*names)
    kind, secret = _proof_of(source)
    genuine = is_genuine(
        kind, secret=secret, headers=request.headers, body=body, at=timezone.now()
    )
    if source is None or kind == NO_KIND or not genuine:
        raise ProblemError(
            HTTPStatus.UNAUTHORIZED,
            "sign the message with the secret of a source of this stream",
            headers={"WWW-Authenticate": 'Signature realm="sources"'},
        )
    return source


def _named(organisation: str, stream: str, code: str) -> Source | None:
    if "\x00" in stream + code:
        return None
    return (
        Source.objects.filter(
            stream__organisation__slug=organisation,
            stream__code=stream,
            code=code,
            enabled=True,
        )
        .exclude(kind__in=ASKED)
        .select_related("stream")
        .first()
    )


def _proof_of(source: Source | None) -> tuple[str, str]:
    """Return how a source signs, and with what; without one, what fits nothing."""
    if source is None:
        return NO_KIND, unseal(_sealed_nothing(), purpose=NO_KIND)
    try:
        return source.kind, secret_of(source)
    except SealError:
        # Only whoever runs the installation can mend it: nobody else is told.
        logger.exception("the secret of source %s cannot be read", source.pk)
        return NO_KIND, NO_SECRET


@cache
def _sealed_nothing() -> str:
    # As long to unseal as the secret of a source.
    return seal(NO_SECRET, purpose=NO_KIND)
