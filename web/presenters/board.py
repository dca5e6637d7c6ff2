"""
The dashboard of an organisation: what is kept, what is not, what nobody can tell.

Reads the ledger and the claims, never cases, in a fixed number of queries.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, Q
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _, ngettext, pgettext

from accounts.models import Organisation
from charters.models import Edition
from charters.queries.catalogue import shown
from charters.rules import standing
from core.text import Words, words
from engine.periods import add_months
from feedback.enums import ClaimState
from feedback.models import Claim
from indicators.enums import FeedState, ResultState, ResultStatus
from indicators.models import FeedWatch, IndicatorRule, Result, Stream
from indicators.queries.computing import period_of_result
from indicators.queries.results import newest_lines, watermarks
from web.charts import Point, sparkline
from web.presenters.degrees import DegreesView, degrees_view
from web.presenters.figures import FigureView, Reading, figure_view, latest_ended
from web.presenters.goals import goals_of
from web.presenters.numbers import number
from web.presenters.periods import civil_day, day_words, long_name, short_name
from web.presenters.sentences import SHOWN, counted, result_words
from web.presenters.standing import DECLARED, contribution_of, standing_of

SPARK_PERIODS = 12
LEDGER_MONTHS = 36  # so that what is due once a year has a line, too
# What asks for somebody's attention comes first.
URGENCY: tuple[str, ...] = (
    ResultStatus.UNMET,
    ResultStatus.NOT_COMPUTABLE,
    ResultStatus.NO_DATA_YET,
    ResultStatus.TOO_FEW_CASES,
    DECLARED,
    ResultStatus.NO_CASES,
    ResultStatus.SUSPENDED,
    ResultStatus.NOT_EVALUATED,
    ResultStatus.MET,
)
EVALUATED = frozenset({ResultStatus.MET, ResultStatus.UNMET})


@dataclass(frozen=True, slots=True)
class Feed:
    """How fresh the events behind a figure are."""

    text: str
    silent: bool


@dataclass(frozen=True, slots=True)
class BoardRow:
    """
    One indicator with its latest official figure.

    :ivar status: of a figure that nobody measured: that it is declared.
    :ivar contribution: what it adds to how its commitment stands.
    :ivar measured: events tell of it, case by case.
    :ivar declared: somebody declares, or declared, values of it.
    """

    code: str
    name: Words
    commitment: str
    status: str
    contribution: str
    measured: bool
    declared: bool
    state: str
    figure: FigureView | None
    target: str
    running: str
    trend: SafeString
    feed: Feed
    final: bool

    @property
    def urgency(self) -> tuple[int, str]:
        return URGENCY.index(self.status), self.code


@dataclass(frozen=True, slots=True)
class BoardGroup:
    """A charter's indicators, the worst first, and how its commitments stand."""

    slug: str
    title: Words
    standing: str
    degrees: DegreesView
    rows: tuple[BoardRow, ...]

    @property
    def urgency(self) -> tuple[int, Fraction, str]:
        """What puts the worst charter first."""
        worst, _code = self.rows[0].urgency
        return worst, self.degrees.rank, self.slug


@dataclass(frozen=True, slots=True)
class Tally:
    """How many indicators stand how, and what became of the claims."""

    indicators: int
    met: int
    unmet: int
    open_claims: int
    overdue_claims: int
    decided_claims: int

    @property
    def evaluated(self) -> int:
        return self.met + self.unmet

    @property
    def unevaluated(self) -> int:
        return self.indicators - self.evaluated


@dataclass(frozen=True, slots=True)
class Tile:
    """A number with what it is a part of."""

    label: str
    value: str
    detail: str
    tone: str
    href: str


@dataclass(frozen=True, slots=True)
class Board:
    """Everything that the dashboard shows."""

    tally: Tally
    groups: tuple[BoardGroup, ...]
    charters: tuple[tuple[str, Words], ...]
    statuses: tuple[str, ...]


def board_of(
    organisation: Organisation,
    *,
    language: str,
    now: datetime,
    charter: str = "",
    status: str = "",
) -> Board:
    """
    Read an organisation's dashboard.

    :param charter: slug, to list the indicators of one charter only.
    :param status: to list only those that stand so. The tally counts all of them.
    """
    today = civil_day(now, organisation.time_zone)
    editions = list(
        shown(on=today).filter(organisation=organisation).order_by("charter__slug")
    )
    rules = list(
        IndicatorRule.objects.filter(edition__in=[edition.pk for edition in editions])
        .select_related("commitment", "indicator", "stream__watch")
        .order_by("position", "pk")
    )
    lines: dict[int, list[Result]] = {}
    for line in newest_lines(indicators=[rule.indicator_id for rule in rules]).filter(
        period_kind__in={rule.period for rule in rules},
        period_end__gt=add_months(today, -LEDGER_MONTHS),
    ):
        lines.setdefault(line.indicator_id, []).append(line)
    heard = watermarks(
        streams={rule.stream_id for rule in rules if rule.stream_id is not None}
    )
    groups = [
        _group(
            edition,
            [rule for rule in rules if rule.edition_id == edition.pk],
            lines,
            heard,
            Reading(language, edition.source_language, today, organisation.time_zone),
            now,
        )
        for edition in editions
    ]
    found = [row.status for group in groups for row in group.rows]
    return Board(
        tally=_tally(organisation, found, now),
        groups=_filtered(groups, charter, status),
        charters=tuple((group.slug, group.title) for group in groups),
        statuses=tuple(code for code in URGENCY if code in found),
    )


def status_label(status: str) -> str:
    """Name a way in which an indicator stands, to choose it from a list."""
    if status == DECLARED:
        return _("Declared, not measured")
    return str(ResultStatus(status).label)


def tiles_of(tally: Tally, *, claims_url: str) -> tuple[Tile, ...]:
    """
    Put a tally into tiles, each number with what it is a part of.

    :param claims_url: of the inbox; empty for who may not open it.
    """
    parts = {
        "all": number(tally.indicators),
        "evaluated": number(tally.evaluated),
    }
    return (
        Tile(
            label=pgettext("indicators", "Met"),
            value=number(tally.met),
            detail=_("of %(all)s indicators; %(evaluated)s of them evaluated") % parts,
            tone="good",
            href="?status=met" if tally.met else "",
        ),
        Tile(
            label=pgettext("indicators", "Not met"),
            value=number(tally.unmet),
            detail=_("of the %(evaluated)s evaluated") % parts,
            tone="bad" if tally.unmet else "",
            href="?status=unmet" if tally.unmet else "",
        ),
        Tile(
            label=pgettext("indicators", "Not evaluated"),
            value=number(tally.unevaluated),
            detail=_(
                "of %(all)s indicators: no data, too few cases, no cases or no target"
            )
            % parts,
            tone="",
            href="",
        ),
        Tile(
            label=_("Open claims"),
            value=number(tally.open_claims),
            detail=ngettext(
                "%(n)s of them is overdue",
                "%(n)s of them are overdue",
                tally.overdue_claims,
            )
            % {"n": number(tally.overdue_claims)},
            tone="warn" if tally.overdue_claims else "info",
            href=claims_url,
        ),
        Tile(
            label=_("Claims decided this year"),
            value=number(tally.decided_claims),
            detail="",
            tone="",
            href=f"{claims_url}?show=decided" if claims_url else "",
        ),
    )


def _filtered(
    groups: Iterable[BoardGroup], charter: str, status: str
) -> tuple[BoardGroup, ...]:
    chosen = []
    for group in groups:
        rows = tuple(row for row in group.rows if status in {"", row.status})
        if rows and charter in {"", group.slug}:
            chosen.append(replace(group, rows=rows))
    return tuple(sorted(chosen, key=lambda group: group.urgency))


def _group(
    edition: Edition,
    rules: Sequence[IndicatorRule],
    lines: dict[int, list[Result]],
    heard: dict[int, datetime],
    reading: Reading,
    now: datetime,
) -> BoardGroup:
    rows = [
        _row(
            rule,
            lines.get(rule.indicator_id, []),
            heard.get(rule.stream_id or 0),
            reading,
            now,
        )
        for rule in rules
    ]
    statuses: dict[int, list[str]] = {}
    for rule, row in zip(rules, rows, strict=True):
        statuses.setdefault(rule.commitment_id, []).append(row.contribution)
    return BoardGroup(
        slug=edition.charter.slug,
        title=words(edition.title, reading.language, source=reading.source),
        standing=standing(edition, on=reading.today),
        degrees=degrees_view(map(standing_of, statuses.values())),
        rows=tuple(sorted(rows, key=lambda row: row.urgency)),
    )


def _row(
    rule: IndicatorRule,
    lines: Sequence[Result],
    watermark: datetime | None,
    reading: Reading,
    now: datetime,
) -> BoardRow:
    latest = latest_ended(lines, rule, reading.today)
    figure = latest and figure_view(latest, rule, reading, watermark=watermark)
    current = [
        line
        for line in lines
        if line.period_kind == rule.period
        and line.period_start <= reading.today < line.period_end
    ]
    name = words(rule.name, reading.language, source=reading.source)
    contribution = contribution_of(latest)
    return BoardRow(
        code=rule.indicator.code,
        name=name,
        commitment=rule.commitment.code,
        status=standing_of([contribution]),
        contribution=contribution,
        measured=rule.stream_id is not None,
        declared=rule.stream_id is None
        or any(line.declared_id is not None for line in lines),
        state=figure.state if figure else "",
        figure=figure or None,
        target=next(iter(goals_of(rule)), ""),
        running=_so_far(current[0], rule) if current else "",
        trend=_trend(rule, lines, reading.today, name.text),
        feed=_feed(rule, watermark, reading, now),
        final=any(
            line.state != ResultState.PROVISIONAL and line.declared_id is None
            for line in lines
        ),
    )


def _so_far(line: Result, rule: IndicatorRule) -> str:
    """Say how a period stands that is not over; empty while nothing has happened."""
    if not line.n and not line.pending:
        return ""
    parts = {
        "period": long_name(period_of_result(line)),
        "pending": number(line.pending),
    }
    if not line.n or line.value is None:
        return _("%(period)s, so far: nothing decided yet, %(pending)s open.") % parts
    parts["result"] = result_words(line, rule)
    if line.pending:
        return _("%(period)s, so far: %(result)s, and %(pending)s open.") % parts
    return _("%(period)s, so far: %(result)s.") % parts


def _trend(
    rule: IndicatorRule, lines: Sequence[Result], today: date, name: str
) -> SafeString:
    ended = sorted(
        (
            line
            for line in lines
            if line.period_kind == rule.period and line.period_end <= today
        ),
        key=lambda line: line.period_start,
    )[-SPARK_PERIODS:]
    if sum(line.value is not None for line in ended) < 2:
        return SafeString("")
    goals = {line.target for line in ended}
    return sparkline(
        [_point(line, rule) for line in ended],
        chart_id=f"spark-{rule.pk}",
        # One line for a target that changed would judge the others wrongly.
        target=goals.pop() if len(goals) == 1 else None,
        title=_("%(name)s: the last %(n)s periods") % {"name": name, "n": len(ended)},
    )


def _point(line: Result, rule: IndicatorRule) -> Point:
    period = period_of_result(line)
    return Point(
        label=short_name(period),
        long_label=long_name(period),
        value=line.value if line.status in SHOWN else None,
        status=line.status,
        n=line.n,
        counted=counted(line.n, rule),
        declared=line.declared_id is not None,
    )


def _feed(
    rule: IndicatorRule, watermark: datetime | None, reading: Reading, now: datetime
) -> Feed:
    if rule.stream_id is None:
        return Feed(_("no feed of events: declared by hand"), silent=False)
    if watermark is None:
        return Feed(_("no event has arrived yet"), silent=True)
    day = civil_day(watermark, reading.zone)
    if rule.stream is not None and _is_silent(rule.stream, watermark, now):
        silence = (now - watermark).days
        text = ngettext(
            "events to %(date)s: silent for %(n)s day",
            "events to %(date)s: silent for %(n)s days",
            silence,
        )
        return Feed(text % {"date": day_words(day), "n": silence}, silent=True)
    return Feed(_("events to %(date)s") % {"date": day_words(day)}, silent=False)


def _is_silent(stream: Stream, watermark: datetime, now: datetime) -> bool:
    watch: FeedWatch | None = getattr(stream, "watch", None)
    if watch is not None:
        return watch.state == FeedState.SILENT
    gap = stream.expected_gap_days
    return gap is not None and watermark + timedelta(days=gap) < now


def _tally(organisation: Organisation, statuses: Sequence[str], now: datetime) -> Tally:
    zone = ZoneInfo(organisation.time_zone)
    year = datetime(now.astimezone(zone).year, 1, 1, tzinfo=zone)
    counted: dict[str, Any] = Claim.objects.filter(organisation=organisation).aggregate(
        open=Count("pk", filter=Q(state=ClaimState.RECEIVED)),
        overdue=Count("pk", filter=Q(state=ClaimState.RECEIVED, due_at__lte=now)),
        decided=Count("pk", filter=Q(decided_at__gte=year)),
    )
    return Tally(
        indicators=len(statuses),
        met=statuses.count(ResultStatus.MET),
        unmet=statuses.count(ResultStatus.UNMET),
        open_claims=counted["open"],
        overdue_claims=counted["overdue"],
        decided_claims=counted["decided"],
    )
