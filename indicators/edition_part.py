"""The indicators' share in an edition's exchange, copying and publication."""

from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db.models import Prefetch, QuerySet, prefetch_related_objects
from django.utils.translation import gettext as _

from charters.enums import EditionState
from charters.models import Charter, Edition
from charters.parts import Document, Loading, Problem
from charters.services.exchange import ExchangeError
from commitments.models import Commitment
from engine.measures import Kind
from engine.rules import RuleError
from engine.worktime import CalendarError
from indicators.models import Indicator, IndicatorRule, Stream, WorkCalendar
from indicators.queries.computing import engine_rule, newest_version
from indicators.services.calendars import put_calendar
from indicators.services.marks import mark_indicators
from indicators.services.streams import declare_stream

T = TypeVar("T")
COMPUTED = frozenset(kind.value for kind in Kind)


class IndicatorsPart:
    """See :class:`charters.parts.Part`."""

    def snapshot(self, edition: Edition, document: Document) -> None:
        rules = _rules(edition)
        by_commitment: dict[str, list[dict[str, Any]]] = {}
        streams: dict[str, Stream] = {}
        calendars: dict[str, WorkCalendar] = {}
        for rule in rules:
            by_commitment.setdefault(rule.commitment.code, []).append(_exported(rule))
            if rule.stream is not None:
                streams[rule.stream.code] = rule.stream
            if rule.calendar is not None:
                calendars[rule.calendar.code] = rule.calendar
        for commitment in document["quality"]["commitments"]:
            commitment["indicators"] = by_commitment.get(commitment["code"], [])
        document["streams"] = [_stream(streams[code]) for code in sorted(streams)]
        document["calendars"] = [
            _calendar(calendars[code]) for code in sorted(calendars)
        ]

    def load(self, edition: Edition, document: Document, loading: Loading) -> None:
        streams = _load_streams(edition, document, loading)
        calendars = _load_calendars(edition, document, loading)
        commitments = {item.code: item for item in edition.commitments.all()}
        position = 0
        for index, commitment in enumerate(
            document.get("quality", {}).get("commitments", [])
        ):
            for inner, item in enumerate(commitment.get("indicators", [])):
                path = f"quality.commitments[{index}].indicators[{inner}]"
                owner = commitments[commitment["code"]]
                _load_rule(owner, item, path, position, streams, calendars)
                position += 1

    def problems(self, edition: Edition) -> list[Problem]:
        # Through the relations, so that a page of many drafts can prefetch them.
        rules = sorted(edition.indicator_rules.all(), key=_place)
        prefetch_related_objects(
            rules,
            "indicator",
            published_rules("indicator__rules"),
            "stream",
            "calendar",
        )
        measured = {rule.commitment_id for rule in rules}
        found = [
            Problem(
                "quality",
                commitment.code,
                _("The commitment has no indicator: nobody can tell if it is kept."),
            )
            for commitment in sorted(edition.commitments.all(), key=_place)
            if commitment.pk not in measured
        ]
        for rule in rules:
            found += [
                Problem("quality", rule.indicator.code, message)
                for message in _rule_problems(rule)
            ]
        return found

    def published(self, edition: Edition, at: datetime) -> None:
        """Everything that the edition measures must be computed."""
        mark_indicators(
            Indicator.objects.filter(rules__edition=edition).distinct(), at=at
        )

    def changed(self, charter: Charter, commitment: str, at: datetime) -> None:
        """Have the commitment's figures computed with and without its cases."""
        measuring = Indicator.objects.filter(
            charter=charter,
            rules__commitment__code=commitment,
            rules__edition__state=EditionState.PUBLISHED,
        )
        mark_indicators(measuring.distinct(), at=at)


def _place(item: Commitment | IndicatorRule) -> tuple[int, int]:
    return item.position, item.pk


def published_rules(path: str) -> "Prefetch[str]":
    """Return what :meth:`IndicatorsPart.problems` knows of earlier editions."""
    published = IndicatorRule.objects.filter(edition__state=EditionState.PUBLISHED)
    return Prefetch(path, queryset=published, to_attr="published_rules")


def _published(indicator: Indicator) -> list[IndicatorRule]:
    found: list[IndicatorRule] = vars(indicator)["published_rules"]
    return found


def _rules(edition: Edition) -> QuerySet[IndicatorRule]:
    return (
        IndicatorRule.objects.filter(edition=edition)
        .select_related("indicator", "commitment", "stream", "calendar")
        .order_by("position", "pk")
    )


def _exported(rule: IndicatorRule) -> dict[str, Any]:
    return {
        "code": rule.indicator.code,
        "name": rule.name,
        "formula": rule.formula,
        "source": rule.source,
        "kind": rule.kind,
        "unit": rule.unit,
        "comparator": rule.comparator or None,
        "target": None if rule.target is None else format(rule.target.normalize(), "f"),
        "target_text": rule.target_text,
        "period": rule.period or None,
        "stream": rule.stream.code if rule.stream else None,
        "calendar": rule.calendar.code if rule.calendar else None,
        "rule": rule.definition,
    }


def _stream(stream: Stream) -> dict[str, Any]:
    return {
        "code": stream.code,
        "name": stream.name,
        "time_zone": stream.time_zone,
        "types": stream.types,
        "attributes": stream.attributes,
        "expected_gap_days": stream.expected_gap_days,
    }


def _calendar(calendar: WorkCalendar) -> dict[str, Any]:
    version = newest_version(calendar)
    return {
        "code": calendar.code,
        "name": calendar.name,
        "definition": version.definition if version else {},
    }


def _load_streams(
    edition: Edition, document: Document, loading: Loading
) -> dict[str, Stream]:
    organisation = edition.organisation
    for index, item in enumerate(document.get("streams", [])):
        stream, added = declare_stream(
            organisation=organisation,
            code=item["code"],
            name=item.get("name", {}),
            time_zone=_zone(item.get("time_zone"), f"streams[{index}].time_zone")
            or organisation.time_zone,
            types=item["types"],
            attributes=item.get("attributes", []),
            expected_gap_days=item.get("expected_gap_days"),
        )
        if added:
            loading.notes.append(
                f"stream {stream.code} now declares {', '.join(added)}"
            )
    return {stream.code: stream for stream in organisation.streams.all()}


def _zone(name: str | None, path: str) -> str | None:
    try:
        return name and ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ExchangeError(path, f"{name!r} is no time zone") from error


def _load_calendars(
    edition: Edition, document: Document, loading: Loading
) -> dict[str, WorkCalendar]:
    """
    Create the calendars that are new here.

    One that exists stays as it is, because published charters count with it: a draft
    must not move their figures. That it says something else is told.
    """
    organisation = edition.organisation
    known = {calendar.code: calendar for calendar in organisation.calendars.all()}
    for index, item in enumerate(document.get("calendars", [])):
        if item["code"] in known:
            newest = newest_version(known[item["code"]])
            if newest is not None and newest.definition != item["definition"]:
                loading.notes.append(
                    f"calendar {item['code']} says something else here, which is kept"
                )
            continue
        try:
            version = put_calendar(
                organisation=organisation,
                code=item["code"],
                name=item.get("name", {}),
                definition=item["definition"],
                at=loading.at,
            )
        except CalendarError as error:
            path = f"calendars[{index}].definition"
            raise ExchangeError(path, str(error)) from error
        known[item["code"]] = version.calendar
    return known


def _load_rule(
    commitment: Commitment,
    item: dict[str, Any],
    path: str,
    position: int,
    streams: dict[str, Stream],
    calendars: dict[str, WorkCalendar],
) -> None:
    organisation = commitment.organisation
    indicator, _new = Indicator.objects.get_or_create(
        organisation=organisation,
        code=item["code"],
        defaults={"charter": commitment.edition.charter},
    )
    if indicator.charter_id != commitment.edition.charter_id:
        fault = f"{item['code']!r} is an indicator of another charter"
        raise ExchangeError(f"{path}.code", fault)
    if IndicatorRule.objects.filter(
        edition=commitment.edition, indicator=indicator
    ).exists():
        raise ExchangeError(f"{path}.code", f"{item['code']!r} stands twice")
    target = _target(item.get("target"), f"{path}.target")
    if target is not None and not item.get("comparator"):
        raise ExchangeError(f"{path}.comparator", "a target needs a comparator")
    IndicatorRule.objects.create(
        organisation=organisation,
        edition=commitment.edition,
        commitment=commitment,
        indicator=indicator,
        position=position,
        name=item["name"],
        formula=item.get("formula", {}),
        source=item.get("source", {}),
        kind=item["kind"],
        unit=item.get("unit", ""),
        comparator=item.get("comparator") or "",
        target=target,
        target_text=item.get("target_text", {}),
        period=item.get("period") or "",
        stream=_named(item.get("stream"), streams, f"{path}.stream"),
        calendar=_named(item.get("calendar"), calendars, f"{path}.calendar"),
        definition=item.get("rule", {}),
    )


def _target(text: str | None, path: str) -> Decimal | None:
    if text is None:
        return None
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise ExchangeError(path, f"{text!r} is no number") from error


def _named(code: str | None, known: dict[str, T], path: str) -> T | None:
    if code is None:
        return None
    if code not in known:
        raise ExchangeError(path, f"{code!r} is not known here")
    return known[code]


def _rule_problems(rule: IndicatorRule) -> list[str]:
    if rule.kind not in COMPUTED:
        return [_("This kind of indicator cannot be computed yet.")]
    found = []
    if rule.target is None or not rule.comparator:
        found.append(
            _("The target is given in words: give a number to compare with.")
            if rule.target_text
            else _("There is no target.")
        )
    if not rule.period:
        found.append(_("Say how often the figure is due."))
    declared = rule.definition.get("declared") is True
    if rule.stream is None and not declared:
        found.append(
            _(
                "Say which feed of events it is measured from, or that its values are "
                "declared by hand."
            )
        )
    if rule.stream is not None and declared:
        found.append(
            _("It has a feed of events, so its values cannot be declared by hand only.")
        )
    return found + _definition_problems(rule) + _series_problems(rule)


def _series_problems(rule: IndicatorRule) -> list[str]:
    """Refuse to go on with a series whose older figures are of another sort."""
    try:
        same = all(
            engine_rule(older).series == engine_rule(rule).series
            for older in _published(rule.indicator)
            if older.pk != rule.pk
        )
    except RuleError:  # said by _definition_problems already
        return []
    if same:
        return []
    return [
        _(
            "An earlier edition measured something else under this code: "
            "give the indicator a new one."
        )
    ]


def _definition_problems(rule: IndicatorRule) -> list[str]:
    try:
        read = engine_rule(rule)
    except RuleError as error:
        return [
            _("The rule cannot be measured: %(path)s: %(fault)s.")
            % {"path": error.path, "fault": error.fault}
        ]
    found = []
    if read.needs_calendar and rule.calendar is None:
        found.append(_("Say which calendar its time is counted with."))
    if rule.stream is not None:
        undeclared = sorted(
            (read.event_types() - set(rule.stream.types))
            | (read.attributes() - set(rule.stream.attributes))
        )
        if undeclared:
            found.append(
                _("The feed “%(stream)s” does not declare: %(names)s.")
                % {"stream": rule.stream.code, "names": ", ".join(undeclared)}
            )
    return found
