"""Ask the systems that do not send: when, how far back, and what if none answers."""

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import QuerySet

from core.db import held
from core.fetching import FetchError, fetch
from core.jobs import enqueue_on_commit
from core.sealing import SealError
from indicators.adapters.open311 import Question, from_xml, question, windows
from indicators.adapters.payloads import PayloadError, records
from indicators.models import Source
from indicators.queries.pseudonyms import UnknownSecretError
from indicators.services.intake import Receipt
from indicators.services.sources import (
    fetching_rules,
    note_failure,
    note_success,
    parsed,
    secret_of,
    take,
)

logger = logging.getLogger(__name__)

# A worker that died leaves the source to the next: it is due again after so long.
LEASE = timedelta(hours=1)
# After a failure it is asked again after two minutes, four, eight, up to this.
SOONEST, LATEST = timedelta(minutes=1), timedelta(hours=6)
MOST_DOUBLINGS = 12
MOST_QUESTIONS = 500
SHORTEST_WINDOW = timedelta(seconds=2)
# Requests may be published a while after they were made.
OVERLAP = timedelta(days=1)
ACCEPT = {"json": "application/json", "xml": "text/xml, application/xml"}


class QuestionError(Exception):
    """A server that cannot be asked for everything; says why."""


FAILURES = (FetchError, PayloadError, QuestionError, SealError, UnknownSecretError)


def due(*, at: datetime) -> QuerySet[Source]:
    """Return the sources that are to be asked by now."""
    return Source.objects.filter(enabled=True, next_asked_at__lte=at)


def enqueue_due(*, at: datetime) -> None:
    """Let the workers ask each source that is due; asking twice does no harm."""
    for pk in due(at=at).values_list("pk", flat=True):
        enqueue_on_commit("indicators.ask_source", source_id=pk)


def ask(*, source_id: int, at: datetime, at_once: bool = False) -> Receipt | None:
    """
    Ask a source for its cases and record what it says.

    What it said before is said again and is replayed. If it does not answer, that is
    noted, and it is asked again later, each time after twice as long.

    :param at_once: although it is not due.
    :returns: None if it is not to be asked, is being asked, or did not answer.
    """
    waiting = due(at=at)
    if at_once:
        waiting = Source.objects.filter(enabled=True, next_asked_at__isnull=False)
    # When a source is due does not tell whether somebody is asking it.
    with held(f"indicators.ask {source_id}") as alone:
        leased = alone and waiting.filter(pk=source_id).update(next_asked_at=at + LEASE)
        return _receipt(source_id, at) if leased else None


def _receipt(source_id: int, at: datetime) -> Receipt | None:
    source = Source.objects.select_related("stream").get(pk=source_id)
    asked = question(source.settings)
    row = Source.objects.filter(pk=source_id)
    try:
        receipt = _asked(source, asked, at)
    except FAILURES as error:
        words = note_failure(source=source, words=str(error), at=at)
        logger.warning("%s was asked in vain: %s", source, words)
        row.update(next_asked_at=at + _pause(source.failures + 1))
        return None
    note_success(source=source, at=at, refused=receipt.refused)
    row.update(
        asked_until=at, next_asked_at=at + timedelta(minutes=asked.every_minutes)
    )
    return receipt


def _pause(failures: int) -> timedelta:
    doublings: int = 2 ** min(failures, MOST_DOUBLINGS)
    return min(SOONEST * doublings, LATEST)


def _asked(source: Source, asked: Question, at: datetime) -> Receipt:
    start = at - timedelta(days=asked.days)
    if source.asked_until is not None:
        # Nothing is lost however long nobody asked.
        start = min(start, source.asked_until - OVERLAP)
    receipt = Receipt()
    key = secret_of(source)
    for answer in _answers(asked, start, at, key):
        receipt.add(take(source=source, payload=answer, at=at))
    return receipt


def _answers(
    asked: Question, start: datetime, end: datetime, key: str
) -> Iterator[object]:
    """
    Yield what the server answers, window by window.

    A window with as many requests as an answer can hold is asked again in halves.
    """
    waiting = list(windows(start, end))[::-1]
    for _turn in range(MOST_QUESTIONS):
        if not waiting:
            return
        since, until = waiting.pop()
        answer = _answer(asked, asked.address(since, until, key=key))
        if sum(1 for _ in records(answer, "service_requests")) < asked.page:
            yield answer
            continue
        if until - since < SHORTEST_WINDOW:
            msg = f"there are {asked.page} requests in a second: the rest is not seen"
            raise QuestionError(msg)
        middle = since + (until - since) / 2
        waiting += [(middle, until), (since, middle)]
    msg = f"it takes more than {MOST_QUESTIONS} questions: look back fewer 'days'"
    raise QuestionError(msg)


def _answer(asked: Question, address: str) -> object:
    body = fetch(address, fetching_rules(), accept=ACCEPT[asked.format])
    return from_xml(body) if asked.format == "xml" else parsed(body)
