"""
Secrets that must be read again: kept in the database so that it alone is no use.

A secret that another system signs with cannot be kept as a hash. It is encrypted under
the installation's ``SECRET_KEY``, with what the standard library has: HMAC-SHA256 in
counter mode as the stream, and HMAC-SHA256 over everything (encrypt, then authenticate),
each with a key of its own. The form has a number, for the day there is a better one.
"""

import base64
import binascii
import hashlib
import hmac
import secrets

from django.conf import settings

FORM = "1:"
NONCE_BYTES = 16
TAG_BYTES = 32


class SealError(ValueError):
    """A sealed text that was not sealed here for this purpose, or that was changed."""


def seal(text: str, *, purpose: str) -> str:
    """
    Encrypt a text.

    :param purpose: what it is for; it can be unsealed for nothing else.
    """
    nonce = secrets.token_bytes(NONCE_BYTES)
    hidden = nonce + _masked(text.encode(), nonce)
    sealed = hidden + _tag(hidden, purpose)
    return FORM + base64.urlsafe_b64encode(sealed).decode()


def unseal(sealed: str, *, purpose: str) -> str:
    """
    Return the text that was sealed.

    :raises SealError: if it was sealed with another ``SECRET_KEY`` or for another
        purpose, or is not as it was.
    """
    try:
        found = base64.urlsafe_b64decode(sealed.removeprefix(FORM).encode())
    except (binascii.Error, ValueError) as error:
        msg = "this is no sealed text"
        raise SealError(msg) from error
    hidden, tag = found[:-TAG_BYTES], found[-TAG_BYTES:]
    if not sealed.startswith(FORM) or not hmac.compare_digest(
        tag, _tag(hidden, purpose)
    ):
        msg = "it was sealed with another key, for something else, or was changed"
        raise SealError(msg)
    return _masked(hidden[NONCE_BYTES:], hidden[:NONCE_BYTES]).decode()


def _masked(text: bytes, nonce: bytes) -> bytes:
    """Hide a text, or show it again."""
    key, stream = _key(b"seal:hide:"), b""
    for block in range(-(-len(text) // hashlib.sha256().digest_size)):
        stream += hmac.digest(key, nonce + block.to_bytes(4, "big"), "sha256")
    return bytes(sign ^ mask for sign, mask in zip(text, stream, strict=False))


def _tag(hidden: bytes, purpose: str) -> bytes:
    # The digest is of one length: what is hidden cannot be taken for a purpose.
    what_for = hashlib.sha256(purpose.encode()).digest()
    return hmac.digest(_key(b"seal:prove:"), what_for + hidden, "sha256")


def _key(use: bytes) -> bytes:
    return hashlib.sha256(use + settings.SECRET_KEY.encode()).digest()
