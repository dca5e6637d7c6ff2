"""Whose message it is, and how old."""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from indicators.adapters import signatures
from indicators.adapters.signatures import is_genuine

SECRET = "a secret of sixteen letters"
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SECONDS = str(int(NOW.timestamp()))
BODY = b'{"a": 1}'


def mac(signed, hash_="sha256", secret=SECRET):
    return hmac.new(secret.encode(), signed, getattr(hashlib, hash_)).hexdigest()


def signed(kind, body=BODY, seconds=SECONDS, secret=SECRET):
    """Sign as each system documents it."""
    if kind == "zammad":
        return {"X-Hub-Signature": f"sha1={mac(body, 'sha1', secret)}"}
    if kind == "glpi":
        return {
            "X-GLPI-signature": mac(body + seconds.encode(), secret=secret),
            "X-GLPI-timestamp": seconds,
        }
    signature = mac(seconds.encode() + b"." + body, secret=secret)
    return {
        "X-Paraula-Signature": f"sha256={signature}",
        "X-Paraula-Timestamp": seconds,
    }


OURS = ("generic", "signalen")
KINDS = ("zammad", "glpi", *OURS)


def genuine(kind, headers, body=BODY, at=NOW, secret=SECRET):
    return is_genuine(kind, secret=secret, headers=headers, body=body, at=at)


def test_a_signature_that_was_computed_by_another_program():
    """By ``openssl dgst -sha1 -hmac``."""
    assert genuine(
        "zammad",
        {"X-Hub-Signature": "sha1=e1b4b34fff4760b0eb3482f8061e3daad705fe00"},
    )


@pytest.mark.parametrize("kind", KINDS)
def test_each_signs_in_its_own_way_and_all_may_sign_in_ours(kind):
    taken = KINDS if kind in OURS else (kind,)
    assert tuple(other for other in KINDS if genuine(other, signed(kind))) == taken


@pytest.mark.parametrize("kind", KINDS)
@given(body=st.binary(max_size=40), secret=st.text(min_size=1, max_size=40))
def test_another_body_or_secret_is_never_genuine(kind, body, secret):
    assert genuine(kind, signed(kind, body), body)
    if body != BODY:
        assert not genuine(kind, signed(kind), body)
    if secret.rstrip("\x00") != SECRET:
        assert not genuine(kind, signed(kind, secret=secret))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("found", ["", "é", "sha1=", "sha256=", "0" * 64, "\ud800"])
def test_what_is_no_signature_is_not_genuine(kind, found):
    assert not genuine(kind, dict.fromkeys(signed(kind), found))
    assert not genuine(kind, {})


@pytest.mark.parametrize(
    ("kind", "tolerance"),
    [("generic", timedelta(minutes=5)), ("glpi", timedelta(days=7))],
)
def test_an_old_message_is_not_genuine(kind, tolerance):
    headers = signed(kind)
    for sign in (1, -1):
        assert genuine(kind, headers, at=NOW + sign * tolerance)
        beyond = tolerance + timedelta(seconds=1)
        assert not genuine(kind, headers, at=NOW + sign * beyond)


@pytest.mark.parametrize("kind", ["generic", "glpi"])
@pytest.mark.parametrize("seconds", ["", "now", "-1", "1e9", "٣", "9" * 40, "1.5"])
def test_the_instant_must_be_whole_seconds(kind, seconds):
    assert not genuine(kind, signed(kind, seconds=seconds))


@pytest.mark.parametrize("kind", KINDS)
def test_as_much_is_computed_for_every_kind_and_outcome(kind, monkeypatch):
    lengths = []

    def counted(key, message, hash_):
        lengths.append((len(message), hash_))
        return hmac.new(key, message, hash_)

    class Counted:
        new = staticmethod(counted)
        compare_digest = staticmethod(hmac.compare_digest)

    monkeypatch.setattr(signatures, "hmac", Counted)
    seen = set()
    for headers in (signed(kind), dict.fromkeys(signed(kind), "x" * len(SECONDS)), {}):
        lengths.clear()
        genuine(kind, headers)
        seen.add(tuple(hash_ for _length, hash_ in lengths))
    assert seen == {("sha1", "sha256", "sha256")}
