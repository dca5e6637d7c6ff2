"""The first page of the office: what is kept and what waits."""

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.rules import allows
from indicators.queries.streams import alarms_of
from web.office.access import StaffRequest, page_language, render_office, requires
from web.presenters.board import board_of, status_label, tiles_of
from web.presenters.streams import alarms


@require_safe
@requires("results.view")
def dashboard(request: StaffRequest) -> HttpResponse:
    """Show every indicator's latest official figure, the worst first."""
    charter, status = request.GET.get("charter", ""), request.GET.get("status", "")
    board = board_of(
        request.organisation,
        language=page_language(),
        now=timezone.now(),
        charter=charter,
        status=status,
    )
    claims_url = (
        reverse("office:claims", args=[request.organisation.slug])
        if allows(request.roles, "claims.view")
        else ""
    )
    return render_office(
        request,
        "office/dashboard.html",
        {
            "alarms": alarms(
                alarms_of(request.organisation),
                request.organisation,
                language=page_language(),
            ),
            "board": board,
            "tiles": tiles_of(board.tally, claims_url=claims_url),
            "charter": charter,
            "status": status,
            "statuses": [(code, status_label(code)) for code in board.statuses],
        },
    )
