"""What the pages of a feed share: the feed itself, and where the pages are."""

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _, gettext_lazy

from accounts.rules import allows
from core.text import Words
from indicators.models import Stream
from web.office.access import StaffRequest, page_language
from web.office.editing import Crumb
from web.presenters.streams import stream_name

NO_SECRET = gettext_lazy(
    "The server lacks the secret that makes this feed’s case numbers unreadable: "
    "whoever runs it must put it back."
)


def stream_of(request: StaffRequest, code: str) -> Stream:
    """
    Return a feed of the organisation, with its calendar.

    :raises Http404: if there is none of that code.
    """
    if "\x00" in code:  # the database would refuse the question
        raise Http404
    found: Stream = get_object_or_404(
        Stream.objects.select_related("organisation", "calendar"),
        organisation=request.organisation,
        code=code,
    )
    return found


def name_of(stream: Stream) -> Words:
    """Return the name of a feed in the language of the page."""
    return stream_name(stream, stream.organisation, page_language())


def crumbs_of(request: StaffRequest, stream: Stream, *more: Crumb) -> list[Crumb]:
    """
    Return where a page of a feed is; only those who look after feeds get links there.

    :param more: the pages below the feed's own, this one last.
    """
    if not allows(request.roles, "streams.view"):
        return [(name_of(stream), ""), *more]
    slug = request.organisation.slug
    here = reverse("office:stream", args=[slug, stream.code]) if more else ""
    return [
        (_("Feeds"), reverse("office:streams", args=[slug])),
        (name_of(stream), here),
        *more,
    ]
