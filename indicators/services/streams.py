"""Declare feeds of events and hand out the keys to them."""

import hashlib
import secrets
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from accounts.models import Organisation
from core import audit
from core.text import Text
from indicators.models import Stream, StreamToken

PREFIX = "par_"


class TokenError(ValueError):
    """There is no such key."""


@transaction.atomic
def declare_stream(
    *,
    organisation: Organisation,
    code: str,
    name: Text,
    time_zone: str,
    types: Iterable[str],
    attributes: Iterable[str],
    expected_gap_days: int | None,
) -> tuple[Stream, list[str]]:
    """
    Make sure that a stream exists and declares at least these types and attributes.

    A stream that exists keeps what it had: other charters may rely on it.

    :returns: the stream and the names that were added to an existing one.
    """
    stream, new = Stream.objects.get_or_create(
        organisation=organisation,
        code=code,
        defaults={
            "name": name,
            "time_zone": time_zone,
            "types": sorted(types),
            "attributes": sorted(attributes),
            "expected_gap_days": expected_gap_days,
        },
    )
    if new:
        return stream, []
    stream = Stream.objects.select_for_update(of=("self",)).get(pk=stream.pk)
    added = sorted(
        (set(types) - set(stream.types)) | (set(attributes) - set(stream.attributes))
    )
    stream.types = sorted({*stream.types, *types})
    stream.attributes = sorted({*stream.attributes, *attributes})
    stream.save(update_fields=["types", "attributes"])
    return stream, added


@transaction.atomic
def allow_personal(
    *, stream: Stream, more: Collection[str], fewer: Collection[str], at: datetime
) -> Stream:
    """
    Change which fields of a stream may look like personal data.

    :param more: names to allow; ``fewer``: names to refuse again.
    :returns: the stream as it is now.
    """
    stream = Stream.objects.select_for_update(of=("self",), no_key=True).get(
        pk=stream.pk
    )
    allowed = sorted({*stream.personal_allowed, *more} - {*fewer})
    if allowed == stream.personal_allowed:
        return stream
    stream.personal_allowed = allowed
    stream.save(update_fields=["personal_allowed"])
    audit.record(
        verb="indicators.allow_personal",
        subject=stream.code,
        organisation_id=stream.organisation_id,
        actor_id=None,
        at=at,
        allowed=allowed,
    )
    return stream


def issue_token(*, stream: Stream, label: str, at: datetime) -> str:
    """
    Create a key to a stream.

    :returns: the key, shown this once: only its hash is kept.
    """
    key = PREFIX + secrets.token_urlsafe(32)
    StreamToken.objects.create(
        organisation_id=stream.organisation_id,
        stream=stream,
        label=label,
        digest=token_digest(key),
        created_at=at,
    )
    return key


def revoke_token(*, token: StreamToken, at: datetime) -> None:
    """Make a key useless from now on; does nothing to one already revoked."""
    StreamToken.objects.filter(_valid(at), pk=token.pk).update(revoked_at=at)


@transaction.atomic
def rotate_token(
    *, stream: Stream, label: str, at: datetime, overlap: timedelta
) -> tuple[str, datetime]:
    """
    Put a new key in the place of those of a label.

    :param overlap: how long the old keys stay valid beside it; none at all makes them
        useless at once. A key that ends before that keeps its end.
    :returns: the new key, shown this once, and the instant at which the old ones end.
    :raises TokenError: if no key of that label is valid.
    """
    until = at + max(overlap, timedelta())
    # Whoever rotates at the same time waits here, and then sees the key made below.
    Stream.objects.select_for_update(of=("self",), no_key=True).get(pk=stream.pk)
    keys = valid_tokens(stream=stream, label=label, at=at)
    if not keys.exists():
        msg = f"{stream.code} has no key labelled {label!r}"
        raise TokenError(msg)
    keys.filter(_valid(until)).update(revoked_at=until)
    return issue_token(stream=stream, label=label, at=at), until


def valid_tokens(*, stream: Stream, label: str, at: datetime) -> QuerySet[StreamToken]:
    """Return the keys of a label that open the stream at an instant."""
    return StreamToken.objects.filter(_valid(at), stream=stream, label=label)


def use_token(*, stream: Stream, key: str, at: datetime) -> bool:
    """Say whether a key opens a stream, and note that it was used."""
    used = StreamToken.objects.filter(
        _valid(at), stream=stream, digest=token_digest(key)
    ).update(last_used_at=at)
    return bool(used)


def _valid(at: datetime) -> Q:
    # An end may lie ahead: a key that was replaced is valid for a while longer.
    return Q(revoked_at=None) | Q(revoked_at__gt=at)


def token_digest(key: str) -> str:
    """Hash a key. It holds 256 random bits, so a fast hash is enough."""
    return hashlib.sha256(key.encode()).hexdigest()
