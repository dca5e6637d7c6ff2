"""Health, for supervisors and balancers."""

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse
from redis import Redis, RedisError


def healthz(request: HttpRequest) -> HttpResponse:
    """Say that this process answers."""
    return HttpResponse("ok\n", content_type="text/plain")


def readyz(request: HttpRequest) -> HttpResponse:
    """Say whether the database and the broker answer; 503 names what does not."""
    failing = []
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        failing.append("database")
    try:
        with Redis.from_url(settings.REDIS_URL, socket_timeout=3) as broker:
            broker.ping()
    except RedisError:
        failing.append("broker")
    text = f"not ready: {', '.join(failing)}\n" if failing else "ready\n"
    return HttpResponse(text, content_type="text/plain", status=503 if failing else 200)
