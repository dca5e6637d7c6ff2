"""A charter's page: text, promises, figures and redress, joined for reading."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _, ngettext

from accounts.rules import roles_of_people
from charters.enums import EditionState, Standing
from charters.models import Charter, Edition
from charters.rules import SECTIONS, FieldKind, SectionField, standing
from commitments.enums import Level, RedressKind, Trigger
from commitments.models import Commitment, RedressMeasure, Suspension
from commitments.queries.editions import assurance_of, commitments_of, redress_of
from core.text import Words, words
from engine.periods import PeriodKind, add_months
from indicators.models import IndicatorRule, Result
from indicators.queries.deadlines import promises_a_term
from indicators.queries.results import last_ended_segments, revisions_of
from web.presenters.degrees import DegreesView, degrees_view
from web.presenters.figures import (
    TREND_MONTHS,
    FigureView,
    HistoryView,
    Reading,
    SegmentView,
    TrendView,
    figure_view,
    first_period,
    history_view,
    latest_ended,
    trend_view,
)
from web.presenters.goals import goals_of
from web.presenters.numbers import money, number
from web.presenters.periods import day_words, long_name
from web.presenters.standing import (
    StatusCount,
    contribution_of,
    counts_of,
    silent_words,
    standing_of,
)
from web.presenters.suspensions import SuspensionView, suspension_views
from web.presenters.texts import Passage, passage, telephone, web_address

SHORT_DIGEST = 12
# The year before the trend must be in, for indicators that are due once a year.
LEDGER_MONTHS = TREND_MONTHS + 12


@dataclass(frozen=True, slots=True)
class Validity:
    """When an edition is in force; the last day is the last good one."""

    standing: str
    sentence: str
    banner: str


@dataclass(frozen=True, slots=True)
class EditionLine:
    """One row of the list of editions."""

    number: int
    standing: str
    sentence: str
    shown: bool


@dataclass(frozen=True, slots=True)
class ServiceView:
    """A service the charter speaks of."""

    name: Words
    description: Passage


@dataclass(frozen=True, slots=True)
class NormView:
    """A norm that applies."""

    title: Words
    reference: str
    url: str


@dataclass(frozen=True, slots=True)
class FieldView:
    """One field of a section; its kind says which of the contents it has."""

    key: str
    label: str
    kind: str
    passage: Passage | None = None
    services: tuple[ServiceView, ...] = ()
    norms: tuple[NormView, ...] = ()
    line: str = ""
    href: str = ""


@dataclass(frozen=True, slots=True)
class SectionView:
    """One of the five sections."""

    key: str
    title: str
    fields: tuple[FieldView, ...]


@dataclass(frozen=True, slots=True)
class IndicatorView:
    """
    What proves a commitment.

    :ivar goals: every target: its own, and those of seasons, years and sites.
    :ivar segments: the latest figure part by part, where the rule parts its cases.
    :ivar history: of the periods whose figure was restated.
    :ivar has_term: whether it promises a term, whose last day can be counted.
    :ivar contribution: what its latest figure adds to how the commitment stands.
    """

    code: str
    name: Words
    formula: Words
    source: Words
    goals: tuple[str, ...]
    target_text: Words
    periodicity: str
    figure: FigureView | None
    waiting: str
    trend: TrendView | None
    segments: tuple[SegmentView, ...]
    history: tuple[HistoryView, ...]
    has_term: bool
    contribution: str


@dataclass(frozen=True, slots=True)
class RedressView:
    """How a broken commitment is made good."""

    code: str
    kind: str
    text: Words
    automatic: bool
    deadline: str
    amount: str
    eligible: Words
    exclusions: Words
    delivery: Words
    commitments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CommitmentView:
    """
    A promise, whether it is kept, and what follows if it is not.

    :ivar silent: how many of its indicators have no verdict while others have one.
    :ivar suspensions: those that hold or will; ``suspended_before``: those over.
    """

    anchor: str
    code: str
    text: Words
    level: str
    service: Words
    legal_minimum: Words
    baseline: Words
    status: str
    silent: str
    suspensions: tuple[SuspensionView, ...]
    suspended_before: tuple[SuspensionView, ...]
    indicators: tuple[IndicatorView, ...]
    redress: tuple[RedressView, ...]


@dataclass(frozen=True, slots=True)
class CharterPage:
    """
    Everything a charter's page shows.

    :ivar declares: some latest figure was declared, not measured.
    """

    charter: Charter
    edition: Edition
    title: Words
    organisation: Words
    summary: Passage
    validity: Validity
    in_force: bool
    short_digest: str
    sections: tuple[SectionView, ...]
    commitments: tuple[CommitmentView, ...]
    counts: tuple[StatusCount, ...]
    degrees: DegreesView
    declares: bool
    assurance: tuple[Words, ...]
    redress: tuple[RedressView, ...]
    editions: tuple[EditionLine, ...]


def editions_of(charter: Charter) -> QuerySet[Edition]:
    """Return a charter's published editions without their texts, newest first."""
    return (
        Edition.objects.filter(charter=charter, state=EditionState.PUBLISHED)
        .only(
            "number",
            "state",
            "valid_from",
            "valid_until",
            "ended_on",
            "end_reason",
            "published_at",
            "charter",
        )
        .order_by("-number")
    )


def rules_of(edition: Edition) -> list[IndicatorRule]:
    """Return an edition's indicators in their order."""
    return list(
        IndicatorRule.objects.filter(edition=edition)
        .select_related("indicator")
        .order_by("position", "pk")
    )


def charter_page(
    charter: Charter,
    edition: Edition,
    *,
    editions: Iterable[Edition],
    rules: list[IndicatorRule],
    suspensions: Iterable[Suspension],
    marks: Mapping[int, datetime],
    reading: Reading,
) -> CharterPage:
    """
    Join all that the page of an edition shows; a constant number of queries.

    :param editions: see :func:`editions_of`.
    :param rules: see :func:`rules_of`.
    :param suspensions: the charter's, the latest first.
    :param marks: watermarks of the streams of ``rules``.
    """
    text = _Reader(reading)
    redress = {measure.code: _redress(measure, text) for measure in redress_of(edition)}
    sections = tuple(_sections(edition, text))
    services = {
        service["code"]: text.words(service["name"])
        for service in edition.general.get("services", [])
    }
    indicators = _indicators(rules, edition, marks, text)
    suspended = suspension_views(
        suspensions,
        language=reading.language,
        source=reading.source,
        today=reading.today,
    )
    commitments = tuple(
        _commitment(
            item, indicators[item.pk], services, redress.values(), suspended, text
        )
        for item in commitments_of(edition)
    )
    statuses = [item.status for item in commitments]
    return CharterPage(
        charter=charter,
        edition=edition,
        title=text.words(edition.title),
        organisation=words(
            charter.organisation.name,
            reading.language,
            source=charter.organisation.language,
        ),
        summary=text.passage(edition.summary),
        validity=validity(edition, on=reading.today),
        in_force=standing(edition, on=reading.today) == Standing.IN_FORCE,
        short_digest=edition.digest[:SHORT_DIGEST],
        sections=sections,
        commitments=commitments,
        counts=tuple(counts_of(statuses)),
        degrees=degrees_view(statuses),
        declares=any(
            view.figure is not None and view.figure.declared is not None
            for item in commitments
            for view in item.indicators
        ),
        assurance=tuple(text.words(item.text) for item in assurance_of(edition)),
        redress=tuple(redress.values()),
        editions=tuple(
            EditionLine(
                number=item.number,
                standing=standing(item, on=reading.today),
                sentence=_days(item),
                shown=item.pk == edition.pk,
            )
            for item in editions
        ),
    )


def redress_views(
    edition: Edition, commitment_code: str, *, language: str, today: date
) -> list[RedressView]:
    """Return the redress that answers for one commitment."""
    text = _Reader(Reading(language, edition.source_language, today, "UTC"))
    views = (_redress(measure, text) for measure in redress_of(edition))
    return [view for view in views if commitment_code in view.commitments]


def validity(edition: Edition, *, on: date) -> Validity:
    """Say when an edition is in force, and say it loudly if it is not."""
    found = standing(edition, on=on)
    return Validity(found, _days(edition), _banner(edition, found, on))


def ends_on(edition: Edition) -> date | None:
    """Return the first day on which a published edition is in force no more."""
    days = [day for day in (edition.valid_until, edition.ended_on) if day is not None]
    return min(days, default=None)


def _days(edition: Edition) -> str:
    end = ends_on(edition)
    if edition.valid_from is None or end is None:
        return ""
    return _("In force from %(first)s to %(last)s, both included.") % {
        "first": day_words(edition.valid_from),
        "last": day_words(end - timedelta(days=1)),
    }


def _banner(edition: Edition, found: str, on: date) -> str:
    end = ends_on(edition)
    if end is None or found in {Standing.IN_FORCE, Standing.SCHEDULED, Standing.DRAFT}:
        return ""
    days = (on - end).days + 1
    parts = {"days": number(days), "date": day_words(end - timedelta(days=1))}
    if found == Standing.WITHDRAWN:
        return (
            ngettext(
                "This charter was withdrawn: its last day was %(date)s, %(days)s day ago.",
                "This charter was withdrawn: its last day was %(date)s, %(days)s days ago.",
                days,
            )
            % parts
        )
    return (
        ngettext(
            "This charter has expired: its last day was %(date)s, %(days)s day ago.",
            "This charter has expired: its last day was %(date)s, %(days)s days ago.",
            days,
        )
        % parts
    )


class _Reader:
    """Reads translated texts for one reader of one charter."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading

    def words(self, text: Mapping[str, str] | None) -> Words:
        return words(text, self.reading.language, source=self.reading.source)

    def passage(self, text: Mapping[str, str] | None) -> Passage:
        return passage(text, self.reading.language, source=self.reading.source)


# --- sections -------------------------------------------------------------------


def _sections(edition: Edition, text: _Reader) -> Iterable[SectionView]:
    for section in SECTIONS:
        content = getattr(edition, section.key)
        views = (
            _field(field, content[field.key], text)
            for field in section.fields
            if content.get(field.key)
        )
        yield SectionView(section.key, str(section.title), tuple(views))


def _field(field: SectionField, content: Any, text: _Reader) -> FieldView:
    label = str(field.label)
    if field.kind is FieldKind.SERVICES:
        services = tuple(
            ServiceView(text.words(item["name"]), text.passage(item.get("description")))
            for item in content
        )
        return FieldView(field.key, label, field.kind, services=services)
    if field.kind is FieldKind.NORMS:
        norms = tuple(
            NormView(
                text.words(item["title"]),
                item.get("reference", ""),
                web_address(item.get("url", "")),
            )
            for item in content
        )
        return FieldView(field.key, label, field.kind, norms=norms)
    if field.kind is FieldKind.LINE:
        href = _href(field.key, content)
        return FieldView(field.key, label, field.kind, line=content, href=href)
    return FieldView(field.key, label, field.kind, passage=text.passage(content))


def _href(key: str, line: str) -> str:
    if key == "phone":
        return telephone(line)
    if key == "email":
        return f"mailto:{line}"
    return web_address(line)


# --- commitments -----------------------------------------------------------------


def _indicators(
    rules: list[IndicatorRule],
    edition: Edition,
    marks: Mapping[int, datetime],
    text: _Reader,
) -> dict[int, list[IndicatorView]]:
    """Return the indicators by commitment, each with its figures."""
    keys = [rule.indicator_id for rule in rules]
    anchor = min(text.reading.today, ends_on(edition) or text.reading.today)
    lines: dict[int, list[Result]] = defaultdict(list)
    for line in revisions_of(indicators=keys).filter(
        period_end__gt=add_months(anchor, -LEDGER_MONTHS),
        period_kind__in={rule.period for rule in rules},
    ):
        lines[line.indicator_id].append(line)
    parts: dict[int, list[Result]] = defaultdict(list)
    for line in last_ended_segments(indicators=keys, today=text.reading.today):
        parts[line.indicator_id].append(line)
    roles = _roles(edition, lines.values())
    views: dict[int, list[IndicatorView]] = defaultdict(list)
    for rule in rules:
        mark = marks.get(rule.stream_id) if rule.stream_id else None
        ledger = _Ledger(lines[rule.indicator_id], parts[rule.indicator_id], roles)
        views[rule.commitment_id].append(_indicator(rule, ledger, mark, text))
    return views


@dataclass(frozen=True, slots=True)
class _Ledger:
    """
    What the ledger holds of one indicator.

    :ivar revisions: all of every line, in order; ``parts``: of the segments.
    :ivar roles: of whoever restated lines by hand, in words.
    """

    revisions: list[Result]
    parts: list[Result]
    roles: Mapping[int, str]

    @property
    def newest(self) -> list[Result]:
        """The last revision of every line."""
        found = {(line.period_kind, line.period_start): line for line in self.revisions}
        return list(found.values())


def _roles(edition: Edition, lines: Iterable[list[Result]]) -> dict[int, str]:
    people = {line.restated_by_id for found in lines for line in found}
    people.discard(None)
    if not people:
        return {}
    found = roles_of_people(
        [person for person in people if person], edition.organisation
    )
    return {
        person: ", ".join(str(role.label) for role in roles)
        for person, roles in found.items()
    }


def _indicator(
    rule: IndicatorRule, ledger: _Ledger, mark: datetime | None, text: _Reader
) -> IndicatorView:
    reading = text.reading
    lines = ledger.newest
    line = latest_ended(lines, rule, reading.today)
    return IndicatorView(
        code=rule.indicator.code,
        name=text.words(rule.name),
        formula=text.words(rule.formula),
        source=text.words(rule.source),
        goals=goals_of(rule),
        target_text=text.words(rule.target_text),
        periodicity=rule.get_period_display() if rule.period else "",
        figure=figure_view(line, rule, reading, watermark=mark) if line else None,
        waiting="" if line else _waiting(rule, reading),
        trend=trend_view(lines, rule, reading, watermark=mark) if rule.period else None,
        segments=tuple(
            SegmentView(part.segment, figure_view(part, rule, reading, watermark=mark))
            for part in ledger.parts
            if line is not None
            and (part.period_kind, part.period_start)
            == (line.period_kind, line.period_start)
        ),
        history=history_view(ledger.revisions, rule, reading, roles=ledger.roles),
        has_term=promises_a_term(rule),
        contribution=contribution_of(line),
    )


def _waiting(rule: IndicatorRule, reading: Reading) -> str:
    if not rule.period:
        return _("It is not measured periodically.")
    if rule.stream_id is None:
        return _(
            "No feed of events tells of it: its values are declared by hand, not "
            "measured. None has been confirmed yet."
        )
    period = first_period(reading.today, PeriodKind(rule.period))
    return _(
        "There is no figure yet: no period is over. The next one will be: %(period)s."
    ) % {"period": long_name(period)}


def _commitment(
    item: Commitment,
    indicators: list[IndicatorView],
    services: Mapping[str, Words],
    redress: Iterable[RedressView],
    suspended: Iterable[SuspensionView],
    text: _Reader,
) -> CommitmentView:
    statuses = [view.contribution for view in indicators]
    own = [view for view in suspended if view.commitment == item.code]
    return CommitmentView(
        anchor=f"commitment-{item.position + 1}",
        code=item.code,
        text=text.words(item.text),
        level=str(Level(item.level).label),
        service=services.get(item.service, text.words(None)),
        legal_minimum=text.words(item.legal_minimum),
        baseline=text.words(item.baseline),
        status=standing_of(statuses),
        silent=silent_words(statuses),
        suspensions=tuple(view for view in own if view.standing != "over"),
        suspended_before=tuple(view for view in own if view.standing == "over"),
        indicators=tuple(indicators),
        redress=tuple(view for view in redress if item.code in view.commitments),
    )


# --- redress ---------------------------------------------------------------------


def _redress(measure: RedressMeasure, text: _Reader) -> RedressView:
    return RedressView(
        code=measure.code,
        kind=str(RedressKind(measure.kind).label),
        text=text.words(measure.text),
        automatic=measure.trigger == Trigger.AUTOMATIC,
        deadline=_deadline(measure),
        amount=money(measure.amount, measure.currency)
        if measure.amount is not None
        else "",
        eligible=text.words(measure.eligible),
        exclusions=text.words(measure.exclusions),
        delivery=text.words(measure.delivery),
        commitments=tuple(sorted(item.code for item in measure.commitments.all())),
    )


def _deadline(measure: RedressMeasure) -> str:
    if measure.filing_days is None:
        return ""
    return ngettext(
        "Claim within %(days)s calendar day of the facts.",
        "Claim within %(days)s calendar days of the facts.",
        measure.filing_days,
    ) % {"days": number(measure.filing_days)}
