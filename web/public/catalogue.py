"""The catalogue of charters."""

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import conditional_page, require_safe

from accounts.models import Organisation
from charters.enums import EditionState
from charters.queries.catalogue import search
from core.text import words
from web.caching import keep
from web.presenters.catalogue import charter_cards
from web.presenters.numbers import number

PAGE_SIZE = 20
LONGEST_QUERY = 200
# What a card does not show and is large.
TEXTS = ("snapshot", "general", "quality", "assurance", "redress", "complementary")


@require_safe
@conditional_page
def catalogue(request: HttpRequest) -> HttpResponse:
    """Find charters by words and organisation."""
    today = timezone.localdate()
    language = get_language() or ""
    query = request.GET.get("q", "").replace("\x00", "").strip()[:LONGEST_QUERY]
    chosen = request.GET.get("org", "").replace("\x00", "")
    found = search(words=query, on=today, language=language, organisation=chosen)
    pages = Paginator(found.defer(*TEXTS), PAGE_SIZE)
    page = pages.get_page(request.GET.get("page"))
    context = {
        "query": query,
        "chosen": chosen,
        "organisations": [
            (item.slug, words(item.name, language, source=item.language).text)
            for item in _organisations()
        ],
        "total": pages.count,
        "total_words": number(pages.count),
        "page_obj": page,
        "cards": charter_cards(list(page), language=language, today=today),
    }
    return keep(render(request, "public/catalogue.html", context))


def _organisations() -> QuerySet[Organisation]:
    return (
        Organisation.objects.filter(charters__editions__state=EditionState.PUBLISHED)
        .distinct()
        .order_by("slug")
    )
