"""Who is counted, and what happens when nobody can count."""

from uuid import uuid4

import pytest
from django.test import RequestFactory
from redis import ConnectionError as CacheDown

from web.limits import Limit, Use, count, spend

TWICE = Limit("twice", most=2, seconds=60)


@pytest.fixture(autouse=True)
def own_cache(settings):
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
            "LOCATION": str(uuid4()),
        }
    }


def ask(address="203.0.113.5", forwarded=""):
    headers = {"x-forwarded-for": forwarded} if forwarded else {}
    return RequestFactory().get("/", headers=headers, REMOTE_ADDR=address)


def waits(*requests):
    return [bool(spend(TWICE, request)) for request in requests]


def test_the_third_use_waits():
    assert waits(ask(), ask(), ask()) == [False, False, True]
    assert 0 < spend(TWICE, ask()) <= 60


def test_each_limit_and_each_address_is_counted_apart():
    waits(ask(), ask(), ask())
    assert spend(Limit("other", most=1, seconds=60), ask()) == 0
    assert waits(ask("203.0.113.6")) == [False]


def test_one_home_is_one_address_in_ipv6():
    homes = [ask(f"2001:db8:1:2::{number}") for number in range(1, 4)]
    assert waits(*homes) == [False, False, True]
    assert waits(ask("2001:db8:1:3::1")) == [False]


def test_nobodys_word_is_taken_without_a_proxy(settings):
    settings.TRUSTED_PROXIES = 0
    asked = [ask(forwarded=f"198.51.100.{number}") for number in range(3)]
    assert waits(*asked) == [False, False, True]


def test_our_proxy_says_who_asks_and_inventions_before_it_count_for_nothing(settings):
    settings.TRUSTED_PROXIES = 1
    asked = [ask(forwarded=f"1.1.1.{number}, 198.51.100.7") for number in range(3)]
    assert waits(*asked) == [False, False, True]
    assert waits(ask(forwarded="198.51.100.8")) == [False]


def test_request_without_an_address_is_counted_too():
    assert waits(ask(""), ask(""), ask("")) == [False, False, True]


class Telling:
    """A cache that remembers what it was asked, or that is down."""

    def __init__(self, *, down=False):
        self.down = down
        self.keys = []

    def add(self, key, *_args, **_options):
        if self.down:
            raise CacheDown
        self.keys.append(key)

    def incr(self, _key):
        return 1


def test_no_address_is_kept(monkeypatch):
    cache = Telling()
    monkeypatch.setattr("web.limits.cache", cache)
    spend(TWICE, ask())
    assert len(cache.keys) == 1
    assert "203.0.113.5" not in cache.keys[0]


def test_cache_that_is_down_lets_everybody_through(monkeypatch):
    monkeypatch.setattr("web.limits.cache", Telling(down=True))
    assert waits(ask(), ask(), ask(), ask()) == [False] * 4


def test_who_counts_is_told_what_is_left(monkeypatch):
    monkeypatch.setattr("web.limits.time.time", lambda: 60_000_045)
    assert [count(TWICE, "a") for _ in range(3)] == [
        Use(1, 15),
        Use(0, 15),
        Use(-1, 15),
    ]
    assert count(TWICE, "b") == Use(1, 15)
    monkeypatch.setattr("web.limits.cache", Telling(down=True))
    assert count(TWICE, "a") is None
