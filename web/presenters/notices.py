"""Letters to those who look after the feeds of events."""

from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _, override

from core.mail import Letter
from core.text import words
from indicators.enums import FeedState
from indicators.models import FeedNotice
from web.presenters.periods import civil_day, day_words


def letter_of(notice: FeedNotice) -> Letter:
    """Put a notice into the language of its reader."""
    stream, organisation = notice.stream, notice.organisation
    language = notice.reader.language
    with override(language):
        name = words(stream.name, language, source=organisation.language).text
        path = reverse("office:stream", args=[organisation.slug, stream.code])
        text = render_to_string(
            "mail/feed_notice.txt",
            {
                "state": notice.state,
                "stream": name or stream.code,
                "organisation": words(
                    organisation.name, language, source=organisation.language
                ).text
                or organisation.slug,
                "until": _day(notice.known.get("until"), stream.time_zone),
                "silent_on": _day(notice.known.get("silent_at"), stream.time_zone),
                "thin_since": _day(notice.known.get("thin_since"), stream.time_zone),
                "fewest": stream.expected_week_events,
                "address": f"{settings.SITE_URL.rstrip('/')}{path}",
            },
        )
        return Letter(_subject(notice.state) % {"stream": name or stream.code}, text)


def _subject(state: str) -> str:
    if state == FeedState.SILENT:
        return _("“%(stream)s” has fallen silent")
    if state == FeedState.THIN:
        return _("“%(stream)s” sends too few events")
    return _("“%(stream)s” speaks as usual again")


def _day(instant: Any, zone: str) -> str:
    if not instant:
        return ""
    day: date = civil_day(datetime.fromisoformat(instant), zone)
    return day_words(day)
