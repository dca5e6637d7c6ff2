"""The keys that machines carry."""

from django.http import HttpRequest


def bearer(request: HttpRequest) -> str:
    """Return the key of the header; empty without one."""
    scheme, _space, key = request.headers.get("Authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""
