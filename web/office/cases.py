"""The cases of an indicator, and why each counts as it does."""

from http import HTTPStatus
from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from charters.enums import EditionState
from engine.periods import Period, PeriodKind, parse_period
from indicators.models import Indicator, IndicatorRule
from indicators.queries.cases import CaseFilter, CaseGroup, case_page, ledger_periods
from indicators.queries.computing import plan_of
from indicators.queries.explaining import explained
from web.office.access import StaffRequest, page_language, render_office, requires
from web.presenters.cases import (
    case_rows,
    group_choices,
    name_of,
    period_choices,
    reason_choices,
)
from web.presenters.explanations import case_view

PAGE = 50
PERIODS = 36  # to choose from


@require_safe
@requires("results.view")
def cases(request: StaffRequest, indicator: str) -> HttpResponse:
    """List an indicator's cases by period and by what became of them."""
    found, rule = _indicator(request, indicator)
    sought = request.GET.get("case", "").strip()
    if sought:
        return redirect("office:case", request.organisation.slug, found.code, sought)
    plan = plan_of(found)
    if plan is None:
        raise Http404
    language, source = page_language(), rule.edition.source_language
    known = ledger_periods(found, PeriodKind(rule.period), most=PERIODS)
    chosen = _filter(request)
    page = case_page(
        plan,
        chosen,
        as_of=timezone.now(),
        after=request.GET.get("after", ""),
        size=PAGE,
    )
    periods = [chosen.period, *(period for period, _reasons in known)]
    reasons = {reason for _period, reasons in known for reason in reasons}
    return render_office(
        request,
        "office/cases.html",
        {
            "indicator": found,
            "name": name_of(rule, language),
            "stream": rule.stream,
            "rows": case_rows(
                page.lines, language=language, source=source, zone=plan.zone.key
            ),
            "periods": period_choices(set(periods)),
            "groups": group_choices(),
            "reasons": reason_choices(
                {*reasons, chosen.reason}, language=language, source=source
            ),
            "period": chosen.period.label if chosen.period else "",
            "group": chosen.group or "",
            "reason": chosen.reason,
            "later": "after" in request.GET,
            "following": _following(chosen, page.following) if page.following else "",
            "first": _following(chosen, ""),
            "crumbs": [
                (
                    _("Dashboard"),
                    reverse("office:dashboard", args=[found.organisation.slug]),
                ),
                (_("Cases of %(indicator)s") % {"indicator": found.code}, ""),
            ],
        },
    )


@require_safe
@requires("results.view")
def case(request: StaffRequest, indicator: str, case: str) -> HttpResponse:
    """Explain a case: its promise, its events, its clock, its days."""
    found, rule = _indicator(request, indicator)
    language, slug = page_language(), request.organisation.slug
    told = [] if "\x00" in case else explained(found, case, as_of=timezone.now())
    part = request.GET.get("part", "")
    title = _("Case %(case)s") % {"case": case}
    return render_office(
        request,
        "office/case.html",
        {
            "title": title,
            "indicator": found,
            "name": name_of(rule, language),
            "case": case,
            "stream": rule.stream,
            "part": part,
            "views": [case_view(item, language=language, part=part) for item in told],
            "crumbs": [
                (_("Dashboard"), reverse("office:dashboard", args=[slug])),
                (
                    _("Cases of %(indicator)s") % {"indicator": found.code},
                    reverse("office:cases", args=[slug, found.code]),
                ),
                (title, ""),
            ],
        },
        status=HTTPStatus.OK if told else HTTPStatus.NOT_FOUND,
    )


def _indicator(request: StaffRequest, code: str) -> tuple[Indicator, IndicatorRule]:
    """
    Find an indicator and what the newest edition says of it.

    :raises Http404: if none has been published.
    """
    if "\x00" in code:  # the database would refuse the question
        raise Http404
    found = get_object_or_404(
        Indicator.objects.select_related("organisation"),
        organisation=request.organisation,
        code=code,
    )
    rule = (
        IndicatorRule.objects.filter(
            indicator=found, edition__state=EditionState.PUBLISHED
        )
        .select_related("edition", "stream")
        .order_by("-edition__valid_from")
        .first()
    )
    if rule is None or not rule.period:
        raise Http404
    return found, rule


def _filter(request: StaffRequest) -> CaseFilter:
    """Read what to list; what is none chooses everything."""
    asked = request.GET
    period: Period | None
    try:
        period = parse_period(asked.get("period", ""))
    except ValueError:
        period = None
    group = asked.get("outcome", "")
    reason = asked.get("reason", "").replace("\x00", "")
    return CaseFilter(
        period=period,
        group=CaseGroup(group) if group in set(CaseGroup) else None,
        reason=reason,
    )


def _following(chosen: CaseFilter, cursor: str) -> str:
    """Return the address of another page of the same list, without its path."""
    asked = {
        "period": chosen.period.label if chosen.period else "",
        "outcome": chosen.group or "",
        "reason": chosen.reason,
        "after": cursor,
    }
    return urlencode({name: value for name, value in asked.items() if value})
