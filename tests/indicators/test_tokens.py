"""Keys of machines: replaced in time, ended, listed."""

from datetime import timedelta

import pytest
import time_machine
from django.core.management import CommandError, call_command

from indicators.models import Stream, StreamToken
from indicators.services.streams import (
    TokenError,
    issue_token,
    revoke_token,
    rotate_token,
    use_token,
)
from tests.builders import NOW

DAY = timedelta(days=1)
LABEL = "library system"

pytestmark = pytest.mark.django_db


@pytest.fixture
def stream(charter):
    return Stream.objects.get(code="requests")


@pytest.fixture
def key(stream):
    return issue_token(stream=stream, label=LABEL, at=NOW)


def rotated(stream, *, at=NOW, overlap=DAY):
    return rotate_token(stream=stream, label=LABEL, at=at, overlap=overlap)


def opens(stream, key, at):
    return use_token(stream=stream, key=key, at=at) is not None


def test_the_old_key_stays_valid_until_the_stated_end(stream, key):
    new, until = rotated(stream)
    assert until == NOW + DAY
    assert opens(stream, key, until - timedelta(microseconds=1))
    assert not opens(stream, key, until)
    assert opens(stream, new, until + 1000 * DAY)


@pytest.mark.parametrize("overlap", [timedelta(), -DAY])
def test_without_overlap_the_old_key_is_useless_at_once(stream, key, overlap):
    new, until = rotated(stream, overlap=overlap)
    assert until == NOW
    assert not opens(stream, key, NOW)
    assert opens(stream, new, NOW)


def test_a_second_rotation_never_lengthens_the_first(stream, key):
    second, _until = rotated(stream)
    third, _until = rotated(stream, at=NOW + DAY / 2, overlap=10 * DAY)
    assert not opens(stream, key, NOW + DAY)
    assert opens(stream, second, NOW + 10 * DAY)
    assert not opens(stream, second, NOW + DAY / 2 + 10 * DAY)
    assert opens(stream, third, NOW + 20 * DAY)


def test_at_once_ends_also_what_was_still_to_end(stream, key):
    second, _until = rotated(stream)
    third, _until = rotated(stream, overlap=timedelta())
    assert [opens(stream, each, NOW) for each in (key, second, third)] == [
        False,
        False,
        True,
    ]


def test_keys_of_other_labels_and_streams_are_let_alone(stream, key, town):
    other = Stream.objects.create(
        organisation=town, code="other", time_zone="UTC", types=["opened"]
    )
    kept = [
        (stream, issue_token(stream=stream, label="another", at=NOW)),
        (other, issue_token(stream=other, label=LABEL, at=NOW)),
    ]
    rotated(stream, overlap=timedelta())
    assert all(opens(of, each, NOW + DAY) for of, each in kept)


def test_what_has_ended_cannot_be_replaced(stream, key):
    revoke_token(token=StreamToken.objects.get(), at=NOW)
    with pytest.raises(TokenError, match=LABEL):
        rotated(stream)
    assert StreamToken.objects.count() == 1


def test_a_key_in_its_overlap_can_be_revoked_and_a_revoked_one_not_prolonged(
    stream, key
):
    rotated(stream)
    old = StreamToken.objects.earliest("pk")
    revoke_token(token=old, at=NOW + DAY / 2)
    assert not opens(stream, key, NOW + DAY / 2)
    revoke_token(token=old, at=NOW + 2 * DAY)
    old.refresh_from_db()
    assert old.revoked_at == NOW + DAY / 2


def test_commands_rotate_list_and_revoke(stream, key, capsys):
    with time_machine.travel(NOW, tick=False):
        opens(stream, key, NOW)
        call_command("rotate_token", "vila/requests", label=LABEL, overlap=48)
        printed = capsys.readouterr()
        new = printed.out.strip()
        assert opens(stream, new, NOW + 3 * DAY)
        assert "the old ones end at" in printed.err
        call_command("tokens", "vila/requests")
        listed = capsys.readouterr().out
        assert new not in listed
        assert key not in listed
        head, old, current = (line.split("  ") for line in listed.splitlines())
        assert head[0].strip() == "stream"
        assert old[-1] == f"until {NOW + 2 * DAY:%Y-%m-%d %H:%M} UTC"
        assert f"{NOW:%Y-%m-%d %H:%M} UTC" in old[-2]
        assert current[-1] == "yes"
        call_command("revoke_token", "vila/requests", label=LABEL)
        assert capsys.readouterr().out.count("is revoked") == 2
        call_command("tokens")
        assert "no keys" in capsys.readouterr().err
        call_command("tokens", all=True)
        assert capsys.readouterr().out.count("ended") == 2


def test_command_at_once(stream, key, capsys):
    call_command("rotate_token", "vila/requests", "--label", LABEL, "--at-once")
    assert not opens(stream, key, StreamToken.objects.latest("pk").created_at)
    assert opens(stream, capsys.readouterr().out.strip(), NOW)


@pytest.mark.parametrize(
    ("name", "label", "overlap", "words"),
    [
        ("vila", LABEL, 1, "ORG/STREAM"),
        ("vila/nothing", LABEL, 1, "there is no stream vila/nothing"),
        ("vila/requests", "nobody", 1, "no key labelled 'nobody'"),
        ("vila/requests", LABEL, -1, "overlap"),
        ("vila/requests", LABEL, 2161, "overlap"),
    ],
)
def test_rotate_token_says_what_is_wrong(key, name, label, overlap, words):
    with pytest.raises(CommandError, match=words):
        call_command("rotate_token", name, label=label, overlap=overlap)
