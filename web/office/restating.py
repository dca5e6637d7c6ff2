"""Restating an indicator's final figures: see what would change, say why, do it."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _, ngettext
from django.views.decorators.http import require_http_methods

from charters.enums import EditionState
from charters.forms import form_faults
from core.text import words
from indicators.forms.restating import RestateForm
from indicators.models import IndicatorRule
from indicators.queries.restating import would_change
from indicators.services.figures import restate as restate_figures
from web.office.access import StaffRequest, page_language, render_office, requires
from web.presenters.numbers import number
from web.presenters.restating import change_views


@require_http_methods(["GET", "HEAD", "POST"])
@requires("results.restate")
def restate(request: StaffRequest, indicator: str) -> HttpResponse:
    """Show what a restatement would replace; restate, if a cause is given."""
    rule = _newest_rule(request, indicator)
    form = RestateForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        restated = restate_figures(
            indicators=[rule.indicator_id],
            period=None,
            cause=form.cleaned_data["cause"],
            by=request.user,
            at=timezone.now(),
        )
        text = ngettext(
            "%(n)s figure was restated.", "%(n)s figures were restated.", restated
        )
        messages.success(request, text % {"n": number(restated)})
        return redirect(
            "office:restate", request.organisation.slug, rule.indicator.code
        )
    changes = would_change(rule.indicator, at=timezone.now())
    title = _("Restate the figures of %(code)s") % {"code": rule.indicator.code}
    dashboard = reverse("office:dashboard", args=[request.organisation.slug])
    return render_office(
        request,
        "office/restate.html",
        {
            "title": title,
            "name": words(
                rule.name, page_language(), source=rule.edition.source_language
            ),
            "changes": change_views(changes, rule),
            "form": form,
            "faults": form_faults(form),
            "dashboard_url": dashboard,
            "crumbs": [(_("Dashboard"), dashboard), (title, "")],
        },
    )


def _newest_rule(request: StaffRequest, code: str) -> IndicatorRule:
    """
    Return what an indicator's newest published edition says of it.

    :raises Http404: if there is no such indicator, or nothing is published of it.
    """
    if "\x00" in code:  # the database would refuse the question
        raise Http404
    rule = (
        IndicatorRule.objects.filter(
            indicator__organisation=request.organisation,
            indicator__code=code,
            edition__state=EditionState.PUBLISHED,
        )
        .select_related("indicator", "edition")
        .order_by("-edition__number")
        .first()
    )
    if rule is None:
        raise Http404
    return rule
