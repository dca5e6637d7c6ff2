"""Calendars as those who keep them see them: a year at a glance, and what a change does."""

from calendar import Calendar as Weeks
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import formats
from django.utils.dates import MONTHS, WEEKDAYS, WEEKDAYS_ABBR
from django.utils.text import capfirst
from django.utils.translation import (
    get_language,
    gettext as _,
    ngettext,
    pgettext,
    pgettext_lazy,
)

from accounts.models import Organisation
from charters.models import Charter, Edition
from core.text import Words, words
from engine.worktime import (
    DayKind,
    DayState,
    HoursFrom,
    Level,
    Term,
    TermError,
    WorkCalendar as Compiled,
    changed_days,
)
from indicators.forms.calendars import LEVEL_NAMES, WEEKDAYS as WEEKDAY_CODES
from indicators.forms.day_fields import hours_text
from indicators.models import WorkCalendar
from indicators.queries.calendars import (
    CalendarLine,
    calendar_lines,
    ends_soon,
    history_of,
    is_beyond,
    too_short_for,
)
from indicators.queries.computing import compiled
from indicators.queries.impact import CaseImpact, Impact
from indicators.services.layers import Layer, layers_of
from web.presenters.numbers import quantity
from web.presenters.periods import VOWELS, civil_day, day_words, last_day

MOST_DAYS = 100  # listed one by one
SIDES = {
    "in_time": pgettext_lazy("case", "in time"),
    "late": pgettext_lazy("case", "late"),
    "counted": pgettext_lazy("case", "counted"),
    "excluded": pgettext_lazy("case", "excluded"),
    "not_computable": pgettext_lazy("case", "cannot be computed"),
    "": pgettext_lazy("case", "not a case"),
}


def weekday_words(day: date) -> str:
    """Write a day in full with its weekday: "Wednesday, 24 June 2026"."""
    return f"{capfirst(str(WEEKDAYS[day.weekday()]))}, {day_words(day)}"


def day_of_year_words(month: int, day: int) -> str:
    """Write a day of every year: "24 June"."""
    # See day_words: no format of Django's writes this in all our languages.
    name = str(formats.date_format(date(2024, month, 1), "F"))
    language = get_language()
    if language == "ca":
        return f"{day} {'d’' if name[0].lower() in VOWELS else 'de '}{name.lower()}"
    if language == "es":
        return f"{day} de {name.lower()}"
    return f"{day} {name.lower() if language == 'it' else name}"


# --- the list -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class UserLine:
    """A charter that counts with a calendar."""

    slug: str
    title: Words
    published: bool


@dataclass(frozen=True, slots=True)
class CalendarRow:
    """
    A calendar in the office's list.

    :ivar known_to: its last day.
    :ivar warnings: why it has to be looked at; empty if it has not.
    """

    code: str
    name: Words
    number: int
    known_to: str
    users: tuple[UserLine, ...]
    for_claims: bool
    warnings: tuple[str, ...]


def calendar_rows(
    organisation: Organisation, *, language: str, now: datetime
) -> list[CalendarRow]:
    """List an organisation's calendars, those that need attention first."""
    rows = [
        calendar_row(line, organisation, language=language, now=now)
        for line in calendar_lines(organisation)
    ]
    return sorted(
        rows, key=lambda row: (not row.warnings, row.name.text.casefold(), row.code)
    )


def calendar_row(
    line: CalendarLine, organisation: Organisation, *, language: str, now: datetime
) -> CalendarRow:
    """Put a calendar into a line of the list."""
    said = compiled(line.version)
    users = {
        use.charter: UserLine(
            use.charter,
            _titled(use.title, use.charter, language, use.language),
            use.published,
        )
        # The last edition of each charter gives its title; published ones come last.
        for use in sorted(line.uses, key=lambda use: use.published)
    }
    return CalendarRow(
        code=line.calendar.code,
        name=name_of(line.calendar, organisation, language),
        number=line.version.number,
        known_to=day_words(said.known_until - timedelta(days=1)),
        users=tuple(sorted(users.values(), key=lambda user: user.title.text)),
        for_claims=line.for_claims,
        warnings=tuple(_warnings(line, said, organisation, now)),
    )


def name_of(calendar: WorkCalendar, organisation: Organisation, language: str) -> Words:
    """Return a calendar's name for a reader; its code if it has none."""
    return _titled(calendar.name, calendar.code, language, organisation.language)


def _titled(text: Mapping[str, str], code: str, language: str, source: str) -> Words:
    found = words(text, language, source=source)
    return found if found.text else Words(code, language)


def _warnings(
    line: CalendarLine, said: Compiled, organisation: Organisation, now: datetime
) -> Iterator[str]:
    today = now.astimezone(said.zone).date()
    last = said.known_until - timedelta(days=1)
    if last < today:
        yield _("It ended on %(day)s: no later day is known.") % {
            "day": day_words(last)
        }
    elif ends_soon(said, today=today):
        days = (last - today).days
        yield ngettext(
            "It ends in %(n)d day, on %(day)s.",
            "It ends in %(n)d days, on %(day)s.",
            days,
        ) % {"n": days, "day": day_words(last)}
    bare = years_without_holidays(said)
    if bare:
        yield _("It has no holiday in these years: %(years)s.") % {"years": bare}
    beyond = too_short_for(said, line.uses, now=now)
    for indicator, term in dict.fromkeys((use.indicator, term) for use, term in beyond):
        yield _(
            "%(indicator)s: a case that begins now would be due beyond its last day "
            "(%(term)s)."
        ) % {"indicator": indicator, "term": _term_words(term)}
    answer = _claim_term(organisation) if line.for_claims else None
    if answer is not None and is_beyond(said, answer, start=now):
        yield _(
            "Claims: one that is filed now would be due beyond its last day (%(term)s)."
        ) % {"term": _term_words(answer)}


def years_without_holidays(said: Compiled) -> str:
    """
    Name the years that a calendar knows without a single holiday, such as 2024–2025.

    Nearly always their holidays have been forgotten. Where every day of the week
    works there may be none.
    """
    if len(said.definition.working_weekdays) == len(WEEKDAY_CODES):
        return ""
    known = range(said.known_from.year, (said.known_until - timedelta(days=1)).year + 1)
    held = {day.year for day in said.holidays if said.knows(day)}
    runs: list[list[int]] = []
    for year in known:
        if year in held:
            continue
        if runs and runs[-1][-1] == year - 1:
            runs[-1].append(year)
        else:
            runs.append([year])
    return ", ".join(
        str(run[0]) if len(run) == 1 else f"{run[0]}–{run[-1]}" for run in runs
    )


def _claim_term(organisation: Organisation) -> Term | None:
    try:
        return Term.from_definition(organisation.claim_term)
    except TermError:
        return None


def _term_words(term: Term) -> str:
    return quantity(term.amount, term.unit)


# --- a year ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cell:
    """
    A day in a month's table.

    :ivar mark: one letter for the eye; empty for an ordinary day.
    :ivar text: what it stands for, for those who do not see it.
    :ivar tone: the same for the style sheet.
    """

    number: int
    mark: str
    text: str
    tone: str
    today: bool


@dataclass(frozen=True, slots=True)
class Month:
    """A month as a table of weeks; cells of other months are ``None``."""

    name: str
    weeks: tuple[tuple[Cell | None, ...], ...]
    note: str


@dataclass(frozen=True, slots=True)
class SpecialDay:
    """
    A holiday, or a day that works after all, with who says so.

    :ivar source: a legal reference or an address.
    :ivar link: the address, if that is what the source is.
    """

    day: date
    when: str
    what: str
    level: str
    layer: str
    source: str
    link: str


@dataclass(frozen=True, slots=True)
class OwnHours:
    """A day with opening hours of its own."""

    when: str
    hours: str


@dataclass(frozen=True, slots=True)
class Year:
    """What a calendar says of a year."""

    number: int
    months: tuple[Month, ...]
    weekdays: tuple[tuple[str, str], ...]  # short and full
    working_days: str
    special: tuple[SpecialDay, ...]
    own_hours: tuple[OwnHours, ...]


def year_of(
    said: Compiled, definition: Mapping[str, Any], year: int, *, today: date
) -> Year:
    """Lay a year out: twelve months, and the days that are not like the others."""
    after_all = _working_after_all(said, definition, year)
    months = tuple(_month(said, year, month, after_all, today) for month in MONTHS)
    return Year(
        number=year,
        months=months,
        weekdays=tuple(
            (str(WEEKDAYS_ABBR[number]), str(WEEKDAYS[number])) for number in WEEKDAYS
        ),
        working_days=_working_words(said, date(year, 1, 1), date(year + 1, 1, 1)),
        special=tuple(
            sorted([*_holidays(said, year), *after_all.values()], key=lambda x: x.day)
        ),
        own_hours=tuple(_own_hours(said, year)),
    )


def _days(first: date, until: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((until - first).days)]


def _working_words(said: Compiled, first: date, until: date) -> str:
    days = _days(first, until)
    if not any(map(said.knows, days)):
        return _("not known")
    number = sum(said.knows(day) and said.is_working_day(day) for day in days)
    return ngettext("%(n)d working day", "%(n)d working days", number) % {"n": number}


def _month(
    said: Compiled,
    year: int,
    month: int,
    after_all: Mapping[date, SpecialDay],
    today: date,
) -> Month:
    first = date(year, month, 1)
    until = date(year + month // 12, month % 12 + 1, 1)
    return Month(
        name=capfirst(str(MONTHS[month])),
        weeks=tuple(
            tuple(
                _cell(said, day, day in after_all, today)
                if day.month == month
                else None
                for day in week
            )
            for week in Weeks().monthdatescalendar(year, month)
        ),
        note=_working_words(said, first, until),
    )


def _cell(said: Compiled, day: date, after_all: bool, today: date) -> Cell:
    mark = tone = text = ""
    if not said.knows(day):
        mark, tone, text = (
            pgettext("mark in a calendar", "?"),
            "unknown",
            _("not known"),
        )
    else:
        state = said.day_state(day)
        if state.holiday is not None:
            mark, tone = pgettext("mark in a calendar: holiday", "H"), "holiday"
        elif state.hours_from is HoursFrom.OVERRIDE:
            mark, tone = pgettext("mark in a calendar: own hours", "S"), "hours"
        elif after_all:
            mark, tone = pgettext("mark in a calendar: works after all", "W"), "works"
        elif state.kind is DayKind.WEEKEND:
            tone = "idle"
        if mark:
            text = state_words(state)
    return Cell(day.day, mark, text, tone, day == today)


def _holidays(said: Compiled, year: int) -> Iterator[SpecialDay]:
    for day in said.holidays:
        if day.year != year or not said.knows(day):
            continue
        holiday = said.holiday_of(day)
        if holiday is not None:
            yield _special(
                day,
                holiday.name or _("(no name)"),
                holiday.level,
                holiday.layer or holiday.code,
                holiday.source,
            )


def _special(day: date, what: str, level: Level, layer: str, source: str) -> SpecialDay:
    return SpecialDay(
        day=day,
        when=weekday_words(day),
        what=what,
        level=str(LEVEL_NAMES[level]),
        layer=layer,
        source=source,
        link=source if source.startswith(("https://", "http://")) else "",
    )


def _working_after_all(
    said: Compiled, definition: Mapping[str, Any], year: int
) -> dict[date, SpecialDay]:
    """Return the days that a layer makes working days, and that are."""
    found = {}
    for layer in layers_of(definition):
        for text in layer.working:
            day = date.fromisoformat(text)
            if day.year == year and said.knows(day) and said.is_working_day(day):
                found[day] = _special(
                    day,
                    _("Working day after all"),
                    layer.level,
                    layer.name or layer.code,
                    layer.source,
                )
    return found


def _own_hours(said: Compiled, year: int) -> Iterator[OwnHours]:
    for day in sorted(said.definition.overrides):
        if day.year == year and said.knows(day):
            state = said.day_state(day)
            yield OwnHours(weekday_words(day), state_words(state))


def state_words(state: DayState | None) -> str:
    """Say what a day is, and when the office is open on it."""
    if state is None:
        return _("not known")
    hours = _hours_words(state.hours)
    if state.holiday is not None:
        return _holiday_words(state.holiday.name, hours)
    if state.works:
        if hours:
            return _("working day, open %(hours)s") % {"hours": hours}
        return _("working day, closed")
    if hours:
        return _("not a working day, open %(hours)s") % {"hours": hours}
    return _("not a working day, closed")


def _hours_words(hours: Iterable[Sequence[str]]) -> str:
    # A line may break between two intervals, not within one.
    return hours_text(hours).replace("-", "\N{NON-BREAKING HYPHEN}")


def _holiday_words(name: str, hours: str) -> str:
    name = name or _("(no name)")
    if hours:
        return _("holiday: %(name)s, open %(hours)s") % {"name": name, "hours": hours}
    return _("holiday: %(name)s") % {"name": name}


# --- the week -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WeekdayLine:
    """A weekday: whether it works, and its hours in each part of the year."""

    name: str
    works: bool
    hours: tuple[tuple[str, str], ...]  # part of the year, and hours or empty


def part_names(definition: Mapping[str, Any]) -> list[str]:
    """Name the parts of the year that have opening hours of their own."""
    seasons = definition.get("seasons", [])
    whole = _("The rest of the year") if seasons else _("All year")
    return [*map(_season_words, seasons), whole]


def _season_words(season: Mapping[str, Any]) -> str:
    first = date.fromisoformat(f"2024-{season['from']}")
    last = date.fromisoformat(f"2024-{season['until']}") - timedelta(days=1)
    return _span_words(
        day_of_year_words(first.month, first.day),
        day_of_year_words(last.month, last.day),
    )


def _span_words(first: str, last: str) -> str:
    # No words: "from" and "to" would need articles that depend on the number.
    return f"{first} – {last}"


def week_lines(definition: Mapping[str, Any]) -> list[WeekdayLine]:
    """List the seven weekdays with their hours in each part of the year."""
    parts = part_names(definition)
    weeks = [
        *(season.get("weekly", {}) for season in definition.get("seasons", [])),
        definition.get("weekly", {}),
    ]
    working = definition.get("working_weekdays", WEEKDAY_CODES[:5])
    return [
        WeekdayLine(
            name=capfirst(str(WEEKDAYS[number])),
            works=code in working,
            hours=tuple(
                (part, _hours_words(week.get(code, [])))
                for part, week in zip(parts, weeks, strict=True)
            ),
        )
        for number, code in enumerate(WEEKDAY_CODES)
    ]


# --- what a change does ---------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """
    Days that change in the same way.

    :ivar when: the day; of several, how many, from which to which.
    :ivar days: of several, each of them, as many as can be looked through.
    :ivar more: how many there are besides.
    """

    when: str
    days: tuple[str, ...]
    more: int
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Changes:
    """
    The days on which two versions differ.

    :ivar lines: those that become working days or stop being it come first.
    :ivar texts_only: nothing but names, sources or the like is different.
    """

    lines: tuple[ChangeLine, ...]
    texts_only: bool


def changes_between(
    before: Mapping[str, Any], after: Mapping[str, Any], *, renamed: bool = False
) -> Changes:
    """List the days that change from one definition to another."""
    old, new = Compiled.from_definition(before), Compiled.from_definition(after)
    groups: dict[tuple[str, str], list[date]] = {}
    for first, until in changed_days(old, new):
        for day in _days(first, until):
            pair = _pair(_state(old, day), _state(new, day))
            groups.setdefault(pair, []).append(day)
    return Changes(
        tuple(
            _change_line(old, new, pair, days)
            for pair, days in sorted(
                groups.items(), key=lambda item: _rank(old, new, item[1])
            )
        ),
        not groups and (renamed or before != after),
    )


def _state(said: Compiled, day: date) -> DayState | None:
    return said.day_state(day) if said.knows(day) else None


def _pair(one: DayState | None, other: DayState | None) -> tuple[str, str]:
    # A year that becomes known is one line, not one for each sort of its days.
    if one is None:
        return state_words(None), ""
    if other is None:
        return "", state_words(None)
    return state_words(one), state_words(other)


def _rank(old: Compiled, new: Compiled, days: Sequence[date]) -> tuple[bool, date]:
    one, other = _state(old, days[0]), _state(new, days[0])
    same = one is not None and other is not None and one.works == other.works
    return same, days[0]


def _change_line(
    old: Compiled, new: Compiled, pair: tuple[str, str], days: Sequence[date]
) -> ChangeLine:
    before, after = pair
    listed = days if before and after and len(days) > 1 else ()
    return ChangeLine(
        when=_run_words(days),
        days=tuple(map(weekday_words, listed[:MOST_DAYS])),
        more=max(0, len(listed) - MOST_DAYS),
        before=before or _summary(old, days),
        after=after or _summary(new, days),
    )


def _run_words(days: Sequence[date]) -> str:
    if len(days) == 1:
        return weekday_words(days[0])
    return ngettext("%(n)d day, %(span)s", "%(n)d days, %(span)s", len(days)) % {
        "n": len(days),
        "span": _span_words(day_words(days[0]), day_words(days[-1])),
    }


def _summary(said: Compiled, days: Sequence[date]) -> str:
    working = sum(map(said.is_working_day, days))
    holidays = sum(said.holiday_of(day) is not None for day in days)
    return _("known: %(working)s, %(holidays)s") % {
        "working": ngettext("%(n)d working day", "%(n)d working days", working)
        % {"n": working},
        "holidays": ngettext("%(n)d holiday", "%(n)d holidays", holidays)
        % {"n": holidays},
    }


@dataclass(frozen=True, slots=True)
class CharterEffect:
    """What a change does to the cases of a charter."""

    slug: str
    title: Words
    saved: int
    broken: int
    moved: int
    no_longer_computable: int
    newly_computable: int


@dataclass(frozen=True, slots=True)
class CaseEffect:
    """What a change does to one case."""

    indicator: str
    case: str
    before: str
    after: str
    turns: bool


@dataclass(frozen=True, slots=True)
class Effect:
    """What a change does to the cases that are counted with a calendar."""

    charters: tuple[CharterEffect, ...]
    cases: tuple[CaseEffect, ...]
    final_lines: int


def effect_of(impact: Impact, *, language: str, zone: str) -> Effect:
    """Put what a change would do into words; one query for the charters' titles."""
    titles = _titles([item.charter for item in impact.charters], language)
    charters = [
        CharterEffect(
            slug=item.charter.slug,
            title=titles.get(item.charter.pk, Words(item.charter.slug, language)),
            saved=item.saved,
            broken=item.broken,
            moved=item.moved,
            no_longer_computable=item.no_longer_computable,
            newly_computable=item.newly_computable,
        )
        for item in impact.charters
    ]
    return Effect(
        tuple(sorted(charters, key=lambda item: item.title.text.casefold())),
        tuple(_case_effect(case, zone) for case in impact.cases),
        impact.final_lines,
    )


def _titles(charters: Iterable[Charter], language: str) -> dict[int, Words]:
    newest = (
        Edition.objects.filter(charter__in=charters)
        .defer("snapshot")
        .order_by("charter_id", "-number")
        .distinct("charter_id")
    )
    return {
        edition.charter_id: words(
            edition.title, language, source=edition.source_language
        )
        for edition in newest
    }


def _case_effect(case: CaseImpact, zone: str) -> CaseEffect:
    return CaseEffect(
        indicator=case.indicator,
        case=case.case,
        before=_due_words(case.due_before, case.side_before, zone),
        after=_due_words(case.due_after, case.side_after, zone),
        turns=case.side_before != case.side_after,
    )


def _due_words(due_at: datetime | None, side: str, zone: str) -> str:
    state = str(SIDES[side])
    if due_at is None:
        return state
    local = due_at.astimezone(ZoneInfo(zone))
    if (local.hour, local.minute, local.second) == (0, 0, 0):
        due = day_words(last_day(due_at, zone))
    else:
        due = f"{day_words(civil_day(due_at, zone))}, {local:%H:%M}"
    return _("%(state)s (due by %(due)s)") % {"state": state, "due": due}


# --- what is about to be taken in -------------------------------------------------


@dataclass(frozen=True, slots=True)
class Offer:
    """
    A day that a list or a file brings.

    :ivar value: what its checkbox sends.
    :ivar note: what the layer says of that day now; empty if nothing.
    :ivar line: where in the file it stands; 0 if it comes from no file.
    """

    value: str
    when: str
    name: str
    note: str
    line: int


@dataclass(frozen=True, slots=True)
class OfferGroup:
    """
    The days that one layer would get.

    :ivar missing: days that the layer has in those years and the list has not.
    """

    level: str
    name: str
    source: str
    offers: tuple[Offer, ...]
    missing: tuple[str, ...]


def offers_of(
    layers: Sequence[Layer],
    definition: Mapping[str, Any],
    years: range,
    lines: Mapping[str, int],
) -> list[OfferGroup]:
    """
    List the days that could be taken into a calendar, beside what it says now.

    :param lines: where in a file each day stands.
    """
    present = {layer.key: layer for layer in layers_of(definition)}
    return [
        _offer_group(number, layer, present.get(layer.key), years, lines)
        for number, layer in enumerate(layers)
    ]


def _offer_group(
    number: int,
    layer: Layer,
    present: Layer | None,
    years: range,
    lines: Mapping[str, int],
) -> OfferGroup:
    present = present or Layer(layer.level, layer.code)
    offered = sorted([*layer.holidays, *layer.working])
    return OfferGroup(
        level=str(LEVEL_NAMES[layer.level]),
        name=layer.name or layer.code,
        source=layer.source,
        offers=tuple(
            Offer(
                value=f"{number} {day}",
                when=weekday_words(date.fromisoformat(day)),
                name=layer.holidays[day] or _("(no name)")
                if day in layer.holidays
                else _("Working day after all"),
                note=_note(layer, present, day),
                line=lines.get(day, 0),
            )
            for day in offered
        ),
        missing=tuple(
            f"{weekday_words(date.fromisoformat(day))}: {name}"
            for day, name in sorted(present.holidays.items())
            if not day.startswith("*")
            and int(day[:4]) in years
            and day not in layer.holidays
        ),
    )


def _note(layer: Layer, present: Layer, day: str) -> str:
    if day in layer.working:
        return _("already there") if day in present.working else ""
    if day not in present.holidays:
        return ""
    if present.holidays[day] == layer.holidays[day]:
        return _("already there")
    return _("now there as “%(name)s”") % {
        "name": present.holidays[day] or _("(no name)")
    }


# --- versions ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A version in a calendar's history, in words."""

    number: int
    when: str
    by: str
    reason: str


def version_rows(calendar: WorkCalendar, *, zone: str) -> list[VersionRow]:
    """List what a calendar has said, the newest first."""
    return [
        VersionRow(
            line.number,
            day_words(civil_day(line.created_at, zone)),
            line.by,
            line.reason,
        )
        for line in history_of(calendar)
    ]
