"""Codes that open something to whoever holds one, such as a citizen's claim."""

import hashlib
import hmac
import re
import secrets

from django.conf import settings

# Crockford's base 32: no letter that can be taken for a digit.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_LETTERS = 20  # 100 bits
REFERENCE_LETTERS = 6
FORM_KEY = re.compile(r"[A-Za-z0-9_-]{43}")
LOOKALIKES = str.maketrans("OIL", "011")


def new_code() -> str:
    """Return a code of 100 random bits in readable groups: ``7K3F-…``."""
    letters = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LETTERS))
    return _grouped(letters)


def new_form_key() -> str:
    """Return a key of 256 random bits for one form that asks for a code."""
    return secrets.token_urlsafe(32)


def is_form_key(text: str) -> bool:
    """Say whether a text looks like :func:`new_form_key`."""
    return FORM_KEY.fullmatch(text) is not None


def code_of_form(form_key: str) -> str:
    """
    Return the code that a form gets, always the same for one form.

    A form that is sent twice therefore asks for the same code twice, and a code is
    unique: the second cannot become another claim, and a citizen whose first answer
    was lost on the way still gets the code. Nothing but the browser that holds the
    form knows its key; only the code's hash is stored.
    """
    secret = hashlib.sha256(b"form:" + settings.SECRET_KEY.encode()).digest()
    drawn = hmac.new(secret, form_key.encode(), hashlib.sha256).digest()
    number = int.from_bytes(drawn, "big")
    return _grouped(
        "".join(ALPHABET[(number >> 5 * i) & 31] for i in range(CODE_LETTERS))
    )


def new_reference(year: int) -> str:
    """Return a reference without meaning: it opens nothing and may be public."""
    letters = "".join(secrets.choice(ALPHABET) for _ in range(REFERENCE_LETTERS))
    return f"{year}-{letters}"


def code_digest(code: str) -> str:
    """
    Hash a code as it was typed: case, spaces, hyphens and lookalikes are forgiven.

    Keyed with the installation's secret, so that a stolen table cannot be searched;
    with 100 random bits a slow hash would add nothing.
    """
    plain = re.sub(r"[\s-]+", "", code).upper().translate(LOOKALIKES)
    key = hashlib.sha256(b"code:" + settings.SECRET_KEY.encode()).digest()
    return hmac.new(key, plain.encode(), hashlib.sha256).hexdigest()


def _grouped(letters: str) -> str:
    return "-".join(letters[i : i + 4] for i in range(0, CODE_LETTERS, 4))
