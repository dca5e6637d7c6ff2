"""
Distrust the ledger: compute everything again from the log and compare.

Nothing is repaired here. A difference means that a stored figure is not what the
events, the rules and the calendar give.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from charters.enums import EditionState
from charters.models import Edition
from charters.services.publication import canonical
from engine.cases import Fact
from engine.compliance import MonthTally
from engine.periods import PeriodKind, period_of
from indicators.enums import ManualState
from indicators.models import Indicator, ManualValue, Result, ServiceEvent
from indicators.queries.computing import (
    Plan,
    Shelf,
    differences,
    facts_of,
    figure,
    inputs_of,
    period_of_result,
    plan_of,
    seal_of,
    stored_facts,
    stored_sums,
)
from indicators.queries.declared import (
    bonds_of,
    declared_content,
    declared_differences,
    digest_of_value,
    period_of_value,
)
from indicators.queries.feeds import feeds_of
from indicators.queries.places import cells_around, places_of
from indicators.services import figures
from indicators.services.intake import event_digest


@dataclass(frozen=True, slots=True)
class Difference:
    """A stored value that is not what it should be."""

    subject: str
    field: str
    stored: str
    computed: str

    def __str__(self) -> str:
        return (
            f"{self.subject}: {self.field} is {self.stored or 'nothing'}, "
            f"computed {self.computed or 'nothing'}"
        )


def verify(*, at: datetime) -> Iterator[Difference]:
    """
    Yield every difference between what is stored and what follows from the log.

    Marks that are waiting are computed first. Each indicator is held while it is
    compared, so that no worker changes it in between.
    """
    yield from _editions()
    yield from _events()
    for indicator in Indicator.objects.order_by("organisation_id", "code"):
        yield from verify_indicator(indicator_id=indicator.pk, at=at)


@transaction.atomic
def verify_indicator(*, indicator_id: int, at: datetime) -> list[Difference]:
    """Compare one indicator's facts and its ledger lines with the log."""
    indicator = Indicator.objects.select_for_update(of=("self",)).get(pk=indicator_id)
    while figures.refresh_indicator(indicator_id=indicator_id, at=at):
        pass
    final = [*_declared(indicator), *_seals(indicator)]
    plan = plan_of(indicator)
    if plan is None:
        return final
    facts = list(facts_of(plan))
    shelf = Shelf(plan, facts)
    return [
        *_facts(plan, facts),
        *_sums(plan, shelf),
        *_lines(plan, shelf),
        *final,
        *_missing(plan, facts, shelf, at),
    ]


def _facts(plan: Plan, facts: Iterable[Fact]) -> Iterator[Difference]:
    known = {fact.key: fact for fact in stored_facts(plan.indicator)}
    found = {fact.key: fact for fact in facts}
    for key in sorted(known.keys() | found.keys()):
        old, new = known.get(key), found.get(key)
        before = old.canonical if old else ""
        after = new.canonical if new else ""
        if before != after:
            subject = f"{plan.indicator.code} case {key[0]}"
            yield Difference(subject, "fact", before, after)


def _sums(plan: Plan, shelf: Shelf) -> Iterator[Difference]:
    """Find months whose sums are not those of their cases."""
    stored = {
        (tally.month, tally.segment): tally
        for tally in stored_sums(plan.indicator, date.min, date.max)
    }
    computed = {
        (tally.month, tally.segment): tally
        for month in shelf.months()
        for tally in shelf.month(month)
    }
    for key in sorted(stored.keys() | computed.keys()):
        old, new = stored.get(key), computed.get(key)
        if old != new:
            label = period_of(key[0], PeriodKind.MONTH).label
            subject = f"{plan.indicator.code} {label}" + (
                f" [{key[1]}]" if key[1] else ""
            )
            yield Difference(subject, "sum", _told(old), _told(new))


def _told(tally: MonthTally | None) -> str:
    if tally is None:
        return ""
    return json.dumps(
        [tally.digest, tally.kept.as_json(), tally.suspended.as_json()], sort_keys=True
    )


def _lines(plan: Plan, shelf: Shelf) -> Iterator[Difference]:
    """Compare the newest revision of every line, by the calendars it is computed with."""
    shelves: dict[str, Shelf | None] = {}
    for line in _newest(plan.indicator):
        cells: Shelf | None = shelf
        if not figures.same_calendars(plan, line):
            key = json.dumps(line.calendars, sort_keys=True)
            if key not in shelves:
                shelves[key] = _pinned(plan, line)
            cells = shelves[key]
        yield from _line(line, cells)


def _pinned(plan: Plan, line: Result) -> Shelf | None:
    pinned = plan_of(plan.indicator, line.calendars)
    return None if pinned is None else Shelf(pinned, facts_of(pinned))


def _line(line: Result, cells: Shelf | None) -> Iterator[Difference]:
    period = period_of_result(line)
    as_of, feed = inputs_of(line)
    content = (
        None
        if cells is None
        else figure(cells, period, line.segment, as_of=as_of, feed=feed)
    )
    subject = _subject(line)
    if content is None:
        yield Difference(subject, "promise", "a ledger line", "")
        return
    for name in differences(line, content):
        yield Difference(
            subject, name, _shown(getattr(line, name)), _shown(content[name])
        )


def _subject(line: Result) -> str:
    subject = f"{line.indicator.code} {period_of_result(line).label}"
    return subject + (f" [{line.segment}]" if line.segment else "")


def _declared(indicator: Indicator) -> Iterator[Difference]:
    """
    Find declared values that are not as they were confirmed, and lines that say else.

    Nothing but the value and its promise is asked: no event has a part in them.
    """
    bonds = bonds_of(indicator)
    repeated = set(
        Result.objects.filter(indicator=indicator, declared__isnull=False).values_list(
            "declared_id", flat=True
        )
    )
    confirmed = ManualValue.objects.filter(
        indicator=indicator, state=ManualState.CONFIRMED
    )
    for value in confirmed.order_by("period_kind", "period_start", "version"):
        subject = f"{indicator.code} {period_of_value(value).label}"
        digest = digest_of_value(value)
        if digest != value.digest:
            place = f"{subject} declared version {value.version}"
            yield Difference(place, "content", value.digest, digest)
        if value.pk not in repeated:
            yield Difference(subject, "ledger line", "", "declared")
    for line in _newest(indicator):
        said = line.declared
        content = None if said is None else declared_content(said, bonds)
        if content is None:
            continue
        for name in declared_differences(line, content):
            yield Difference(
                _subject(line), name, _shown(getattr(line, name)), _shown(content[name])
            )


def _newest(indicator: Indicator) -> QuerySet[Result]:
    """Return the newest revision of every line."""
    return (
        Result.objects.filter(indicator=indicator)
        .select_related("indicator", "declared")
        .order_by("period_kind", "period_start", "segment", "-revision")
        .distinct("period_kind", "period_start", "segment")
    )


def _seals(indicator: Indicator) -> Iterator[Difference]:
    """Find final lines, of any revision, that are not as they were published."""
    final = Result.objects.filter(indicator=indicator).exclude(seal="")
    final = final.select_related("indicator")
    before: dict[tuple[object, ...], str] = {}
    for line in final.order_by("period_kind", "period_start", "segment", "revision"):
        place = (line.period_kind, line.period_start, line.segment)
        seal = seal_of(line, before.get(place, ""))
        before[place] = line.seal
        if seal != line.seal:
            subject = f"{_subject(line)} revision {line.revision}"
            yield Difference(subject, "seal", line.seal, seal)


def _missing(
    plan: Plan, facts: Collection[Fact], shelf: Shelf, at: datetime
) -> Iterator[Difference]:
    """Find cases that are part of a figure of which there is no line at all."""
    known = set(
        Result.objects.filter(indicator=plan.indicator).values_list(
            "period_kind", "period_start", "segment"
        )
    )
    feeds = feeds_of(plan, as_of=at)
    places = places_of(plan, facts, at)
    for period, segment in sorted(cells_around(plan, places)):
        if (period.kind.value, period.start, segment) in known:
            continue
        content = figure(shelf, period, segment, as_of=at, feed=feeds.of(period))
        if content is not None:
            subject = f"{plan.indicator.code} {period.label}"
            subject += f" [{segment}]" if segment else ""
            yield Difference(subject, "ledger line", "", content["status"])


def _events() -> Iterator[Difference]:
    """Find events whose content was changed behind our back."""
    rows = ServiceEvent.objects.order_by().values_list(
        "stream__code",
        "external_id",
        "digest",
        "case_key",
        "type",
        "occurred_at",
        "value",
        "attributes",
        "replaces",
    )
    for stream, external_id, stored, *content in rows.iterator(chunk_size=5_000):
        digest = event_digest(*content)
        if digest != stored:
            subject = f"event {stream}/{external_id}"
            yield Difference(subject, "content", stored, digest)


def _editions() -> Iterator[Difference]:
    published = Edition.objects.filter(state=EditionState.PUBLISHED)
    for edition in published.select_related("charter"):
        text = canonical(edition.snapshot or {})
        digest = hashlib.sha256(text.encode()).hexdigest()
        if digest != edition.digest:
            subject = f"edition {edition.charter.slug}/{edition.number}"
            yield Difference(subject, "snapshot", edition.digest, digest)


def _shown(value: Any) -> str:
    return "" if value is None else str(value)
