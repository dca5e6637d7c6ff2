"""What comes with a request."""

from http import HTTPStatus

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest

from web.api.problems import ProblemError


def whole_body(request: HttpRequest, *, most: int | None = None) -> bytes:
    """
    Return the body of a request.

    :param most: how many bytes it may have; what any request may have by default.
    :raises ProblemError: 411 if its length is not announced, 413 if it is too large.
    """
    # WSGI gives a body of unannounced length as an empty one: no event may be lost so.
    if request.headers.get("Transfer-Encoding") and not request.headers.get(
        "Content-Length"
    ):
        raise ProblemError(HTTPStatus.LENGTH_REQUIRED, "send a Content-Length")
    most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE if most is None else most
    try:
        body = request.body
    except RequestDataTooBig as error:
        raise _too_large(most) from error
    if len(body) > most:
        raise _too_large(most)
    return body


def _too_large(most: int) -> ProblemError:
    return ProblemError(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"send at most {most} bytes at once"
    )
