"""What past events say of a draft's target."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from engine.rules import RuleError
from indicators.models import IndicatorRule
from indicators.queries.feasibility import feasibility_of
from web.office.access import StaffRequest, page_language, render_office, requires
from web.office.editing import address, charter_crumbs, draft_context, draft_of_page
from web.presenters.feasibility import FeasibilityView, feasibility_view


@require_safe
@requires("charters.edit")
def feasibility(request: StaffRequest, charter: str, pk: int) -> HttpResponse:
    """Try an indicator's target on what the feed already holds."""
    draft = draft_of_page(request, charter)
    rule = get_object_or_404(
        IndicatorRule.objects.select_related("indicator", "stream", "calendar"),
        edition=draft.edition,
        pk=pk,
    )
    back = address(request, charter, "indicator", rule.pk)
    view: FeasibilityView | None = None
    fault = ""
    try:
        found = feasibility_of(rule, at=timezone.now())
    except RuleError as error:
        fault = _("The rule cannot be measured: %(path)s: %(fault)s.") % {
            "path": error.path,
            "fault": error.fault,
        }
    else:
        if found is not None:
            view = feasibility_view(found, rule, language=page_language())
    title = _("%(code)s on past events") % {"code": rule.indicator.code}
    return render_office(
        request,
        "office/feasibility.html",
        {
            **draft_context(request, draft, "quality"),
            "title": title,
            "crumbs": charter_crumbs(
                request, draft, [(rule.indicator.code, back), (title, "")]
            ),
            "view": view,
            "fault": fault,
            "has_feed": rule.stream_id is not None,
            "back_url": back,
        },
    )
