"""The inbox of claims, and a claim with its decision."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.rules import allows
from charters.forms import LANGUAGE_NAMES, form_faults
from core import audit
from core.text import words
from feedback.enums import ClaimState
from feedback.forms import DecisionForm
from feedback.models import Claim
from feedback.queries.claims import inbox
from feedback.services.claims import AlreadyDecidedError, decide
from web.office.access import StaffRequest, page_language, render_office, requires
from web.presenters.charters import redress_views
from web.presenters.claims import ClaimView, claim_view
from web.presenters.handling import case_view, inbox_line, is_overdue
from web.presenters.periods import civil_day

PAGE = 50
OPEN, DECIDED = "open", "decided"


@require_safe
@requires("claims.view")
def claims(request: StaffRequest) -> HttpResponse:
    """List the claims that wait, the one due first on top, or those decided."""
    show = DECIDED if request.GET.get("show") == DECIDED else OPEN
    organisation, now = request.organisation, timezone.now()
    found = inbox(organisation=organisation, open_only=show == OPEN)
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    lines = [
        inbox_line(
            claim, language=page_language(), zone=organisation.time_zone, now=now
        )
        for claim in page.object_list
    ]
    return render_office(
        request,
        "office/claims.html",
        {"show": show, "lines": lines, "page_obj": page, "total": page.paginator.count},
    )


@require_http_methods(["GET", "HEAD", "POST"])
@requires("claims.view", post="claims.decide")
def claim(request: StaffRequest, reference: str) -> HttpResponse:
    """Show a claim beside its promise and its case; decide it, once."""
    found = _claim(request, reference)
    form = DecisionForm(
        request.POST if request.method == "POST" else None,
        language=found.language,
        language_name=str(LANGUAGE_NAMES[found.language]),
    )
    if form.is_valid():
        try:
            decide(
                claim=found,
                outcome=form.cleaned_data["outcome"],
                answer=form.cleaned_data["answer"],
                by=request.user,
                at=timezone.now(),
            )
        except AlreadyDecidedError:
            return _page(request, _claim(request, reference), form, late=True)
        messages.success(request, _("The claim is answered."))
        return redirect("office:claim", request.organisation.slug, reference)
    return _page(request, found, form)


def _claim(request: StaffRequest, reference: str) -> Claim:
    if "\x00" in reference:  # the database would refuse the question
        raise Http404
    claim: Claim = get_object_or_404(
        Claim.objects.select_related(
            "organisation", "charter", "edition", "commitment", "decided_by"
        ),
        organisation=request.organisation,
        reference=reference,
    )
    return claim


def _page(
    request: StaffRequest, claim: Claim, form: DecisionForm, *, late: bool = False
) -> HttpResponse:
    now, language = timezone.now(), page_language()
    organisation = claim.organisation
    # Whoever reads what a citizen wrote leaves a trace.
    audit.record(
        verb="feedback.read",
        subject=claim.reference,
        organisation_id=organisation.pk,
        actor_id=request.user.pk,
        at=now,
    )
    view = claim_view(claim, language=language)
    decided = claim.state != ClaimState.RECEIVED
    inbox_url = reverse("office:claims", args=[organisation.slug])
    title = _("Claim %(reference)s") % {"reference": claim.reference}
    return render_office(
        request,
        "office/claim.html",
        {
            "title": title,
            "view": view,
            "edition": claim.edition,
            "promise_code": claim.commitment.code,
            "overdue": is_overdue(claim, now=now),
            "decided_by": str(claim.decided_by or ""),
            "case": case_view(claim, language=language, now=now),
            "redress": redress_views(
                claim.edition,
                claim.commitment.code,
                language=language,
                today=civil_day(now, organisation.time_zone),
            ),
            "liability": words(
                organisation.liability, language, source=organisation.language
            ),
            "language_name": str(LANGUAGE_NAMES[claim.language]),
            "details": _details(claim, view),
            "form": form,
            "faults": [] if decided else form_faults(form),
            "late": late,
            "typed": str(form["answer"].value() or "") if late else "",
            "may_decide": not decided and allows(request.roles, "claims.decide"),
            "crumbs": [(_("Claims"), inbox_url), (title, "")],
        },
        status=409 if late else 200,
    )


def _details(claim: Claim, view: ClaimView) -> list[tuple[str, str]]:
    """Return what is known of a claim besides its words; empty parts are not shown."""
    return [
        (_("Day of the facts"), view.facts_on.words),
        (_("Received on"), view.received_on.words),
        (_("Language"), str(LANGUAGE_NAMES[claim.language])),
        (_("Case number"), view.case_key),
        (_("E-mail"), view.email),
    ]
