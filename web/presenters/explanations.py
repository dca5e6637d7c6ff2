"""
Why a case counts as it does, in whole sentences.

Everything said here comes from :class:`engine.explanations.CaseExplanation`; nothing
is judged here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext as _, gettext_lazy

from core.text import Words, words
from engine.cases import Outcome, Promise, Suspension
from engine.explanations import (
    CaseExplanation,
    Checked,
    Finding,
    Ignored,
    LimitFound,
    PauseFound,
    Timing,
    Use,
)
from engine.periods import PeriodKind, period_of
from engine.rules import Condition
from indicators.queries.explaining import Explained, Source
from web.presenters.derivations import (
    DerivationView,
    derivation_view,
    due_words,
    elapsed_words,
    moment_words,
    term_rules,
    term_words,
    weekday_words,
    zone_words,
)
from web.presenters.figures import REASONS
from web.presenters.numbers import number, rounded
from web.presenters.periods import day_words, long_name


@dataclass(frozen=True, slots=True)
class EventLine:
    """Something that happened in the case, and what it was taken for."""

    when: str
    iso: str
    type: str
    value: str
    uses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DaysView:
    """Days to be shown, under what they lead to."""

    title: str
    notes: tuple[str, ...]
    derivation: DerivationView


@dataclass(frozen=True, slots=True)
class FindingView:
    """
    One contribution of a case, ready to be read.

    :ivar verdict: what it is, in two or three words, with the look of its badge.
    :ivar why: sentences.
    :ivar counted: in which period, and why in that one.
    :ivar part: what tells it from the case's other contributions.
    """

    verdict: str
    tone: str
    icon: str
    why: tuple[str, ...]
    promise: tuple[str, ...]
    text: Words
    start: str
    counted: tuple[str, ...]
    conditions: tuple[str, ...]
    events: tuple[EventLine, ...]
    pauses: tuple[str, ...]
    limit: tuple[str, ...]
    days: tuple[DaysView, ...]
    part: str
    edition: int | None
    charter: str
    zone: str


@dataclass(frozen=True, slots=True)
class PartLine:
    """One of several contributions of a case, in a list."""

    part: str
    key: str
    verdict: str
    tone: str
    icon: str
    value: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CaseView:
    """
    A case of a stream, explained: one finding for most kinds of indicator.

    :ivar parts: all its findings in a list, if there are several.
    """

    case: str
    stream: Words
    as_of: str
    ignored: tuple[str, ...]
    findings: tuple[FindingView, ...]
    parts: tuple[PartLine, ...]


def case_view(told: Explained, *, language: str, part: str | None = None) -> CaseView:
    """
    Put a case into words.

    :param part: of several findings, the one to tell in full; all by default.
    """
    explanation = told.explanation
    tellings = [_Telling(told, item, language) for item in explanation.findings]
    several = len(tellings) > 1
    chosen = [
        item
        for item in tellings
        if part is None or not several or item.finding.fact.part == part
    ]
    zone = explanation.zone.key
    return CaseView(
        case=explanation.case,
        stream=words(told.stream.name, language),
        as_of=_("As seen at %(moment)s.")
        % {"moment": moment_words(_minute(explanation.as_of), zone)},
        ignored=tuple(_ignored(explanation)),
        findings=tuple(item.view() for item in chosen),
        parts=tuple(item.line() for item in tellings) if several else (),
    )


def _minute(at: datetime) -> datetime:
    """Drop the seconds, which say nothing of when somebody looked."""
    return at.replace(second=0, microsecond=0)


# What is said of the whole case.


IGNORED: dict[Ignored, LazyText] = {
    Ignored.NO_EVENTS: gettext_lazy("No event names this case."),
    Ignored.NO_PROMISE: gettext_lazy("Nothing is published about this indicator."),
    Ignored.NO_START: gettext_lazy(
        "The case is none of this indicator’s: nothing in it begins what is counted."
    ),
    Ignored.NOT_MEANT: gettext_lazy(
        "The case is none of this indicator’s: a condition for being counted does not "
        "hold."
    ),
}


def _ignored(explanation: CaseExplanation) -> Iterator[str]:
    if explanation.ignored is not None:
        yield str(IGNORED[explanation.ignored])
        yield from map(condition_words, explanation.conditions)


VERDICTS: dict[Outcome, tuple[LazyText, str, str]] = {
    Outcome.MET: (gettext_lazy("The promise was kept"), "good", "met"),
    Outcome.MISSED: (gettext_lazy("The promise was not kept"), "bad", "unmet"),
    Outcome.OPEN: (gettext_lazy("Still open"), "info", "clock"),
    Outcome.COUNTED: (gettext_lazy("Counted with the others"), "quiet", "info"),
    Outcome.EXCLUDED: (gettext_lazy("Not counted"), "quiet", "not-evaluated"),
    Outcome.NOT_COMPUTABLE: (
        gettext_lazy("Cannot be computed"),
        "quiet",
        "not-computable",
    ),
}

USES: dict[Use, LazyText] = {
    Use.START: gettext_lazy("The case begins."),
    Use.START_NOT_TAKEN: gettext_lazy(
        "It would begin a case, but another event begins this one."
    ),
    Use.CLOCK: gettext_lazy("The term counts from here."),
    Use.CLOCK_NOT_TAKEN: gettext_lazy(
        "The term could count from here, but counts from another event."
    ),
    Use.PAUSE: gettext_lazy("The clock stops."),
    Use.PAUSE_NOT_TAKEN: gettext_lazy("It would stop the clock, which stood already."),
    Use.RESUME: gettext_lazy("The clock goes on."),
    Use.RESUME_NOT_TAKEN: gettext_lazy(
        "It would let the clock go on, which did not stand."
    ),
    Use.STOP: gettext_lazy("The case ends."),
    Use.STOP_EARLY: gettext_lazy(
        "It would end the case, but it comes before its beginning."
    ),
    Use.STOP_UNDONE: gettext_lazy("The case ends, until it is opened again."),
    Use.STOP_NOT_TAKEN: gettext_lazy(
        "It would end the case, but another event ends it."
    ),
    Use.REOPENING: gettext_lazy("The case is opened again: its end before is none."),
    Use.REOPENING_NOT_TAKEN: gettext_lazy(
        "It would open the case again, but it had not ended."
    ),
    Use.EXTENSION: gettext_lazy("The term is extended."),
    Use.EXTENSION_NOT_TAKEN: gettext_lazy(
        "It would extend the term, but it comes when the term has passed."
    ),
    Use.WITHDRAWAL: gettext_lazy("The case is withdrawn."),
    Use.WITHDRAWAL_LATE: gettext_lazy(
        "The case is withdrawn, but the term has passed: what was broken stays broken."
    ),
    Use.WITHDRAWAL_NOT_TAKEN: gettext_lazy(
        "It would withdraw the case, which had ended or been withdrawn before."
    ),
    Use.VOID: gettext_lazy("The case is void."),
    Use.MERGED: gettext_lazy("The case is joined to another."),
    Use.DUPLICATE: gettext_lazy("The case is a duplicate of another."),
    Use.ANSWER: gettext_lazy("The score that counts."),
    Use.ANSWER_NOT_TAKEN: gettext_lazy("A score, but another one counts."),
    Use.NUMERATOR: gettext_lazy("Counted in the numerator."),
    Use.DENOMINATOR: gettext_lazy("Counted in the denominator."),
    Use.DONE: gettext_lazy("Counted as done."),
    Use.PLANNED: gettext_lazy("Counted as planned."),
}
COUNTED_IN: dict[str, LazyText] = {
    "due": gettext_lazy("This indicator counts cases on their last day in time."),
    "opened": gettext_lazy("This indicator counts cases on the day they begin."),
    "closed": gettext_lazy("This indicator counts cases on the day they end."),
}


class _Telling:
    """Puts one finding into words."""

    def __init__(self, told: Explained, finding: Finding, language: str) -> None:
        self.told = told
        self.finding = finding
        self.language = language
        timing = finding.timing
        self.zone = (timing or told.explanation).zone.key
        self.source: Source | None = None
        if finding.promise is not None:
            self.source = told.source_of(finding.promise)

    def view(self) -> FindingView:
        finding, source = self.finding, self.source
        verdict, tone, icon = VERDICTS[finding.outcome]
        rule = None if source is None else source.rule
        return FindingView(
            verdict=str(verdict),
            tone=tone,
            icon=icon,
            why=tuple(self.why()),
            promise=tuple(self.promise()),
            text=words(
                rule.commitment.text if rule else None,
                self.language,
                source=rule.edition.source_language if rule else "",
            ),
            start=self.start(),
            counted=tuple(self.counted()),
            conditions=tuple(map(condition_words, finding.conditions)),
            events=tuple(self.events()),
            pauses=tuple(self.pauses()),
            limit=tuple(self.limit()),
            days=tuple(self.days()),
            part=self.part(),
            edition=rule.edition.number if rule else None,
            charter=rule.edition.charter.slug if rule else "",
            zone=zone_words(self.zone),
        )

    def line(self) -> PartLine:
        """Put it into a row among others."""
        verdict, tone, icon = VERDICTS[self.finding.outcome]
        return PartLine(
            part=self.part(),
            key=self.finding.fact.part,
            verdict=str(verdict),
            tone=tone,
            icon=icon,
            value=tuple(self.why()),
        )

    # Why.

    def why(self) -> Iterator[str]:
        """Say why the outcome is what it is."""
        finding = self.finding
        if finding.outcome in {Outcome.MET, Outcome.MISSED}:
            yield from self.judged()
        elif finding.outcome is Outcome.OPEN:
            yield from self.pending()
        elif finding.outcome is Outcome.COUNTED:
            yield from self.value()
        elif finding.outcome is Outcome.NOT_COMPUTABLE:
            yield self.beyond()
        else:
            yield from self.excluded()
        if finding.suspensions:
            yield from map(suspension_words, finding.suspensions)

    def judged(self) -> Iterator[str]:
        """Compare the end with what was due."""
        fact, timing = self.finding.fact, self.finding.timing
        if fact.ended_at is None:
            yield _("It is still open.")
        else:
            yield self.ended(fact.ended_at)
        if timing is None:  # a milestone: a day, not an instant
            day = {"day": weekday_words(fact.counted_on)}
            yield _("It was to be done by %(day)s, that day included.") % day
        elif timing.limit is not None and timing.limit.is_notice:
            yield from self.noticed(timing.limit)
        elif fact.due_at is not None:
            yield due_words(fact.due_at, timing.zone.key)
        else:
            yield _("The clock stood still without an end, so nothing was due.")

    def noticed(self, limit: LimitFound) -> Iterator[str]:
        if limit.due_at is not None:
            yield _("From %(moment)s on the notice is long enough.") % {
                "moment": moment_words(limit.due_at, self.zone)
            }

    def ended(self, at: datetime) -> str:
        return _("It ended at %(moment)s.") % {"moment": moment_words(at, self.zone)}

    def pending(self) -> Iterator[str]:
        due = self.finding.fact.due_at
        if due is not None:
            yield _("It has not ended yet, and is still in time.")
            yield due_words(due, self.zone)
        else:
            yield _("It has not ended yet, and nothing is due so far.")

    def value(self) -> Iterator[str]:
        """Say what the case adds."""
        timing, fact = self.finding.timing, self.finding.fact
        yield _("This indicator judges all cases together, not each of them.")
        if timing is not None and timing.spent is not None:
            yield _("It adds a time of %(amount)s.") % {
                "amount": elapsed_words(timing.spent)
            }
        elif fact.value is not None and fact.base is None:
            yield _("It adds a value of %(value)s.") % {"value": _number(fact.value)}
        elif fact.value is not None and fact.base is not None:
            yield self.two_values(fact.value, fact.base)

    def two_values(self, value: Decimal, base: Decimal) -> str:
        parts = {"value": _number(value), "base": _number(base)}
        if self.finding.promise and self.finding.promise.rule.cases.kind.by_answer:
            return _("It adds a score of %(value)s, of weight %(base)s.") % parts
        return (
            _("It adds %(value)s to the numerator and %(base)s to the denominator.")
            % parts
        )

    def beyond(self) -> str:
        promise = self.finding.promise
        if promise is None or promise.calendar is None:
            return _("The deadline runs beyond the days that can be counted.")
        last = promise.calendar.known_until - timedelta(days=1)
        return _(
            "The count needs a day that the work calendar does not know: it knows its "
            "days up to %(day)s. Nobody supposes that an unknown year has no holidays."
        ) % {"day": day_words(last)}

    def excluded(self) -> Iterator[str]:
        finding = self.finding
        reason = REASONS.get(finding.reason, finding.reason)
        yield _("The case is not counted: %(reason)s.") % {"reason": reason}
        crowd = finding.crowd
        if crowd is not None:
            yield CROWDS[crowd.per] % {
                "came": number(crowd.came),
                "most": number(crowd.at_most),
                "day": day_words(crowd.from_on),
                "month": long_name(period_of(crowd.from_on, PeriodKind.MONTH)),
            }

    # What was promised.

    def promise(self) -> Iterator[str]:
        """Say which promise it is judged by, and why by that one."""
        promise, source = self.finding.promise, self.source
        began = {"day": weekday_words(self.day(self.finding.start.at))}
        if promise is None or source is None:
            yield _("On %(day)s, the day the case began, nobody promised this.") % began
            return
        yield (
            _(
                "The promise is the one in force on %(day)s, the day the case began, however "
                "long the case lasts."
            )
            % began
        )
        parts = {"number": source.rule.edition.number} | _days(promise)
        if promise.until_on is None:
            yield _("It is that of edition %(number)s, since %(first)s.") % parts
        else:
            yield (
                _(
                    "It is that of edition %(number)s, from %(first)s to %(last)s, both "
                    "included."
                )
                % parts
            )
        if source.calendar is not None:
            code, version = source.calendar
            yield _(
                "It is counted with version %(version)s of the calendar %(code)s."
            ) % {
                "version": version,
                "code": code,
            }

    def start(self) -> str:
        start = self.finding.start
        parts = {"type": start.type, "moment": moment_words(start.at, self.zone)}
        if self.finding.reason == "no_start":
            return (
                _(
                    "Nothing begins the case: it is known by its end, “%(type)s”, at %(moment)s."
                )
                % parts
            )
        return _("It begins with “%(type)s”, at %(moment)s.") % parts

    def counted(self) -> Iterator[str]:
        """Say in which period it is counted."""
        finding, source = self.finding, self.source
        day = finding.fact.counted_on
        if source is None or finding.promise is None:
            yield _("It is noted on %(day)s.") % {"day": day_words(day)}
            return
        yield _("It is counted on %(day)s, in the period: %(period)s.") % {
            "day": day_words(day),
            "period": long_name(period_of(day, source.period)),
        }
        if finding.timing is not None and not finding.promise.rule.cases.kind.by_span:
            yield str(COUNTED_IN[finding.promise.rule.cases.counted_in])

    # What happened.

    def events(self) -> Iterator[EventLine]:
        for used in self.finding.events:
            event = used.event
            yield EventLine(
                when=moment_words(event.at, self.zone),
                iso=event.at.isoformat(),
                type=event.type,
                value="" if event.value is None else _number(event.value),
                uses=tuple(str(USES[use]) for use in used.uses),
            )

    def part(self) -> str:
        """Name one of several contributions."""
        fact = self.finding.fact
        if not fact.part:
            return ""
        return moment_words(fact.began_at, self.zone)

    # How time was counted.

    def pauses(self) -> Iterator[str]:
        timing = self.finding.timing
        if timing is None:
            return
        for pause in timing.pauses:
            yield self.pause(pause)
            if _before(pause, timing):
                yield _(
                    "That was before the term began to count, so it changes nothing."
                )
            if pause.capped:
                yield _("It lasted longer, but no more than this counts as a pause.")

    def pause(self, pause: PauseFound) -> str:
        parts = {
            "from": moment_words(pause.since, self.zone),
            "type": pause.by.type,
            "until": ""
            if pause.until is None
            else moment_words(pause.until, self.zone),
        }
        if pause.until is None:
            return _("The clock stands still since %(from)s: “%(type)s”.") % parts
        if pause.reopened:
            return (
                _(
                    "The case was thought to have ended from %(from)s to %(until)s: the "
                    "clock stood still."
                )
                % parts
            )
        return (
            _("The clock stood still from %(from)s to %(until)s: “%(type)s”.") % parts
        )

    def limit(self) -> Iterator[str]:
        """Say which limit holds, and why that one."""
        timing = self.finding.timing
        if timing is None:
            return
        if timing.since is None:
            yield _("What the term counts from has not happened yet.")
        if timing.limit is not None:
            yield limit_words(timing.limit)
            yield from map(condition_words, timing.limit.conditions)
        if timing.second is not None and timing.second.limit.term is not None:
            yield _("What is later must still come within %(term)s.") % {
                "term": term_words(timing.second.limit.term)
            }

    def days(self) -> Iterator[DaysView]:
        timing = self.finding.timing
        if timing is None:
            return
        for found in timing.limits:
            if found.deadline is not None and found.limit.term is not None:
                yield DaysView(
                    title=_limit_title(found, timing),
                    notes=term_rules(found.limit.term),
                    derivation=derivation_view(found.deadline),
                )
        if timing.spent is not None:
            title = _("How long it took, day by day")
            yield DaysView(title, (), derivation_view(timing.spent))

    def day(self, at: datetime) -> date:
        return at.astimezone(self.told.explanation.zone).date()


# Small sentences.


def limit_words(found: LimitFound) -> str:
    """Say which limit a case is under."""
    term = found.limit.term
    if term is None:
        return _("The case carries its own last moment, in “%(attribute)s”.") % {
            "attribute": found.limit.attribute
        }
    parts = {"term": term_words(term)}
    if found.extended_by is not None:
        parts["type"] = found.extended_by.type
        return (
            _("The term is now %(term)s, because “%(type)s” extended it in time.")
            % parts
        )
    if found.is_notice:
        return _("The promise is a notice of at least %(term)s.") % parts
    if found.path == "limit":
        return _("The promised term is %(term)s.") % parts
    return _("Of several terms, the one for cases like this one is %(term)s.") % parts


def _limit_title(found: LimitFound, timing: Timing) -> str:
    if found is timing.second:
        return _("The second term, day by day")
    if found.extended_by is not None:
        return _("The extended term, day by day")
    if timing.limit is not None and timing.limit is not found:
        return _("The term before it was extended, day by day")
    if found.is_notice:
        return _("The notice, day by day")
    return _("The term, day by day")


def condition_words(checked: Checked) -> str:
    """Say what a condition asks, what the case says and whether it holds."""
    sentence = CONDITIONS[
        checked.path.startswith("exclude"), checked.holds, checked.found is not None
    ]
    return str(sentence) % {
        "condition": asked_words(checked.condition),
        "found": checked.found,
    }


# By what a condition does (leave out, or take in), whether it holds, and whether the
# case says anything of it.
CONDITIONS: dict[tuple[bool, bool, bool], LazyText] = {
    (False, True, True): gettext_lazy(
        "Condition kept: %(condition)s; the case says “%(found)s”."
    ),
    (False, True, False): gettext_lazy("Condition kept: %(condition)s."),
    (False, False, True): gettext_lazy(
        "Condition not kept: %(condition)s; the case says “%(found)s”."
    ),
    (False, False, False): gettext_lazy(
        "Condition not kept: %(condition)s; the case says nothing of it."
    ),
    (True, True, True): gettext_lazy(
        "Reason to leave it out: %(condition)s; the case says “%(found)s”."
    ),
    (True, True, False): gettext_lazy("Reason to leave it out: %(condition)s."),
    (True, False, True): gettext_lazy(
        "No reason to leave it out: %(condition)s; the case says “%(found)s”."
    ),
    (True, False, False): gettext_lazy(
        "No reason to leave it out: %(condition)s; the case says nothing of it."
    ),
}


def asked_words(condition: Condition) -> str:
    """Say what a condition asks of a case."""
    types = ", ".join(sorted(condition.has or condition.value_of))
    if condition.has:
        return _("there is an event “%(types)s”") % {"types": types}
    parts = {
        "name": condition.attribute or types,
        "values": ", ".join(sorted(condition.values)),
        "comparator": condition.comparator,
        "number": _number(condition.number),
    }
    if condition.comparator:
        # Translators: such as “wait” < 10.
        return _("“%(name)s” %(comparator)s %(number)s") % parts
    return _("“%(name)s” is one of: %(values)s") % parts


def suspension_words(item: Suspension) -> str:
    """Say that a resolution takes the case out of the promise."""
    parts = {
        "first": day_words(item.from_on),
        "last": ""
        if item.until_on is None
        else day_words(item.until_on - timedelta(days=1)),
    }
    if item.until_on is None:
        return (
            _(
                "The promise is suspended since %(first)s: figures are given with this "
                "case and without it."
            )
            % parts
        )
    return (
        _(
            "The promise was suspended from %(first)s to %(last)s, both included: "
            "figures are given with this case and without it."
        )
        % parts
    )


CROWDS = {
    "day": gettext_lazy(
        "On %(day)s there were %(came)s cases; the promise holds up to %(most)s a day."
    ),
    "month": gettext_lazy(
        "There were %(came)s cases in %(month)s; the promise holds up to %(most)s a month."
    ),
}


def _before(pause: PauseFound, timing: Timing) -> bool:
    """Say whether a pause had ended when the term began to count."""
    if pause.until is None or timing.since is None:
        return False
    return pause.until <= timing.since


def _days(promise: Promise) -> dict[str, str]:
    until = promise.until_on
    return {
        "first": day_words(promise.from_on),
        "last": "" if until is None else day_words(until - timedelta(days=1)),
    }


def _number(value: Decimal) -> str:
    return number(rounded(value))


# As plain text.


def as_text(view: CaseView) -> str:
    """Write a case for a terminal."""
    return "\n".join(_lines(view)) + "\n"


def _lines(view: CaseView) -> Iterator[str]:
    yield view.case
    yield view.as_of
    yield from view.ignored
    for finding in view.findings:
        yield ""
        yield from _finding_lines(finding)


def _finding_lines(finding: FindingView) -> Iterator[str]:
    yield f"{finding.part}: {finding.verdict}" if finding.part else finding.verdict
    for sentence in (
        *finding.why,
        *finding.promise,
        finding.start,
        *finding.limit,
        *finding.pauses,
        *finding.conditions,
        *finding.counted,
    ):
        yield f"  {sentence}"
    for event in finding.events:
        uses = " ".join(event.uses)
        yield f"  - {event.when}, {event.type}. {uses}".rstrip()
    for days in finding.days:
        yield f"  {days.title}"
        yield from (f"    {note}" for note in (*days.derivation.summary, *days.notes))
        for row in days.derivation.rows:
            so_far = f" ({row.so_far})" if row.so_far else ""
            yield f"    - {row.day}: {row.text}{so_far}"
    yield f"  {finding.zone}"
