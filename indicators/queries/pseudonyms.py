"""
Case numbers that nobody can read back: pseudonyms by keyed hash.

A stream that asks for it keeps, instead of a case number, an HMAC-SHA256 of it under
a key of its organisation: the same number gives the same pseudonym, so events still
find their case, and nobody without the secret can try numbers out. The names of events
are kept so too, because they are often made of the number of their case. What the secrets
are, and how they are replaced, stands in ``docs/adr/0011-pseudonymous-cases.md``.
"""

import hmac
from base64 import b32decode, b32encode
from collections.abc import Callable
from functools import lru_cache
from hashlib import sha256

from django.conf import settings

from indicators.models import Stream

# No case number begins with it by chance, and addresses need not escape it.
SIGN = "~"
BODY, CHECK = 10, 5  # bytes: 80 bits name the case, 40 tell our pseudonyms from others
LETTERS = (BODY + CHECK) * 8 // 5
LENGTH = len(SIGN) + LETTERS

Pseudonyms = Callable[[str], str]
Keyed = Callable[[bytes], bytes]


class UnknownSecretError(Exception):
    """A stream's case numbers were made unreadable with a secret that is not here."""


def newest_secret() -> str:
    """Return the name of the secret with which new streams begin."""
    return _name(settings.CASE_SECRETS[0])


def pseudonyms_of(stream: Stream) -> Pseudonyms | None:
    """
    Return what makes a stream's case numbers unreadable; ``None`` if nothing does.

    A pseudonym of the organisation's is given back as it is, so that what was
    exported can be imported again.

    :raises UnknownSecretError: if the settings do not have the stream's secret.
    """
    if not stream.case_secret:
        return None
    keyed, check = _keys(stream.case_secret, stream.organisation_id)

    def pseudonym(case: str) -> str:
        if len(case) == LENGTH and case[0] == SIGN and _is_ours(case, check):
            return case
        body = keyed(case.encode())[:BODY]
        return SIGN + _letters(body + check(body)[:CHECK])

    return pseudonym


def case_key_of(stream: Stream, case: str) -> str:
    """
    Return how the log of a stream calls a case, by its number or its pseudonym.

    If the stream's secret is not in the settings the stream knows no number; its
    pseudonyms still find their cases, and other streams are not kept from answering.
    """
    try:
        pseudonym = pseudonyms_of(stream)
    except UnknownSecretError:
        return case
    return case if pseudonym is None else pseudonym(case)


def _is_ours(case: str, check: Keyed) -> bool:
    try:
        found = b32decode(case[1:].encode().upper())
    except ValueError:
        return False
    told = check(found[:BODY])[:CHECK]
    # One spelling only: another one would be another case.
    return hmac.compare_digest(told, found[BODY:]) and case == SIGN + _letters(found)


def _letters(found: bytes) -> str:
    return b32encode(found).decode().lower()


def _name(secret: str) -> str:
    """Name a secret without telling it."""
    return hmac.digest(secret.encode(), b"name", "sha256").hex()[:16]


def _keyed(key: bytes) -> Keyed:
    """
    Return HMAC-SHA256 under a key of at most 64 bytes (RFC 2104).

    Both of its hashes begin with the key, once for all: every event is asked for.
    """
    block = key.ljust(64, b"\0")
    inner = sha256(bytes(byte ^ 0x36 for byte in block))
    outer = sha256(bytes(byte ^ 0x5C for byte in block))

    def keyed(message: bytes) -> bytes:
        first, second = inner.copy(), outer.copy()
        first.update(message)
        second.update(first.digest())
        return second.digest()

    return keyed


@lru_cache(maxsize=1000)
def _keys(name: str, organisation_id: int) -> tuple[Keyed, Keyed]:
    """Return an organisation's own hashes: no other's pseudonyms can be compared."""
    for secret in settings.CASE_SECRETS:
        if _name(secret) == name:
            own = f"case:{organisation_id}".encode()
            key = hmac.digest(secret.encode(), own, "sha256")
            return _keyed(key), _keyed(sha256(b"check:" + key).digest())
    msg = f"CASE_SECRETS lacks the secret {name}, with which this stream began"
    raise UnknownSecretError(msg)
