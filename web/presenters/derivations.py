"""
The days that lead to a deadline, or that a case took, in words.

Every sentence comes from a :class:`engine.worktime.Derivation`; nothing is counted
here. A long run of days has a summary that says the same in few words.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.utils import formats
from django.utils.translation import (
    get_language,
    gettext as _,
    gettext_lazy,
    ngettext,
    ngettext_lazy,
)

from engine.worktime import (
    RESOLUTION,
    CutOff,
    DayOne,
    Derivation,
    DerivationKind,
    Ends,
    Entry,
    Holiday,
    HoursFrom,
    Level,
    Step,
    StepKind,
    Term,
    Unit,
)
from engine.worktime.civil import clock_time
from web.presenters.numbers import number, quantity
from web.presenters.periods import day_words

# More rows than these are folded away behind their summary.
MOST_OPEN = 10
MINUTE = 60_000_000  # microseconds
MONTHLY = (Unit.MONTHS, Unit.YEARS)


@dataclass(frozen=True, slots=True)
class StepRow:
    """
    One day of a derivation.

    :ivar so_far: what had counted by its end, of the whole.
    """

    day: str
    iso: str
    text: str
    so_far: str
    counts: bool


@dataclass(frozen=True, slots=True)
class DerivationView:
    """
    A derivation, ready to be read.

    :ivar summary: whole sentences, the answer last.
    :ivar skipped: what did not count, each with how many days.
    :ivar folded: there are so many rows that they are better folded away.
    """

    term: str
    summary: tuple[str, ...]
    skipped: tuple[str, ...]
    rows: tuple[StepRow, ...]
    folded: bool
    zone: str

    @property
    def zone_words(self) -> str:
        """Name the clock that every time here is read from."""
        return zone_words(self.zone)


def derivation_view(told: Derivation) -> DerivationView:
    """Put a derivation into words."""
    rows = tuple(_rows(told))
    return DerivationView(
        term="" if told.term is None else term_words(told.term),
        summary=tuple(_summary(told)),
        skipped=tuple(_skipped(told.steps)),
        rows=rows,
        folded=len(rows) > MOST_OPEN,
        zone=told.zone,
    )


# Days, times and amounts.


def zone_words(zone: str) -> str:
    """Name a time zone in a sentence."""
    return _("Days and times are those of the time zone %(zone)s.") % {"zone": zone}


def weekday_words(day: date) -> str:
    """Write a day in full with its day of the week."""
    # Django's Italian ones begin with a capital.
    weekday = formats.date_format(day, "l")
    if get_language() != "en":
        weekday = weekday.lower()
    # Translators: such as "Thursday 24 December 2026".
    return _("%(weekday)s %(date)s") % {"weekday": weekday, "date": day_words(day)}


def clock_words(at: datetime, zone: ZoneInfo) -> str:
    """Write a time of day, with seconds if there are any."""
    local = at.astimezone(zone)
    return f"{local:%H:%M:%S}" if local.second else f"{local:%H:%M}"


def moment_words(at: datetime, zone: str) -> str:
    """Write an instant with its day of the week."""
    place = ZoneInfo(zone)
    return _("%(time)s on %(day)s") % {
        "time": clock_words(at, place),
        "day": weekday_words(at.astimezone(place).date()),
    }


def duration_words(micros: int) -> str:
    """Write an exact time in hours, minutes and seconds."""
    seconds, rest = divmod(abs(micros), 1_000_000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    second = Decimal(seconds) + Decimal(rest) / 1_000_000
    parts = []
    if hours:
        parts.append(_("%(hours)s h") % {"hours": number(hours)})
    if minutes:
        parts.append(_("%(minutes)s min") % {"minutes": number(minutes)})
    if second or not parts:
        parts.append(_("%(seconds)s s") % {"seconds": number(second)})
    # Units of measurement stand side by side in every language.
    words = "\N{NO-BREAK SPACE}".join(parts)
    return f"\N{MINUS SIGN}{words}" if micros < 0 else words


def due_words(due_at: datetime, zone: str) -> str:
    """Say which is the last moment of a term, and what is late."""
    last = due_at - RESOLUTION
    local = due_at.astimezone(ZoneInfo(zone))
    if local.second or local.microsecond:
        return _("The last moment is %(last)s; later than that it is late.") % {
            "last": moment_words(last, zone)
        }
    return _("The last moment is %(last)s; from %(late)s on it is late.") % {
        "last": moment_words(due_at - timedelta(minutes=1), zone),
        "late": moment_words(due_at, zone),
    }


# Terms.


def term_words(term: Term) -> str:
    """Write a term, such as "10 working days"."""
    return quantity(term.amount, term.unit.value)


def term_rules(term: Term) -> tuple[str, ...]:
    """Say how a term is counted, in whole sentences."""
    rules: list[str] = [*_entry_rules(term)]
    if term.unit.is_days:
        rules.append(
            _("The first day that counts is the next one.")
            if term.day_one is DayOne.NEXT
            else _("The first day that counts is the very day on which it begins.")
        )
    if term.unit.is_days and term.unit is not Unit.WORKING_DAYS and term.roll:
        rules.append(
            _("A last day that is not a working day moves to the next working day.")
        )
    if term.ends is Ends.TIME:
        rules.append(_("The last day ends at the time of day at which it began."))
    elif term.ends is Ends.CLOSING:
        rules.append(_("The last day ends when the office closes."))
    return tuple(rules)


def _entry_rules(term: Term) -> Iterator[str]:
    if isinstance(term.entry, CutOff):
        yield _(
            "What comes from %(late)s on, or on a day that is not a working day, counts "
            "as come at %(from)s on the next working day."
        ) % {
            "late": clock_time(term.entry.at),
            "from": clock_time(term.entry.counted_from),
        }
    elif term.entry is Entry.NEXT_OPENING:
        yield _("What comes while the office is closed counts from its next opening.")
    elif term.entry is Entry.NEXT_WORKING_DAY:
        yield _(
            "What comes on a day that is not a working day counts from the first hour "
            "of the next working day."
        )


# Rows.


def _rows(told: Derivation) -> Iterator[StepRow]:
    exact = 0
    for step in told.steps:
        exact += step.exact
        yield StepRow(
            day=weekday_words(step.day),
            iso=step.day.isoformat(),
            text=step_words(step, told),
            so_far=_so_far(exact, told) if step.exact else "",
            counts=bool(step.exact),
        )
    for step in told.after:
        yield StepRow(
            day=weekday_words(step.day),
            iso=step.day.isoformat(),
            text=step_words(step, told),
            so_far="",
            counts=False,
        )


def _so_far(exact: int, told: Derivation) -> str:
    if told.unit.is_duration:
        done = duration_words(exact)
        whole = "" if told.term is None else duration_words(told.term.microseconds)
    else:
        done = number(exact)
        whole = "" if told.term is None else number(told.term.amount)
    if not whole:
        return done
    # Translators: how much of a term has passed, such as "3 of 10".
    return _("%(done)s of %(whole)s") % {"done": done, "whole": whole}


def step_words(step: Step, told: Derivation) -> str:
    """Say what became of one day."""
    return STEPS[step.kind](step, told)


def _entry(step: Step, told: Derivation) -> str:
    if step.since is None or step.until is None:
        return ""
    return _("It came at %(since)s and counts from %(until)s.") % {
        "since": clock_words(step.since, ZoneInfo(told.zone)),
        "until": moment_words(step.until, told.zone),
    }


def _start(_step: Step, _told: Derivation) -> str:
    return _("The day on which it begins does not count.")


def _day_one(_step: Step, _told: Derivation) -> str:
    return _("The first day that counts.")


def _counted(step: Step, told: Derivation) -> str:
    if told.unit.is_duration:
        return _open(step, told)
    if told.unit in MONTHLY:
        if told.kind is DerivationKind.ELAPSED:
            return _("Counted from date to date up to this day.")
        return _("Counted from date to date, the term ends on this day.")
    return _("Counts.")


def _open(step: Step, told: Derivation) -> str:
    parts = {
        "amount": duration_words(step.exact),
        "spans": _spans(step.intervals, told.zone),
        "paused": _spans(step.paused, told.zone),
    }
    if step.paused:
        return (
            _(
                "%(amount)s count, from %(spans)s. The clock stands still from "
                "%(paused)s."
            )
            % parts
        )
    return _("%(amount)s count, from %(spans)s.") % parts


def _spans(spans: Iterable[tuple[datetime, datetime]], zone: str) -> str:
    place = ZoneInfo(zone)
    written = []
    for start, end in spans:
        till = clock_words(end, place)
        if till == "00:00" and end > start:
            till = "24:00"
        # Translators: a stretch of time within a day.
        written.append(
            _("%(from)s to %(until)s")
            % {"from": clock_words(start, place), "until": till}
        )
    return ", ".join(written)


HOLIDAYS = {
    Level.STATE: gettext_lazy("Not a working day: state holiday, %(name)s."),
    Level.REGION: gettext_lazy("Not a working day: regional holiday, %(name)s."),
    Level.MUNICIPALITY: gettext_lazy("Not a working day: local holiday, %(name)s."),
    Level.OFFICE: gettext_lazy("Not a working day: holiday, %(name)s."),
}
SOURCED_HOLIDAYS = {
    Level.STATE: gettext_lazy(
        "Not a working day: state holiday, %(name)s (%(source)s)."
    ),
    Level.REGION: gettext_lazy(
        "Not a working day: regional holiday, %(name)s (%(source)s)."
    ),
    Level.MUNICIPALITY: gettext_lazy(
        "Not a working day: local holiday, %(name)s (%(source)s)."
    ),
    Level.OFFICE: gettext_lazy("Not a working day: holiday, %(name)s (%(source)s)."),
}


def _holiday(step: Step, _told: Derivation) -> str:
    holiday = step.holiday or Holiday(step.note)
    if not holiday.name:
        return _("Not a working day: holiday.")
    sentences = SOURCED_HOLIDAYS if holiday.source else HOLIDAYS
    return str(sentences[holiday.level]) % {
        "name": holiday.name,
        "source": holiday.source,
    }


def _weekend(_step: Step, _told: Derivation) -> str:
    return _("Not a working day of the week.")


CLOSED = {
    HoursFrom.WEEKLY: gettext_lazy("The office does not open on this day of the week."),
    HoursFrom.OVERRIDE: gettext_lazy("The office is closed on this very date."),
    HoursFrom.SEASON: gettext_lazy("The office is closed, by the hours of the season."),
}
OUTSIDE = {
    HoursFrom.OVERRIDE: gettext_lazy(
        "Outside opening hours, which on this very date are from %(hours)s."
    ),
    HoursFrom.SEASON: gettext_lazy(
        "Outside opening hours, which in this season are from %(hours)s."
    ),
}


def _outside(step: Step, _told: Derivation) -> str:
    if step.hours:
        hours = ", ".join(
            _("%(from)s to %(until)s") % {"from": opens, "until": closes}
            for opens, closes in step.hours
        )
        sentence = (
            OUTSIDE.get(step.hours_from, _("Outside opening hours, from %(hours)s."))
            if step.hours_from
            else _("Outside opening hours, from %(hours)s.")
        )
        return str(sentence) % {"hours": hours}
    if step.hours_from in CLOSED:
        return str(CLOSED[step.hours_from])
    return _("No time of this day counts.")


def _paused(step: Step, told: Derivation) -> str:
    if step.since is not None:
        return _(
            "The clock stands still from %(time)s on, and has not started again."
        ) % {"time": clock_words(step.since, ZoneInfo(told.zone))}
    if step.paused:
        return _("The clock stands still from %(paused)s.") % {
            "paused": _spans(step.paused, told.zone)
        }
    return _("The clock stands still.")


def _rolled(_step: Step, _told: Derivation) -> str:
    return _("The term moves to this working day, since its last day was not one.")


def _ends(step: Step, told: Derivation) -> str:
    if step.until is None:
        return ""
    time = {"time": clock_words(step.until, ZoneInfo(told.zone))}
    if told.term is not None and told.term.ends is Ends.CLOSING:
        return _("The last day ends at %(time)s, when the office closes.") % time
    return _("The last day ends at %(time)s, the time at which the term began.") % time


def _resumes(step: Step, told: Derivation) -> str:
    if step.since is None:
        return ""
    return _("Time counts again from %(time)s on: up to then no more has passed.") % {
        "time": clock_words(step.since, ZoneInfo(told.zone))
    }


STEPS: dict[StepKind, Callable[[Step, Derivation], str]] = {
    StepKind.ENTRY: _entry,
    StepKind.START: _start,
    StepKind.DAY_ONE: _day_one,
    StepKind.COUNTED: _counted,
    StepKind.OPEN: _open,
    StepKind.HOLIDAY: _holiday,
    StepKind.WEEKEND: _weekend,
    StepKind.OUTSIDE_HOURS: _outside,
    StepKind.PAUSED: _paused,
    StepKind.ROLLED: _rolled,
    StepKind.ENDS: _ends,
    StepKind.RESUMES: _resumes,
}


# The summary.


def _summary(told: Derivation) -> Iterator[str]:
    yield from _from_when(told)
    counted = [step for step in told.steps if step.exact]
    if counted and not told.unit.is_duration and told.unit not in MONTHLY:
        yield _days_counted(counted)
    yield from _answer(told)


def _from_when(told: Derivation) -> Iterator[str]:
    parts = {
        "start": moment_words(told.start, told.zone),
        "counted": moment_words(told.counted_from, told.zone),
    }
    if told.term is not None:
        parts["term"] = term_words(told.term)
        if told.counted_from != told.start:
            yield (
                _(
                    "The term is %(term)s. It was set off at %(start)s and counts from "
                    "%(counted)s."
                )
                % parts
            )
        else:
            yield _("The term is %(term)s and counts from %(start)s.") % parts
    elif told.end is not None:
        parts["end"] = moment_words(told.end, told.zone)
        yield _("Counted from %(start)s to %(end)s.") % parts


def _days_counted(counted: list[Step]) -> str:
    return ngettext(
        "%(n)s day counted: %(first)s.",
        "%(n)s days counted, the first on %(first)s and the last on %(last)s.",
        len(counted),
    ) % {
        "n": number(len(counted)),
        "first": weekday_words(counted[0].day),
        "last": weekday_words(counted[-1].day),
    }


def _answer(told: Derivation) -> Iterator[str]:
    if told.due_at is not None:
        yield due_words(told.due_at, told.zone)
    elif told.kept_from is not None:
        yield _("From %(moment)s on the notice is long enough.") % {
            "moment": moment_words(told.kept_from, told.zone)
        }
    elif told.kind is DerivationKind.ELAPSED:
        yield _("In all: %(amount)s.") % {"amount": elapsed_words(told)}
    else:
        yield _("The clock stands still without an end so far, so nothing is due yet.")


def elapsed_words(told: Derivation) -> str:
    """Write how much time passed."""
    if told.unit.is_duration:
        return duration_words(told.total_exact)
    return quantity(told.total, told.unit.value)


SKIPPED = {
    StepKind.WEEKEND: ngettext_lazy(
        "%(n)s day of the week that is not a working day",
        "%(n)s days of the week that are not working days",
        "count",
    ),
    StepKind.OUTSIDE_HOURS: ngettext_lazy(
        "%(n)s day without opening hours", "%(n)s days without opening hours", "count"
    ),
    StepKind.PAUSED: ngettext_lazy(
        "%(n)s day on which the clock stood still",
        "%(n)s days on which the clock stood still",
        "count",
    ),
}


def _skipped(steps: Iterable[Step]) -> Iterator[str]:
    kinds: Counter[StepKind] = Counter()
    holidays = []
    for step in steps:
        if step.kind is StepKind.HOLIDAY:
            holidays.append(step)
        elif step.kind in SKIPPED:
            kinds[step.kind] += 1
    if holidays:
        yield _holidays(holidays)
    for kind, words in SKIPPED.items():
        if kinds[kind]:
            yield str(words % {"n": number(kinds[kind]), "count": kinds[kind]})


def _holidays(steps: list[Step]) -> str:
    names = ", ".join(
        _("%(name)s (%(day)s)") % {"name": step.note, "day": day_words(step.day)}
        if step.note
        else day_words(step.day)
        for step in steps
    )
    return ngettext(
        "%(n)s holiday: %(names)s", "%(n)s holidays: %(names)s", len(steps)
    ) % {"n": number(len(steps)), "names": names}
