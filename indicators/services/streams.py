"""Declare feeds of events and hand out the keys to them."""

import hashlib
import secrets
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import connection, transaction
from django.db.models import QuerySet

from accounts.models import Organisation, User
from core import audit
from core.jobs import enqueue_on_commit
from core.text import Text
from indicators.models import Stream, StreamToken, WorkCalendar
from indicators.queries.pseudonyms import newest_secret
from indicators.queries.streams import (
    Use,
    has_events,
    is_published,
    opens,
    use_of_attribute,
    use_of_type,
)
from indicators.services.intake import OPERATOR

PREFIX = "par_"
# See queries.streams.opens: found and noted in one step.
USED = """
    UPDATE indicators_streamtoken SET last_used_at = %s
    WHERE stream_id = %s AND digest = %s AND (revoked_at IS NULL OR revoked_at > %s)
    RETURNING operator
"""


class TokenError(ValueError):
    """There is no such key."""


class OperatorError(ValueError):
    """A key cannot be of that operator."""


class StaleStreamError(Exception):
    """Somebody else saved the stream since it was opened; nothing was written."""


class StreamInUseError(Exception):
    """
    What should go is needed; nothing was written.

    :ivar types: who needs which type; ``attributes``: who needs which attribute.
    """

    def __init__(self, types: Mapping[str, Use], attributes: Mapping[str, Use]) -> None:
        super().__init__(", ".join([*types, *attributes]))
        self.types = types
        self.attributes = attributes


class TimeZoneInUseError(Exception):
    """Published figures are counted in the stream's time zone; nothing was written."""


class NotEmptyError(Exception):
    """The log has case numbers as they came, or pseudonyms; nothing was written."""


@dataclass(frozen=True, slots=True)
class StreamChange:
    """
    What a stream is to be.

    :ivar calendar: on whose working days it speaks; ``None``: on all days.
    :ivar pseudonymous: whether case numbers are made unreadable.
    """

    name: Text
    time_zone: str
    types: Collection[str]
    attributes: Collection[str]
    expected_gap_days: int | None
    expected_week_events: int | None
    expected_delay_hours: int
    calendar: WorkCalendar | None
    pseudonymous: bool


class Sender(NamedTuple):
    """
    Who sends with a key.

    :ivar operator: the concessionaire that holds it; empty: the organisation itself.
    """

    operator: str


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
def save_stream(
    *, stream: Stream, revision: int, change: StreamChange, by: User, at: datetime
) -> Stream:
    """
    Change a stream, if nobody has changed it meanwhile.

    Types and attributes that nobody needs can go; new ones are free. The figures that
    wait for the stream, or should, are looked at again.

    :param revision: of the stream as the change was made from it.
    :raises StaleStreamError: if the stream is another one by now.
    :raises StreamInUseError: if a type or attribute goes that the log or a rule has.
    :raises TimeZoneInUseError: if published figures are counted in the old one.
    :raises NotEmptyError: if case numbers are to change their form and there are some.
    """
    # Nobody writes events meanwhile: what is not in the log now will not be.
    stream = _held(stream, alone=True)
    if stream.revision != revision:
        raise StaleStreamError
    _refuse_needed(stream, change)
    if change.time_zone != stream.time_zone and is_published(stream):
        raise TimeZoneInUseError
    if change.pseudonymous != bool(stream.case_secret):
        if has_events(stream):
            raise NotEmptyError
        stream.case_secret = newest_secret() if change.pseudonymous else ""
    before = {name: getattr(stream, name) for name in CHANGED}
    stream.types = sorted(set(change.types))
    stream.attributes = sorted(set(change.attributes))
    for name in CHANGED[2:]:
        setattr(stream, name, getattr(change, name))
    stream.revision += 1
    stream.save()
    audit.record(
        verb="indicators.save_stream",
        subject=stream.code,
        organisation_id=stream.organisation_id,
        actor_id=by.pk,
        at=at,
        pseudonymous=change.pseudonymous,
        changed={
            name: [_plain(value), _plain(getattr(stream, name))]
            for name, value in before.items()
            if value != getattr(stream, name)
        },
    )
    enqueue_on_commit("indicators.roll")
    return stream


# Fields that a change gives; the first two are sorted lists.
CHANGED = (
    "types",
    "attributes",
    "name",
    "time_zone",
    "expected_gap_days",
    "expected_week_events",
    "expected_delay_hours",
    "calendar",
)


def _plain(value: object) -> object:
    return value.code if isinstance(value, WorkCalendar) else value


def _refuse_needed(stream: Stream, change: StreamChange) -> None:
    """Find who needs what should go."""
    types = {
        name: use
        for name in sorted(set(stream.types) - set(change.types))
        if (use := use_of_type(stream, name))
    }
    attributes = {
        name: use
        for name in sorted(set(stream.attributes) - set(change.attributes))
        if (use := use_of_attribute(stream, name))
    }
    if stream.by_operator and OPERATOR not in change.attributes:
        attributes.setdefault(OPERATOR, Use(logged=True, indicators=()))
    if types or attributes:
        raise StreamInUseError(types, attributes)


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


@transaction.atomic
def issue_token(
    *,
    stream: Stream,
    label: str,
    at: datetime,
    operator: str = "",
    by: User | None = None,
) -> str:
    """
    Create a key to a stream.

    :param operator: whatever is sent with the key is said to be of it. The stream
        then declares the attribute :data:`OPERATOR`, and no sender can write it.
    :returns: the key, shown this once: only its hash is kept.
    :raises OperatorError: if senders have written that attribute themselves, or a key
        of that label is another operator's.
    """
    stream = _held(stream)
    if operator and not stream.by_operator:
        _tell_apart(_held(stream, alone=True))
    others = valid_tokens(stream=stream, label=label, at=at).exclude(operator=operator)
    if others.exists():
        msg = f"{label!r} is the label of a key of another operator"
        raise OperatorError(msg)
    key = PREFIX + secrets.token_urlsafe(32)
    StreamToken.objects.create(
        organisation_id=stream.organisation_id,
        stream=stream,
        label=label,
        operator=operator,
        digest=token_digest(key),
        created_at=at,
    )
    _record_key("issue", stream, label, operator=operator, by=by, at=at)
    return key


def _tell_apart(stream: Stream) -> None:
    """Make a stream that nobody writes to meanwhile tell operators apart."""
    if OPERATOR in stream.attributes and use_of_attribute(stream, OPERATOR).logged:
        msg = f"senders of {stream.code} have written the attribute {OPERATOR!r}"
        raise OperatorError(msg)
    stream.by_operator = True
    stream.attributes = sorted({*stream.attributes, OPERATOR})
    stream.revision += 1
    stream.save(update_fields=["by_operator", "attributes", "revision"])


def _held(stream: Stream, *, alone: bool = False) -> Stream:
    """
    Return a stream as it is now, and keep others from changing it meanwhile.

    :param alone: also from writing events: whoever writes them holds the stream's
        key until the commit.
    """
    rows = Stream.objects.select_for_update(of=("self",), no_key=not alone)
    return rows.get(pk=stream.pk)


def _record_key(
    verb: str,
    stream: Stream,
    label: str,
    *,
    operator: str,
    by: User | None,
    at: datetime,
) -> None:
    audit.record(
        verb=f"indicators.{verb}_token",
        subject=stream.code,
        organisation_id=stream.organisation_id,
        actor_id=by.pk if by else None,
        at=at,
        label=label,
        **({"operator": operator} if operator else {}),
    )


@transaction.atomic
def revoke_token(*, token: StreamToken, at: datetime, by: User | None = None) -> bool:
    """
    Make a key useless from now on; does nothing to one already revoked.

    :returns: whether it was valid until now.
    """
    won = StreamToken.objects.filter(opens("", at), pk=token.pk).update(revoked_at=at)
    if won:
        _record_key(
            "revoke", token.stream, token.label, operator=token.operator, by=by, at=at
        )
    return bool(won)


@transaction.atomic
def rotate_token(
    *,
    stream: Stream,
    label: str,
    at: datetime,
    overlap: timedelta,
    by: User | None = None,
) -> tuple[str, datetime]:
    """
    Put a new key in the place of those of a label; it is of the same operator.

    :param overlap: how long the old keys stay valid beside it; none at all makes them
        useless at once. A key that ends before that keeps its end.
    :returns: the new key, shown this once, and the instant at which the old ones end.
    :raises TokenError: if no key of that label is valid.
    """
    until = at + max(overlap, timedelta())
    # Whoever rotates at the same time waits here, and then sees the key made below.
    stream = _held(stream)
    keys = valid_tokens(stream=stream, label=label, at=at)
    last = keys.order_by("-created_at", "-pk").first()
    if last is None:
        msg = f"{stream.code} has no key labelled {label!r}"
        raise TokenError(msg)
    keys.filter(opens("", until)).update(revoked_at=until)
    key = issue_token(stream=stream, label=label, at=at, operator=last.operator, by=by)
    return key, until


def valid_tokens(*, stream: Stream, label: str, at: datetime) -> QuerySet[StreamToken]:
    """Return the keys of a label that open the stream at an instant."""
    return StreamToken.objects.filter(opens("", at), stream=stream, label=label)


def use_token(*, stream: Stream, key: str, at: datetime) -> Sender | None:
    """Return who sends with a key that opens a stream, and note that it was used."""
    with connection.cursor() as cursor:
        cursor.execute(USED, [at, stream.pk, token_digest(key), at])
        row = cursor.fetchone()
    return None if row is None else Sender(*row)


def token_digest(key: str) -> str:
    """Hash a key. It holds 256 random bits, so a fast hash is enough."""
    return hashlib.sha256(key.encode()).hexdigest()
