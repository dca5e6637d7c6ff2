"""Rules and logs drawn at random, over all of the rule language."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from engine.cases import Covers, Event, Promise, Suspension
from engine.measures import Kind
from engine.rules import Rule
from engine.worktime import WorkCalendar

ZONE = ZoneInfo("Europe/Madrid")
CALENDAR = WorkCalendar.from_definition(
    {
        "zone": "Europe/Madrid",
        "known_from": "2025-06-01",
        "known_until": "2027-01-01",
        "weekly": {
            day: [["09:00", "14:00"], ["16:00", "19:00"]]
            for day in ("mon", "tue", "wed", "thu", "fri")
        },
        "holidays": {"2026-03-19": "Sant Josep", "2026-04-03": "Divendres Sant"},
    }
)
# Half an hour apart over seven weeks, the change of clocks of 29 March within.
FIRST = datetime(2026, 3, 6, 22, 0, tzinfo=UTC)
STEP = timedelta(minutes=30)
STEPS = 7 * 7 * 48

TYPES = (
    *("opened", "closed", "complete", "asked", "replied", "reopened", "gone"),
    *("void", "merged", "same", "extended", "scored", "done", "planned", "note"),
)
CHANNELS = ("web", "desk")
DAYS = ("working_days", "calendar_days")
HOURS = ("elapsed_hours", "open_hours", "legal_hours")


def some(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Now and then; ``None`` leaves a part out."""
    return st.integers(0, 4).flatmap(lambda n: strategy if n == 4 else st.none())


def without_nothing(parts: dict[str, Any]) -> dict[str, Any]:
    return {name: part for name, part in parts.items() if part is not None}


def objects(**parts: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(parts).map(without_nothing)


def of(*types: str) -> st.SearchStrategy[dict[str, Any]]:
    return objects(
        types=st.just(list(types)), pick=some(st.sampled_from(["first", "last"]))
    )


terms = objects(
    amount=st.integers(1, 12).map(str),
    unit=st.sampled_from([*DAYS, *HOURS]),
    day_one=some(st.sampled_from(["next", "same"])),
    roll=some(st.booleans()),
) | st.just({"amount": "1", "unit": "months"})
carried = st.just({"attribute": "due"})
month_days = st.sampled_from(["03-10", "03-25", "04-05"])
conditions = st.sampled_from(
    [
        {"attribute": "channel", "in": ["web"]},
        {"attribute": "wait", "<": "10"},
        {"value_of": ["scored"], ">=": "5"},
        {"has": ["note"], "reason": "noted"},
    ]
)
limits_by_case = st.lists(
    objects(
        where=some(st.lists(conditions, max_size=1)),
        season=some(
            st.tuples(month_days, month_days)
            .filter(lambda pair: pair[0] != pair[1])
            .map(lambda pair: {"from": pair[0], "until": pair[1]})
        ),
        limit=terms | carried,
    ),
    max_size=2,
)
pauses = st.lists(
    st.just({"from": ["asked"], "until": ["replied"]})
    | st.just(
        {
            "from": ["asked"],
            "until": ["replied"],
            "at_most": {"amount": "2", "unit": "working_days"},
        }
    ),
    min_size=1,
    max_size=1,
)
of_any_case = {
    "where": some(some(st.lists(conditions, max_size=1))),
    "exclude": some(some(st.lists(conditions, max_size=1))),
    "withdrawn": some(st.just(["gone"])),
    "void": some(st.just(["void"])),
    "merged": some(st.just(["merged"])),
    "duplicate": some(st.just(["same"])),
    "segment_by": some(st.just("channel")),
    "minimum_sample": some(st.integers(0, 3)),
    "open_past_due": some(st.just("excluded")),
}
of_timed = {
    **of_any_case,
    "start": of("opened"),
    "stop": of("closed"),
    "clock": some(of("complete")),
    "limits": some(limits_by_case),
    "extension": some(objects(types=st.just(["extended"]), limit=terms)),
    "pauses": some(pauses),
    "reopened": some(
        objects(
            types=st.just(["reopened"]),
            clock=some(st.sampled_from(["continues", "paused"])),
        )
    ),
    "counted_in": some(st.sampled_from(["due", "opened", "closed"])),
    "missing_start": some(st.just("ignored")),
    "stop_before_start": some(st.sampled_from(["kept", "ignored", "excluded_always"])),
}
within = terms | carried
of_limited = {
    **of_timed,
    "limit": within
    | terms.map(lambda term: {**term, "sense": "at_least"})
    | st.just({"amount": "48", "unit": "elapsed_hours", "sense": "at_least"}),
}
units = st.sampled_from([*HOURS, *DAYS, "months"])
of_durations = {**of_timed, "limit": some(within), "unit": units}
crowds = st.sampled_from(
    [{"at_most": 1}, {"at_most": 1, "per": "month"}, {"at_most": 2, "per": "day"}]
)
of_answers = {
    **of_any_case,
    "demand": some(crowds),
    "value": of("scored"),
    "scale": st.just({"min": "0", "max": "10"}),
    "weight": some(st.just("wait")),
}
of_spans = {
    **of_any_case,
    "start": of("opened"),
    "stop": of("closed"),
    "unit": st.sampled_from(["elapsed_hours", "open_hours"]),
}
of_sums = {**of_any_case, "demand": some(crowds)}
sums = st.just({"done": 1}) | st.just({"done": 2, "note": -1})
aggregates = st.sampled_from(["mean", "median", "maximum", "total", "count"])
comparators = st.sampled_from([">=", "<=", "=", ">", "<"])
daily = {
    "aggregate": some(aggregates),
    "comparator": some(comparators),
    "value": st.integers(0, 40).map(str),
}

PARTS: dict[Kind, st.SearchStrategy[dict[str, Any]]] = {
    Kind.SHARE_WITHIN_LIMIT: objects(**of_limited)
    | objects(**of_limited | {"counted_in": st.just("opened"), "demand": crowds}),
    Kind.EVERY_CASE_WITHIN_LIMIT: objects(**of_limited),
    Kind.TWO_TIER_REMAINDER: objects(**of_timed, limit=within, second_limit=within),
    Kind.MEAN_DURATION: objects(**of_durations),
    Kind.MEDIAN_DURATION: objects(
        **of_durations, method=some(st.sampled_from(["inverted_cdf", "hazen"]))
    ),
    Kind.PERCENTILE_DURATION: objects(**of_durations, percentile=st.integers(0, 100)),
    Kind.SATISFACTION_MEAN: objects(**of_answers),
    Kind.SHARE_AT_OR_ABOVE: objects(**of_answers, at_least=st.just("8"))
    | objects(**of_answers, below=st.just("5")),
    Kind.NPS: objects(**of_answers),
    Kind.SHARE: objects(
        **of_sums,
        numerator=sums,
        denominator=st.just({"planned": 1, "done": 2}),
    ),
    Kind.RATIO: objects(
        **of_sums,
        numerator=sums,
        denominator=st.just({"planned": 1}),
        as_percent=some(st.booleans()),
    ),
    Kind.COUNT: objects(**of_sums, numerator=sums),
    Kind.SCHEDULE_FREQUENCY: objects(
        **of_any_case,
        done=of("done"),
        plan=st.just({"types": ["planned"]})
        | objects(
            amount=st.integers(1, 3),
            per=st.sampled_from(
                ["day", "working_day", "week", "month", "quarter", "year"]
            ),
        ),
    ),
    Kind.MILESTONE: objects(
        **of_any_case,
        done=of("done"),
        due=st.sampled_from(["2026-03-20", "2026-04-15", "2026-06-30"]).map(
            lambda day: {"on": day}
        )
        | st.just({"on": "03-31"})
        | st.just({"on": "03-20", "from": "03-15"}),
    ),
    Kind.SHARE_OF_DAYS: objects(**of_durations, daily=objects(**daily))
    | objects(
        **of_any_case,
        value=of("scored"),
        daily=objects(**daily, of=st.just("value")),
    ),
    Kind.AVAILABILITY: objects(**of_spans),
    Kind.OPENING_HOURS: objects(**of_spans, as_percent=some(st.booleans())),
}


@st.composite
def definitions(
    draw: st.DrawFn, kinds: tuple[Kind, ...] = tuple(Kind)
) -> tuple[str, dict[str, Any]]:
    """Return a kind and a definition that it can be measured by."""
    kind = draw(st.sampled_from(kinds))
    if kind is not Kind.TREND:
        return kind.value, draw(PARTS[kind])
    inner = draw(st.sampled_from(sorted(PARTS)))
    return kind.value, without_nothing(
        {
            "of": {"kind": inner.value, **draw(PARTS[inner])},
            "against": draw(some(st.sampled_from(["previous", "year_before"]))),
            "as": draw(some(st.sampled_from(["difference", "percent"]))),
        }
    )


@st.composite
def rules(draw: st.DrawFn, kinds: tuple[Kind, ...] = tuple(Kind)) -> Rule:
    kind, definition = draw(definitions(kinds))
    return Rule.from_definition(
        kind,
        definition,
        comparator=draw(comparators),
        target=Decimal(draw(st.integers(0, 100))),
    )


suspensions = st.builds(
    lambda start, length, covers: Suspension(
        start, length and start + timedelta(days=length), covers
    ),
    st.dates(date(2026, 3, 1), date(2026, 4, 20)),
    st.none() | st.integers(1, 10),
    st.sampled_from(Covers),
)


@st.composite
def promises(draw: st.DrawFn, kinds: tuple[Kind, ...] = tuple(Kind)) -> Promise:
    start = date(2026, 1, 1)
    if draw(st.integers(0, 9)) == 9:
        start = draw(st.dates(date(2026, 3, 1), date(2026, 4, 1)))
    return Promise(
        draw(rules(kinds)),
        start,
        draw(some(st.dates(date(2026, 4, 2), date(2026, 5, 1)))),
        CALENDAR,
        tuple(draw(st.lists(suspensions, max_size=1))),
    )


instants = st.integers(0, STEPS).map(lambda steps: FIRST + steps * STEP)


# How cases go; to each of which anything else may happen.
STORIES = (
    ("opened", "closed"),
    ("opened", "complete", "closed"),
    ("opened", "asked", "replied", "closed"),
    ("opened", "asked", "asked", "replied", "replied", "closed"),
    ("opened", "closed", "asked"),
    ("opened", "closed", "reopened", "closed"),
    ("opened", "closed", "reopened", "closed", "reopened"),
    ("opened", "extended", "closed"),
    ("opened", "gone", "closed"),
    ("opened", "closed", "opened", "closed"),
    ("closed", "opened"),
    ("opened",),
    ("closed",),
)
# What other kinds count, in the same cases.
MORE = (
    (),
    ("scored",),
    ("scored", "scored"),
    ("planned", "done", "planned", "done"),
    ("done", "done", "done", "note"),
)
# In half hours: at once, the same morning, the next days, weeks later.
GAPS = (0, 1, 3, 10, 48, 96, 7 * 48, 20 * 48)


@st.composite
def happenings(draw: st.DrawFn, type_: str, when: datetime) -> Event:
    """Return something of a type that happened at an instant."""
    words = {
        "channel": draw(some(st.sampled_from(CHANNELS))),
        "wait": draw(some(st.sampled_from(["3", "0.5", "30", "", "long"]))),
        "due": draw(st.sampled_from(GAPS)) if type_ == "opened" else None,
    }
    if words["due"] is not None:
        words["due"] = (when + words["due"] * STEP).isoformat()
    value = draw(st.integers(0, 11)) if type_ == "scored" else draw(some(st.just(2)))
    number = None if value is None else Decimal(value)
    return Event("", type_, when, number, without_nothing(words))


@st.composite
def logs(draw: st.DrawFn, most: int = 3) -> list[tuple[str, Event]]:
    """Return cases with their events, in order of arrival; identifiers are unique."""
    found: list[tuple[str, Event]] = []
    told = st.sampled_from(STORIES)
    for case in range(draw(st.integers(1, most))):
        for story in (draw(told), draw(st.sampled_from(MORE))):
            when = draw(instants)
            for type_ in story:
                found.append((str(case), draw(happenings(type_, when))))
                when += draw(st.sampled_from(GAPS)) * STEP
    for case in draw(st.lists(st.sampled_from("012"), max_size=3)):
        type_, when = draw(st.sampled_from(TYPES)), draw(instants)
        found.append((case, draw(happenings(type_, when))))
    names = draw(st.permutations(range(len(found))))
    return [
        (case, replace(event, id=f"{name:02}"))
        for name, (case, event) in zip(names, found, strict=True)
    ]


def by_case(log: list[tuple[str, Event]]) -> dict[str, list[Event]]:
    """Return each case's events, in the order in which they are judged."""
    cases: dict[str, list[Event]] = {}
    for case, event in log:
        cases.setdefault(case, []).append(event)
    return {
        case: sorted(events, key=lambda event: (event.at, event.id))
        for case, events in cases.items()
    }
