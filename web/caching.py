"""Let browsers and proxies keep public pages, and know when one has changed."""

import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from django.conf import settings
from django.http import HttpResponse
from django.utils.cache import patch_cache_control

SECONDS = 60
SHOWING = ("templates", "locale", "static", "web", "config")


def etag_of(parts: Iterable[object]) -> str:
    """Return the entity tag of a page made of ``parts`` by this release."""
    text = "|".join(map(str, [_release(), *parts]))
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'


def keep(response: HttpResponse, *, etag: str = "") -> HttpResponse:
    """Mark a response as the same for everybody, for a minute."""
    patch_cache_control(response, public=True, max_age=SECONDS)
    if etag:
        response.headers["ETag"] = etag
    return response


@cache
def _release() -> str:
    """Name what pages are drawn with, so that a new release makes new pages."""
    seen = hashlib.sha256()
    for folder in SHOWING:
        for path in sorted(Path(settings.BASE_DIR, folder).rglob("*")):
            if path.is_file() and path.suffix != ".pyc":
                facts = path.stat()
                seen.update(f"{path}|{facts.st_size}|{facts.st_mtime_ns}".encode())
    return seen.hexdigest()
