"""
Servers that somebody else runs: their addresses, tried before they are used.

Imports are inside the functions: a start with its own servers needs none of them.
"""

import warnings
from urllib.parse import urlsplit

from embedded.errors import StartError

PATIENCE = 5  # seconds for a connection


def check_database(url: str) -> None:
    """
    Connect once, reading the address exactly as the settings do.

    :raises StartError: naming the cause, never the password.
    """
    import environ  # noqa: PLC0415 -- see the module's docstring
    import psycopg2  # noqa: PLC0415

    wrong = StartError(
        "DATABASE_URL must look like postgres://user:password@host:5432/name."
    )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            config = environ.Env.db_url_config(url)
    except (ValueError, KeyError, AttributeError, environ.ImproperlyConfigured):
        raise wrong from None
    if not config.get("ENGINE", "").endswith(".postgresql") or not config.get("NAME"):
        raise wrong
    try:
        psycopg2.connect(
            **{
                "connect_timeout": PATIENCE,
                "dbname": config["NAME"],
                "user": config["USER"] or None,
                "password": config["PASSWORD"] or None,
                "host": config["HOST"] or None,
                "port": config["PORT"] or None,
                **config.get("OPTIONS", {}),
            }
        ).close()
    except psycopg2.Error as error:
        msg = f"DATABASE_URL: the server does not let us in: {_first_line(error)}"
        raise StartError(msg) from None


def check_redis(url: str) -> None:
    """
    Say PING once.

    :raises StartError: naming the cause, never the password.
    """
    import redis  # noqa: PLC0415 -- see the module's docstring
    from redis.backoff import NoBackoff  # noqa: PLC0415
    from redis.retry import Retry  # noqa: PLC0415

    wrong = StartError(
        "REDIS_URL must look like redis://:password@host:6379/0 (or rediss://)."
    )
    try:
        parts = urlsplit(url)
        right = parts.scheme in {"redis", "rediss"} and parts.port != 0
    except ValueError:
        raise wrong from None
    database = parts.path.strip("/")
    if not right or not parts.hostname or (database and not database.isdigit()):
        raise wrong
    try:
        client = redis.Redis.from_url(
            url,
            socket_connect_timeout=PATIENCE,
            socket_timeout=PATIENCE,
            retry=Retry(NoBackoff(), 0),
        )
        client.ping()
        client.close()
    except (redis.RedisError, OSError, ValueError) as error:
        msg = f"REDIS_URL: the server does not let us in: {_first_line(error)}"
        raise StartError(msg) from None


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
