"""The page of a charter."""

from django.db.models import Count, Max, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from charters.models import Charter
from charters.queries.editions import shown_of
from commitments.queries.suspensions import suspensions_of
from indicators.enums import ResultState
from indicators.models import Result
from indicators.queries.results import watermarks
from web.caching import etag_of, keep
from web.presenters.charters import charter_page, editions_of, rules_of
from web.presenters.figures import Reading
from web.presenters.periods import civil_day


@require_safe
def charter(request: HttpRequest, organisation: str, charter: str) -> HttpResponse:
    """Show what is promised, whether it is kept and what to do if not."""
    found = get_object_or_404(
        Charter.objects.select_related("organisation"),
        organisation__slug=organisation,
        slug=charter,
    )
    today = civil_day(timezone.now(), found.organisation.time_zone)
    edition = shown_of(found, on=today)
    if edition is None:
        raise Http404
    language = get_language() or edition.source_language
    editions = list(editions_of(found))
    rules = rules_of(edition)
    suspensions = list(suspensions_of(found))
    marks = watermarks(streams={rule.stream_id for rule in rules if rule.stream_id})
    newest = Result.objects.filter(
        indicator__in=[rule.indicator_id for rule in rules]
    ).aggregate(
        Max("as_of_at"),
        Max("pk"),
        Count("pk"),
        # A figure that becomes final changes nothing else.
        provisional=Count("pk", filter=Q(state=ResultState.PROVISIONAL)),
    )
    etag = etag_of(
        [
            edition.digest,
            language,
            today,
            found.organisation.name,
            [(item.number, item.ended_on) for item in editions],
            sorted(newest.items()),
            sorted(marks.items()),
            [(item.pk, item.until_on) for item in suspensions],
            request.get_full_path(),  # the links to the other languages repeat it
        ]
    )
    unchanged = get_conditional_response(request, etag=etag)
    if unchanged is not None:
        return keep(unchanged, etag=etag)
    page = charter_page(
        found,
        edition,
        editions=editions,
        rules=rules,
        suspensions=suspensions,
        marks=marks,
        reading=Reading(
            language, edition.source_language, today, found.organisation.time_zone
        ),
    )
    context = {
        "page": page,
        "organisation_name": page.organisation.text,
    }
    return keep(render(request, "public/charter.html", context), etag=etag)
