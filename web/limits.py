"""
Limits on how often one address, or the holder of one key, may do something.

Fixed windows counted in the cache. A cache that is down lets everybody through: a
citizen's claim and a machine's events matter more than the limit.
"""

import hashlib
import ipaddress
import logging
import time
from dataclasses import dataclass

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from redis import RedisError

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Limit:
    """So many times in so many seconds."""

    name: str
    most: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Use:
    """
    A use that was counted.

    :ivar left: how many more fit into this window; negative if this one did not.
    :ivar reset: seconds until the next window.
    """

    left: int
    reset: int


TRACKING = Limit("track", most=20, seconds=15 * 60)
CLAIMING = Limit("claim", most=20, seconds=60 * 60)


def spend(limit: Limit, request: HttpRequest) -> int:
    """
    Count one use by the address that asks.

    :returns: 0 if it is within the limit, else the seconds until the next window.
    """
    use = count(limit, _caller(request))
    return use.reset if use and use.left < 0 else 0


def count(limit: Limit, caller: str) -> Use | None:
    """
    Count one use by ``caller``, a name that tells nobody who it is.

    :returns: None if nobody can count.
    """
    now = int(time.time())
    window, passed = divmod(now, limit.seconds)
    key = f"limit:{limit.name}:{window}:{caller}"
    try:
        cache.add(key, 0, timeout=limit.seconds)
        used = cache.incr(key)
    except (RedisError, OSError, ValueError):
        logger.warning("cannot count uses of %s: nobody is limited", limit.name)
        return None
    return Use(left=limit.most - used, reset=limit.seconds - passed)


def _caller(request: HttpRequest) -> str:
    """Return a name for who asks that is no address: a keyed hash."""
    key = settings.SECRET_KEY.encode()[:64]
    network = _network(_address(request))
    return hashlib.blake2b(network.encode(), key=key, digest_size=16).hexdigest()


def _address(request: HttpRequest) -> str:
    """
    Return the address of the browser, seen from outside our own proxies.

    Each proxy appends whom it heard to ``X-Forwarded-For``: what stands before
    the ones of our proxies may be made up.
    """
    trusted = int(settings.TRUSTED_PROXIES)
    heard = [
        part.strip()
        for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
        if part.strip()
    ]
    if trusted and len(heard) >= trusted:
        return str(heard[-trusted])
    return str(request.META.get("REMOTE_ADDR", ""))


def _network(address: str) -> str:
    """Return an IPv4 address as it is and an IPv6 one as its home's network."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if found.version == 4:
        return str(found)
    return str(ipaddress.ip_network(f"{found}/64", strict=False))
