"""
Watch the feeds, and tell their keepers once when one falls silent or speaks again.

What was found last stands in the database, and whoever looks holds that row: two
beats at once tell nothing twice, a missed one is caught up by the next. The message
is written down with the change, in one transaction, and sent from there.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction

from accounts.enums import Role
from accounts.queries.memberships import people_of
from core.mail import Letter, MailError, send
from indicators.enums import FeedState
from indicators.models import FeedNotice, FeedWatch, Stream
from indicators.queries.feeds import ALARMING, Heard, heard

logger = logging.getLogger(__name__)

# Beats come every few minutes: after a longer pause it was us who were away.
AWAY = timedelta(hours=1)
# So long at most we wait for what senders kept while nobody answered them.
PATIENCE = timedelta(days=1)
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=5), timedelta(hours=6)
MOST_TRIES = 20  # more than three days


def watch(*, at: datetime) -> int:
    """
    Look at every stream, and write down what there is to tell.

    :returns: the number of streams that changed for the worse or for the better.
    """
    unwatched = Stream.objects.filter(watch=None)
    FeedWatch.objects.bulk_create(
        (
            FeedWatch(
                organisation_id=stream.organisation_id,
                stream=stream,
                changed_at=at,
                looked_at=at,
            )
            for stream in unwatched
        ),
        ignore_conflicts=True,
    )
    ids = FeedWatch.objects.order_by("pk").values_list("pk", flat=True)
    return sum(_look(watch_id, at) for watch_id in list(ids))


@transaction.atomic
def _look(watch_id: int, at: datetime) -> bool:
    row = (
        # Another worker that looks at it now will find what we would.
        FeedWatch.objects.select_for_update(of=("self",), skip_locked=True)
        .select_related("stream__organisation", "stream__calendar")
        .filter(pk=watch_id, looked_at__lte=at)
        .first()
    )
    if row is None:
        return False
    if at - row.looked_at > AWAY:
        row.patient_until = at + min(at - row.looked_at, PATIENCE)
    found = heard(row.stream, as_of=at)
    before, now = row.state, found.state.value
    if now in ALARMING and row.patient_until is not None and at < row.patient_until:
        now = before
    row.looked_at = at
    if now != before:
        row.state, row.changed_at = now, at
    row.save()
    changed = now != before and bool({before, now} & ALARMING)
    if changed:
        _note(row, found)
    return changed


def _note(row: FeedWatch, found: Heard) -> None:
    """Write a message for each who keeps the data; for administrators if nobody does."""
    organisation = row.stream.organisation
    readers = people_of(organisation, Role.DATA_STEWARD)
    if not readers.exists():
        readers = people_of(organisation, Role.ADMINISTRATOR)
    known = {
        name: None if instant is None else instant.isoformat()
        for name, instant in (
            ("until", found.until),
            ("silent_at", found.silent_at),
            ("thin_since", found.thin_since),
        )
    }
    state = row.state if row.state in ALARMING else FeedState.SPEAKING
    FeedNotice.objects.bulk_create(
        FeedNotice(
            organisation=organisation,
            stream=row.stream,
            reader=reader,
            state=state,
            known=known,
            changed_at=row.changed_at,
            next_try_at=row.changed_at,
        )
        for reader in readers
    )


def deliver(*, write: Callable[[FeedNotice], Letter], at: datetime) -> int:
    """
    Send the messages that wait; what cannot be sent is tried again later.

    A worker killed between sending and writing that down sends one twice, never none.

    :param write: puts a message into the words of its reader.
    :returns: the number of messages that were sent.
    """
    sent = 0
    while (done := _deliver_next(write, at)) is not None:
        sent += done
    return sent


@transaction.atomic
def _deliver_next(write: Callable[[FeedNotice], Letter], at: datetime) -> bool | None:
    """Send one; say whether it went, ``None`` if there was nothing to send."""
    notice = (
        FeedNotice.objects.select_for_update(of=("self",), skip_locked=True)
        .select_related("stream__organisation", "stream__calendar", "reader")
        .filter(sent_at=None, next_try_at__lte=at, tries__lt=MOST_TRIES)
        .order_by("next_try_at", "pk")
        .first()
    )
    if notice is None:
        return None
    notice.tries += 1
    try:
        send(write(notice), to=notice.reader.email)
    except MailError as error:
        wait = min(FIRST_WAIT * 2 ** (notice.tries - 1), LONGEST_WAIT)
        notice.next_try_at = at + wait
        logger.warning("notice %s was not sent: %s", notice.pk, error)
    else:
        notice.sent_at = at
    notice.save(update_fields=["tries", "next_try_at", "sent_at"])
    return notice.sent_at is not None
