"""
An office that publishes indicators, imports somebody's file and keeps the ledger.

Everything goes the way it goes in production: a charter is published, the file is
read by ``import_events`` with a mapping, ``recompute`` judges the cases, ``results``
prints the ledger and ``verify`` distrusts it.
"""

import json
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from io import StringIO
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from accounts.models import Organisation
from charters.models import Edition
from charters.services.publication import Evidence, publish
from engine.cases import Fact, Outcome, Promise
from engine.compliance import Feed, Measurement, Status, measure, tally_of
from engine.figures import Figure, Look, figure_of
from engine.measures import unit_size
from engine.periods import Period, PeriodKind
from engine.rules import Rule
from engine.statistics import QuantileMethod, sample_deviation, wilson
from indicators.models import Indicator, IndicatorRule, Result, ServiceEvent, Stream
from indicators.queries.computing import Plan, plan_of, stored_facts
from indicators.services.verification import verify_indicator
from tests.builders import charter_document, draft, indicator, text

Line = dict[str, Any]
EVER = Period(date(2000, 1, 1), date(2027, 1, 1), PeriodKind.YEAR)
# The statistics that the files of expected figures give of times, by their names.
QUANTILES = {
    "median": ("50", QuantileMethod.LINEAR),
    "p90_linear_type7": ("90", QuantileMethod.LINEAR),
    "p90_nearest_rank": ("90", QuantileMethod.INVERTED_CDF),
    "p95_linear_type7": ("95", QuantileMethod.LINEAR),
    "min": ("0", QuantileMethod.LINEAR),
    "max": ("100", QuantileMethod.LINEAR),
}


def share_indicator(code: str, rule: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Define a share of cases within a limit, without a calendar."""
    return indicator(code, **({"calendar": None, "rule": rule} | changes))


def time_indicator(code: str, rule: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Define a mean time of at most ten, whatever the unit, without a calendar."""
    given = {
        "kind": "mean_duration",
        "unit": "days",
        "comparator": "<=",
        "target": "10",
        "calendar": None,
        "rule": rule,
    }
    return indicator(code, **(given | changes))


class Office:
    """
    A town, its streams of events and its ledger.

    :ivar received: how many events the imports found in their files, by stream.
    """

    def __init__(self, town: Organisation, data: Path, scratch: Path) -> None:
        self.town = town
        self.data = data
        self.scratch = scratch
        self.received: Counter[str] = Counter()
        self._drafts: list[Edition] = []
        self._facts: dict[str, list[Fact]] = {}
        self._cases: dict[str, dict[str, Fact]] = {}

    def draft(
        self,
        indicators: list[dict[str, Any]],
        *,
        streams: Mapping[str, dict[str, Any]],
        time_zone: str,
        valid: tuple[str, str],
        calendars: Mapping[str, dict[str, Any]] | None = None,
    ) -> None:
        """
        Write a charter, which :meth:`compute` publishes.

        What is read before is history: no indicator is marked for each of its cases.

        :param streams: what they declare (types, attributes), by code.
        :param valid: its first day and the first day after it.
        :param calendars: definitions by code.
        """
        document = charter_document(
            indicators=indicators,
            valid_from=valid[0],
            valid_until=valid[1],
            time_zone=time_zone,
        )
        (pattern,) = document["streams"]
        document["streams"] = [
            pattern | {"code": code, "attributes": []} | declared
            for code, declared in streams.items()
        ]
        document["calendars"] += [
            {"code": code, "name": text(code), "definition": definition}
            for code, definition in (calendars or {}).items()
        ]
        self._drafts.append(draft(document, of=self.town))

    def publish(self, *arguments: Any, **options: Any) -> None:
        """Write a charter and publish it."""
        self.draft(*arguments, **options)
        self._publish_drafts()

    def _publish_drafts(self) -> None:
        """Publish each on the eve of its first day, as an office would."""
        while self._drafts:
            edition = self._drafts.pop()
            first = datetime.combine(edition.valid_from, time.min, tzinfo=UTC)
            eve = first - timedelta(hours=12)
            publish(edition=edition, by=None, at=eve, evidence=Evidence())

    def read(
        self, name: str | Path, mapping: str = "", stream: str = "requests"
    ) -> str:
        """Import a file, of the shared data or any other, and return what it said."""
        options: dict[str, Any] = {}
        if mapping:
            options["mapping"] = self.scratch / "mapping.toml"
            options["mapping"].write_text(mapping, encoding="utf-8")
        receipt = said(
            "import_events", f"{self.town.slug}/{stream}", self.data / name, **options
        )
        self.received[stream] += int(receipt.split()[0])
        return receipt

    def allow(self, *names: str, stream: str = "requests") -> None:
        """Say what only looks like personal data."""
        said("allow_personal", f"{self.town.slug}/{stream}", *names)

    def compute(self, *codes: str) -> None:
        """
        Judge every case and write the ledger.

        :param codes: of these indicators only; all by default.
        """
        self._publish_drafts()
        self._facts.clear()
        self._cases.clear()
        for code in codes or [None]:
            said("recompute", organisation=self.town.slug, indicator=code)
        # Once for the whole file of tests, or each of them would pay for it again.
        connection.check_constraints()

    def verify(self, *codes: str) -> str:
        """
        Compute it again, from the log, and compare.

        :param codes: only these indicators, for large logs; all and all events by
            default, as the command does.
        """
        if not codes:
            return said("verify")
        now = timezone.now()
        found = [
            str(difference)
            for code in codes
            for difference in verify_indicator(
                indicator_id=self.indicator(code).pk, at=now
            )
        ]
        return "\n".join(found) or "every figure follows from the log"

    def lines(self, code: str, period: str, segment: str = "") -> dict[str, Line]:
        """Read an indicator's ledger lines by period, as the command prints them."""
        found = said(
            "results",
            f"{self.town.slug}/{code}",
            period=period,
            segment=segment,
            format="json",
        )
        return {line["period"]: line for line in json.loads(found)}

    def line(self, code: str, period: str, segment: str = "") -> Line:
        """Read the one line whose period has cases."""
        lines = self.lines(code, period, segment).values()
        (line,) = [found for found in lines if found["n"]]
        return line

    def segments(self, code: str) -> list[str]:
        """Return the segments that an indicator's ledger tells apart."""
        lines = Result.objects.filter(indicator=self.indicator(code))
        found = lines.order_by("segment").values_list("segment", flat=True)
        return [segment for segment in found.distinct() if segment]

    def indicator(self, code: str) -> Indicator:
        return Indicator.objects.get(organisation=self.town, code=code)

    def plan(self, code: str) -> Plan:
        plan = plan_of(self.indicator(code))
        assert plan is not None
        return plan

    def events(self, stream: str = "requests") -> Any:
        """Return a stream's events as they are in the log."""
        return ServiceEvent.objects.filter(
            stream=Stream.objects.get(organisation=self.town, code=stream)
        )

    def _by_case(self, code: str) -> dict[str, Fact]:
        if code not in self._cases:
            self._cases[code] = {fact.case: fact for fact in self.facts(code)}
        return self._cases[code]

    def facts(self, code: str, segment: str = "") -> list[Fact]:
        """Return what was found of each case, as stored."""
        if code not in self._facts:
            self._facts[code] = list(stored_facts(self.indicator(code)))
        return [
            fact for fact in self._facts[code] if not segment or fact.segment == segment
        ]

    def figure(
        self,
        code: str,
        *,
        segment: str = "",
        period: Period = EVER,
        only: Collection[str] | None = None,
    ) -> Measurement:
        """
        Compute a figure over a stretch that the ledger has no line for.

        From the stored facts, by the function that computes the ledger's lines.

        :param only: of these cases.
        """
        plan, promise = self._promise(code)
        if only is not None:
            facts = [fact for case in only if (fact := self._by_case(code).get(case))]
        else:
            facts = self.facts(code)
        now = timezone.now()
        return measure(
            facts,
            promise,
            period,
            zone=plan.zone,
            as_of=now,
            feed=Feed(now),
            segment=segment,
        )

    def statistics(self, code: str, unit: str, segment: str = "") -> dict[str, Any]:
        """Describe the times of an indicator's cases as the expected figures do."""
        facts = self.facts(code, segment)
        plan, promise = self._promise(code)
        look = Look(
            promise=promise,
            promises=[promise],
            rule=promise.rule,
            period=EVER,
            zone=plan.zone,
            as_of=timezone.now(),
            tally=tally_of(facts, promise.rule),
            cases=facts,
        )

        def of(kind: str, **changes: Any) -> Figure:
            rule = self._rule(code, {"kind": kind, **changes})
            return figure_of(replace(look, rule=rule))

        mean = of("mean_duration")
        return {
            "unit": unit,
            "n": mean.n,
            "mean": mean.value,
            **{
                name: of(
                    "percentile_duration", percentile=percentile, method=method
                ).value
                for name, (percentile, method) in QUANTILES.items()
            },
            "sd_sample": deviation(facts, promise.rule),
        }

    def _promise(self, code: str) -> tuple[Plan, Promise]:
        plan = self.plan(code)
        newest = plan.promises[-1]
        rule = self._rule(code, {})
        first = plan.promises[0].from_on
        return plan, Promise(rule, first, newest.until_on, newest.calendar)

    def _rule(self, code: str, changes: Mapping[str, Any]) -> Rule:
        row = IndicatorRule.objects.filter(indicator=self.indicator(code)).latest("pk")
        definition = row.definition | changes
        kind = definition.pop("kind", row.kind)
        return Rule.from_definition(
            kind, definition, comparator=row.comparator, target=row.target
        )


def said(command: str, *arguments: Any, **options: Any) -> str:
    """Run a management command and return what it said."""
    out = StringIO()
    call_command(command, *arguments, stdout=out, stderr=StringIO(), **options)
    return out.getvalue().strip()


def deviation(facts: list[Fact], rule: Rule) -> Decimal | None:
    """Return the standard deviation of the times of cases, in the rule's unit."""
    found = [
        int(fact.value)
        for fact in facts
        if fact.outcome is Outcome.COUNTED and fact.value is not None
    ]
    unit = unit_size(rule.duration_unit)
    squares = Fraction(sum(value * value for value in found), unit * unit)
    return sample_deviation(len(found), Fraction(sum(found), unit), squares)


def share(found: Line | Measurement) -> dict[str, Any]:
    """Write a share as the expected figures do."""
    if isinstance(found, Measurement):
        read: Callable[[str], Any] = found.__getattribute__
        none = found.status is Status.NO_CASES
    else:
        read, none = found.__getitem__, found["status"] == Status.NO_CASES
    ours = {
        "numerator": read("numerator"),
        "denominator": read("denominator"),
        "pct": read("value"),
    }
    return ours if none else ours | {"wilson95": [read("low"), read("high")]}


def share_of(part: int, whole: int) -> dict[str, Any]:
    """Write a share of things counted as the expected figures do."""
    low, high = wilson(Fraction(part), Fraction(whole))
    return {
        "numerator": part,
        "denominator": whole,
        "pct": Fraction(100 * part, whole),
        "wilson95": [low, high],
    }


def by_period(lines: Mapping[str, Line]) -> dict[str, Any]:
    """Write the shares of the periods that have cases."""
    return {period: share(line) for period, line in lines.items() if line["n"]}
