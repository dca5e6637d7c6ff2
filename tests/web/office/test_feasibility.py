"""The page that tries a draft's target on past events."""

from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils.translation import override

from accounts.enums import Role
from indicators.models import IndicatorRule, Result
from tests import builders
from tests.indicators.helpers import request, send


@pytest.fixture
def drafter(client, town):
    client.force_login(builders.person(Role.DRAFTER, of=town))
    return client


@pytest.fixture
def draft(town):
    builders.draft(builders.charter_document(), of=town)
    return IndicatorRule.objects.get()


def address(draft, language="en"):
    with override(language):
        return reverse("office:feasibility", args=["vila", "library", draft.pk])


def a_past() -> None:
    """Nine months of which the cases of two are late."""
    events = []
    for month in range(1, 10):
        opened = date(2026, month, 4)
        closed = opened + timedelta(days=20 if month in {3, 6} else 2)
        events += request(f"m{month}", opened.isoformat(), closed.isoformat())
    send(*events)


def test_the_past_is_told_in_words_and_numbers(drafter, draft):
    a_past()
    page = drafter.get(address(draft))
    text = page.content.decode()
    assert "This target would have been kept in 7 of 9 months." in text
    assert "0 of 9 months" not in text
    assert "at least 0" in text  # nine of ten months reached nothing more
    assert "March 2026" in text
    assert not Result.objects.exists()


def test_the_shortest_limit_is_told(drafter, draft):
    a_past()
    text = drafter.get(address(draft)).content.decode()
    assert "kept in nine of ten: 14 working days" in text.replace("\xa0", " ")


def test_without_a_past_the_page_says_so(drafter, draft):
    text = drafter.get(address(draft)).content.decode()
    assert "The feed holds no whole period yet" in text


def test_without_a_feed_the_page_says_so(drafter, draft):
    IndicatorRule.objects.update(stream=None)
    assert "Say first which feed" in drafter.get(address(draft)).content.decode()


def test_a_rule_that_cannot_be_measured_is_named(drafter, draft):
    a_past()
    IndicatorRule.objects.update(definition={"start": {"types": ["opened"]}})
    text = drafter.get(address(draft)).content.decode()
    assert "The rule cannot be measured: stop: missing." in text


@pytest.mark.parametrize("language", ["ca", "es", "it"])
def test_the_page_speaks_every_language(drafter, draft, language):
    a_past()
    text = drafter.get(address(draft, language)).content.decode()
    assert "would have been kept" not in text


def test_it_is_reached_from_the_indicator(drafter, draft):
    with override("en"):
        page = reverse("office:indicator", args=["vila", "library", draft.pk])
    assert address(draft) in drafter.get(page).content.decode()
