"""
Whether a message is from whom it says.

* **Zammad**: ``X-Hub-Signature: sha1=…``, HMAC-SHA1 of the body (``lib/user_agent.rb``).
* **GLPI**: ``X-GLPI-signature``, HMAC-SHA256 of the body followed by the seconds in
  ``X-GLPI-timestamp`` (``src/Webhook.php``), taken when the message is put in the queue.
* **Others**, and whoever passes on what those two say: ``X-Paraula-Signature: sha256=…``,
  HMAC-SHA256 of the seconds in ``X-Paraula-Timestamp``, a dot, and the body.
"""

import hmac
import re
from collections.abc import Mapping
from datetime import datetime, timedelta

SECONDS = re.compile(r"[0-9]{1,11}", re.ASCII)
# Ours are signed as they are sent. GLPI's may wait in its queue; what is sent again is
# a replay and changes nothing, so that a long while does no harm.
TOLERANCE = timedelta(minutes=5)
QUEUE_TOLERANCE = timedelta(days=7)


def is_genuine(
    kind: str,
    *,
    secret: str,
    headers: Mapping[str, str],
    body: bytes,
    at: datetime,
) -> bool:
    """
    Say whether a message was signed with the secret of its source, and lately.

    All kinds of signatures are computed whatever the kind: how long it takes says
    nothing of the source.

    :param headers: looked up by the names above.
    """
    key = secret.encode()
    ours, glpi = (
        headers.get("X-Paraula-Timestamp", ""),
        headers.get("X-GLPI-timestamp", ""),
    )
    zammad_fits = _fits(headers.get("X-Hub-Signature", ""), key, "sha1", body, "sha1=")
    glpi_fits = _fits(
        headers.get("X-GLPI-signature", ""), key, "sha256", body + _bytes(glpi)
    )
    ours_fits = _fits(
        headers.get("X-Paraula-Signature", ""),
        key,
        "sha256",
        _bytes(ours) + b"." + body,
        "sha256=",
    )
    if ours_fits and _is_recent(ours, at, TOLERANCE):
        return True
    if kind == "glpi":
        return glpi_fits and _is_recent(glpi, at, QUEUE_TOLERANCE)
    return kind == "zammad" and zammad_fits


def _fits(found: str, key: bytes, hash_: str, signed: bytes, before: str = "") -> bool:
    expected = before + hmac.new(key, signed, hash_).hexdigest()
    return hmac.compare_digest(_bytes(found), _bytes(expected))


def _is_recent(seconds: str, at: datetime, tolerance: timedelta) -> bool:
    if not SECONDS.fullmatch(seconds):
        return False
    return abs(at.timestamp() - int(seconds)) <= tolerance.total_seconds()


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogatepass")
