"""Errors as machines read them: problem documents (RFC 9457)."""

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt


class ProblemError(Exception):
    """A request that cannot be served."""

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        *,
        code: str = "",
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.headers = headers

    def response(self) -> HttpResponse:
        """Answer with it."""
        return problem(self.status, str(self), code=self.code, headers=self.headers)


def problem(
    status: HTTPStatus,
    detail: str,
    *,
    code: str = "",
    headers: dict[str, str] | None = None,
) -> HttpResponse:
    """
    Answer with a problem document.

    Its type is ``about:blank``: the status says what kind of problem it is, and the
    title is therefore the status's own words (RFC 9457, section 4.2.1).

    :param detail: what is wrong with this request, for whoever reads a log.
    :param code: a word for programs to tell problems of one status apart; an extension
        member (section 3.2).
    """
    return JsonResponse(
        {
            "type": "about:blank",
            "title": status.phrase,
            "status": status.value,
            "detail": detail,
            **({"code": code} if code else {}),
        },
        status=status,
        headers=headers,
        content_type="application/problem+json",
    )


@csrf_exempt
def not_found(request: HttpRequest, path: str) -> HttpResponse:
    """Answer for an address under the API that leads nowhere."""
    return problem(HTTPStatus.NOT_FOUND, f"there is nothing at {request.path}")
