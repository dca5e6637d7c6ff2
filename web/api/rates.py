"""How often one key may ask, told in every answer (RateLimit header fields)."""

from http import HTTPStatus

from django.conf import settings

from indicators.services.streams import token_digest
from web.api.problems import ProblemError
from web.limits import Limit, Use, count

SECONDS = 60


def spend_key(key: str) -> dict[str, str]:
    """
    Count one request with a key that opens its stream.

    :param key: or what a source signs with, sealed.
    :returns: the headers that say how many more there may be; none where there is no
        limit, or nobody who counts.
    :raises ProblemError: 429, if it is one too many.
    """
    limit = Limit("events", most=settings.EVENTS_PER_MINUTE, seconds=SECONDS)
    use = count(limit, token_digest(key)) if limit.most > 0 else None
    if use is None:
        return {}
    headers = _headers(limit, use)
    if use.left >= 0:
        return headers
    raise ProblemError(
        HTTPStatus.TOO_MANY_REQUESTS,
        f"send at most {limit.most} requests in {SECONDS} seconds; nothing of this one"
        f" was recorded: send it again in {use.reset} seconds",
        code="too_many_requests",
        headers={**headers, "Retry-After": str(use.reset)},
    )


def _headers(limit: Limit, use: Use) -> dict[str, str]:
    """Return them as draft-ietf-httpapi-ratelimit-headers-10 writes them."""
    return {
        "RateLimit-Policy": f'"{limit.name}";q={limit.most};w={limit.seconds}',
        "RateLimit": f'"{limit.name}";r={max(use.left, 0)};t={use.reset}',
    }
