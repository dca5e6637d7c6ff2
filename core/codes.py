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
LOOKALIKES = str.maketrans("OIL", "011")


def new_code() -> str:
    """Return a code of 100 random bits in readable groups: ``7K3F-…``."""
    letters = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LETTERS))
    return "-".join(letters[i : i + 4] for i in range(0, CODE_LETTERS, 4))


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
