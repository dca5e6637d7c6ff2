"""
Distrust the ledger: compute everything again from the log and compare.

Nothing is repaired here. A difference means that a stored figure is not what the
events, the rules and the calendar give.
"""

import hashlib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from charters.enums import EditionState
from charters.models import Edition
from charters.services.publication import canonical
from engine.compliance import Fact
from indicators.models import Indicator, Result, ServiceEvent
from indicators.queries.computing import (
    Plan,
    Shelf,
    differences,
    facts_of,
    feeds_of,
    figure,
    inputs_of,
    period_of_result,
    plan_of,
    stored_facts,
)
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
    plan = plan_of(indicator)
    if plan is None:
        return []
    facts = {(fact.source, fact.case): fact for fact in facts_of(plan)}
    return [
        *_facts(plan, facts),
        *_lines(plan, facts.values()),
        *_missing(plan, facts.values(), at),
    ]


def _facts(plan: Plan, facts: dict[tuple[str, str], Fact]) -> Iterator[Difference]:
    known = {(fact.source, fact.case): fact for fact in stored_facts(plan.indicator)}
    for key in sorted(known.keys() | facts.keys()):
        old, new = known.get(key), facts.get(key)
        before = old.canonical if old else ""
        after = new.canonical if new else ""
        if before != after:
            subject = f"{plan.indicator.code} case {key[1]}"
            yield Difference(subject, "fact", before, after)


def _lines(plan: Plan, facts: Iterable[Fact]) -> Iterator[Difference]:
    shelf = Shelf(facts)
    newest = (
        Result.objects.filter(indicator=plan.indicator)
        .order_by("period_kind", "period_start", "segment", "-revision")
        .distinct("period_kind", "period_start", "segment")
    )
    for line in newest:
        period = period_of_result(line)
        as_of, feed = inputs_of(line)
        content = figure(
            plan, period, shelf.of(period, line.segment), as_of=as_of, feed=feed
        )
        subject = f"{plan.indicator.code} {period.label}"
        if line.segment:
            subject += f" [{line.segment}]"
        if content is None:
            yield Difference(subject, "promise", "a ledger line", "")
            continue
        for name in differences(line, content):
            stored, computed = getattr(line, name), content[name]
            yield Difference(subject, name, _shown(stored), _shown(computed))


def _missing(plan: Plan, facts: Collection[Fact], at: datetime) -> Iterator[Difference]:
    """Find cases that are part of a figure of which there is no line at all."""
    known = set(
        Result.objects.filter(indicator=plan.indicator).values_list(
            "period_kind", "period_start", "segment"
        )
    )
    shelf, feeds = Shelf(facts), feeds_of(plan, as_of=at)
    places = {(fact.counted_on, fact.segment) for fact in facts}
    for period, segment in sorted(figures.cells_around(plan, places)):
        if (period.kind.value, period.start, segment) in known:
            continue
        cases = shelf.of(period, segment)
        content = figure(plan, period, cases, as_of=at, feed=feeds.of(period))
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
