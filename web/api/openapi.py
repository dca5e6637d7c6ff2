"""The description of the interface, for programs and for those who write them."""

import json
from functools import cache
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response
from django.views.decorators.csrf import csrf_exempt

from web.api.description import document
from web.api.problems import problem
from web.caching import etag_of, keep


# It only reads: another site can do no harm with it.
@csrf_exempt
def openapi(request: HttpRequest) -> HttpResponse:
    """Describe the interface as OpenAPI 3.1."""
    if request.method not in {"GET", "HEAD"}:
        return problem(
            HTTPStatus.METHOD_NOT_ALLOWED,
            "the description can only be read",
            headers={"Allow": "GET, HEAD"},
        )
    etag = etag_of([_text()])
    unchanged = get_conditional_response(request, etag=etag)
    answer = HttpResponse(_text(), content_type="application/json")
    return keep(unchanged or answer, etag=etag)


@cache
def _text() -> str:
    return json.dumps(document(), ensure_ascii=False)
