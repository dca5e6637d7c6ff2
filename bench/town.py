"""
A town with many indicators, and a log of any length for them.

The log is written by the database itself, event by event the same on every machine:
what is measured is what the product does with it.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection

from accounts.models import Organisation
from bench.sizes import Size
from indicators.models import Indicator, Stream
from tests import builders

FIRST, END = date(2023, 1, 1), date(2026, 1, 1)
TYPES = ("closed", "opened", "paused", "resumed")
PER_CHARTER = 20
PAUSES = [{"from": ["paused"], "until": ["resumed"]}]
CASE = {
    "start": {"types": ["opened"]},
    "stop": {"types": ["closed"]},
    "pauses": PAUSES,
}
WITHIN = CASE | {"limit": {"amount": "10", "unit": "working_days"}}
# In the proportions of published charters, more or less (engine.measures).
RULES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("share_within_limit", WITHIN | {"counted_in": "due"}),
    ("share_within_limit", WITHIN | {"counted_in": "opened"}),
    ("share_within_limit", CASE | {"limit": {"amount": "40", "unit": "open_hours"}}),
    (
        "every_case_within_limit",
        CASE | {"limit": {"amount": "20", "unit": "calendar_days"}},
    ),
    ("mean_duration", CASE | {"unit": "open_hours", "counted_in": "closed"}),
    ("median_duration", CASE | {"unit": "working_days", "counted_in": "opened"}),
    (
        "percentile_duration",
        CASE | {"unit": "elapsed_days", "percentile": "90", "counted_in": "opened"},
    ),
    (
        "satisfaction_mean",
        {"value": {"types": ["closed"]}, "scale": {"min": "1", "max": "10"}},
    ),
)
CALENDAR = builders.OFFICE_HOURS | {
    "known_from": "2022-01-01",
    "weekly": {
        day: [["09:00", "14:00"], ["16:00", "19:00"]]
        for day in ("mon", "tue", "wed", "thu", "fri")
    },
    "holidays": {
        f"{year}-{day}": name
        for year in range(2022, 2031)
        for day, name in (
            ("01-01", "Any nou"),
            ("01-06", "Reis"),
            ("05-01", "Festa del treball"),
            ("08-15", "Assumpció"),
            ("09-11", "Diada"),
            ("11-01", "Tots Sants"),
            ("12-06", "Constitució"),
            ("12-25", "Nadal"),
            ("12-26", "Sant Esteve"),
        )
    },
}


@dataclass(frozen=True, slots=True)
class Town:
    """Where it is measured: one stream for each indicator, in the same order."""

    organisation: Organisation
    streams: tuple[Stream, ...]
    indicators: tuple[Indicator, ...]


def found(size: Size) -> Town:
    """Publish the charters of a town, with one feed of events for each indicator."""
    organisation = builders.organisation("bench")
    numbers = range(size.indicators)
    for first in numbers[::PER_CHARTER]:
        _publish(organisation, numbers[first : first + PER_CHARTER])
    streams = Stream.objects.filter(organisation=organisation)
    indicators = Indicator.objects.filter(organisation=organisation)
    return Town(
        organisation,
        tuple(streams.order_by("code")),
        tuple(indicators.order_by("code")),
    )


def _publish(organisation: Organisation, numbers: range) -> None:
    document = builders.charter_document(
        slug=f"bench-{numbers.start}",
        valid_from=FIRST.isoformat(),
        valid_until=END.isoformat(),
        types=TYPES,
    )
    (stream,), (commitment,) = document["streams"], document["quality"]["commitments"]
    document["streams"] = [stream | {"code": f"s{number:03}"} for number in numbers]
    document["calendars"][0]["definition"] = CALENDAR
    document["quality"]["commitments"] = [
        commitment
        | {"code": "C1" if number == numbers.start else f"C{number:03}"}
        | {"indicators": [_indicator(number)]}
        for number in numbers
    ]
    builders.published(document, of=organisation)


def _indicator(number: int) -> dict[str, Any]:
    kind, rule = RULES[number % len(RULES)]
    by_case = "limit" in rule
    return builders.indicator(
        f"i{number:03}",
        kind=kind,
        rule=rule,
        unit="percent" if by_case else "days",
        comparator=">=" if by_case or kind == "satisfaction_mean" else "<=",
        target="90" if by_case else "8",
        stream=f"s{number:03}",
    )


# Uniform numbers in [0, 1) from the case's number, so that every machine has the same.
CHANCE = "((hashint8extended(number * 1000 + stream.id, {salt}) & 1048575) / 1048576.0)"
LOG = f"""
WITH drawn AS (
    SELECT stream.id AS stream, number,
           format('R-%%s', lpad(number::text, 8, '0')) AS case_key,
           %(first)s::timestamptz + (%(days)s * {CHANCE.format(salt=1)})
               * interval '1 day' AS opened,
           -ln(1 - {CHANCE.format(salt=2)}) * 6 * interval '1 day' AS took,
           {CHANCE.format(salt=3)} AS fate,
           1 + floor({CHANCE.format(salt=4)} * 10) AS score
    FROM indicators_stream stream
    CROSS JOIN generate_series(%(from)s::bigint, %(until)s::bigint - 1) AS number
    WHERE stream.organisation_id = %(organisation)s
), happened AS (
    SELECT drawn.*, type, at
    FROM drawn CROSS JOIN LATERAL (
        VALUES ('opened', opened),
               ('closed', CASE WHEN fate < 0.98 THEN opened + took END),
               ('paused', CASE WHEN fate < 0.1 THEN opened + took * 0.3 END),
               ('resumed', CASE WHEN fate < 0.1 THEN opened + took * 0.6 END)
    ) AS event (type, at)
    WHERE at < %(end)s::timestamptz
)
INSERT INTO indicators_serviceevent
    (organisation_id, stream_id, external_id, case_key, type, occurred_at, value,
     attributes, replaces, digest, received_at)
SELECT %(organisation)s, stream, case_key || '/' || type, case_key, type, at,
       CASE WHEN type = 'closed' THEN score END, '{{"channel": "web"}}', NULL,
       encode(sha256((stream || case_key || type)::bytea), 'hex'), %(end)s
FROM happened ORDER BY number, stream, at
"""
EVENTS_PER_CASE = 2.2


def lengthen_log(town: Town, *, cases_from: int, cases_until: int) -> int:
    """
    Add cases to the log of every stream, spread evenly over all the months.

    :param cases_from: number of the first case of each stream, up to ``cases_until``.
    :returns: how many events were added.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            LOG,
            {
                "organisation": town.organisation.pk,
                "first": FIRST,
                "end": END,
                "days": (END - FIRST).days,
                "from": cases_from,
                "until": cases_until,
            },
        )
        added: int = cursor.rowcount
        cursor.execute("ANALYZE indicators_serviceevent")
    return added


def cases_for(events: int, size: Size) -> int:
    """Return how many cases each stream needs for so many events in all."""
    return max(1, round(events / EVENTS_PER_CASE / size.indicators))
