"""Feeds that fall silent and speak again: told once, and felt by the figures."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core import mail
from django.db import IntegrityError, transaction

from core.mail import Letter
from engine.feeds import State
from indicators.enums import FeedState
from indicators.models import FeedNotice, FeedWatch, Stream, WorkCalendar
from indicators.queries.feeds import heard
from indicators.services import figures, watching
from indicators.services.calendars import put_calendar
from indicators.services.verification import verify
from indicators.services.watching import deliver, watch
from tests import builders
from tests.indicators.helpers import at_once, event, line, send, utc
from tests.indicators.test_verification import behind_its_back

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MADRID = ZoneInfo("Europe/Madrid")
SPOKE = utc(2026, 3, 2, 9)


@pytest.fixture
def steward(town):
    return builders.person("DATA_STEWARD", of=town)


@pytest.fixture
def stream(charter, steward):
    found = Stream.objects.get(code="requests")
    found.expected_gap_days = 2
    found.save()
    return found


def speak(at, *, n=1):
    send(
        *(
            event(f"{at:%m%d%H%M}/{i}", f"{at:%m%d}/{i}", at=at.isoformat())
            for i in range(n)
        ),
        at=at,
    )


def beats(first, last, *, every=HOUR):
    """Look as beat does, from an instant to another; return how many changed."""
    changed, at = 0, first
    while at <= last:
        changed += watch(at=at)
        at += every
    return changed


def told():
    return list(FeedNotice.objects.order_by("pk").values_list("state", "changed_at"))


def plain(notice):
    return Letter(f"{notice.stream} is {notice.state}", "Look at it.")


# --- the states ---------------------------------------------------------------------


def test_a_feed_that_falls_silent_and_speaks_again_is_told_once_each(stream):
    speak(SPOKE)
    silent = SPOKE + 2 * DAY
    assert beats(SPOKE, silent) == 0
    assert beats(silent + HOUR, silent + 5 * DAY) == 1
    assert FeedWatch.objects.get(stream=stream).state == FeedState.SILENT
    speak(silent + 5 * DAY + HOUR)
    assert beats(silent + 5 * DAY + HOUR, silent + 6 * DAY) == 1
    assert told() == [
        ("silent", silent + HOUR),
        ("speaking", silent + 5 * DAY + HOUR),
    ]


def test_a_feed_that_never_spoke_is_told_of_by_nobody(stream):
    assert beats(SPOKE, SPOKE + 30 * DAY, every=6 * HOUR) == 0
    assert FeedWatch.objects.get(stream=stream).state == FeedState.NEVER


def test_late_is_not_silent(stream):
    stream.expected_delay_hours = 24
    stream.save()
    speak(SPOKE)
    assert beats(SPOKE, SPOKE + 3 * DAY) == 0
    assert FeedWatch.objects.get(stream=stream).state == FeedState.LATE
    assert beats(SPOKE + 3 * DAY + HOUR, SPOKE + 4 * DAY) == 1


def test_too_few_events_are_told_with_the_week_since_when(stream):
    stream.expected_gap_days, stream.expected_week_events = None, 3
    stream.save()
    speak(utc(2026, 2, 27))
    speak(utc(2026, 3, 4), n=3)
    speak(utc(2026, 3, 10), n=2)
    monday = datetime(2026, 3, 16, tzinfo=MADRID).astimezone(UTC)
    assert beats(utc(2026, 3, 9), monday - timedelta(seconds=1)) == 0
    assert beats(monday, monday + 3 * DAY) == 1
    notice = FeedNotice.objects.get()
    assert notice.state == FeedState.THIN
    since = datetime.fromisoformat(notice.known["thin_since"])
    assert since == datetime(2026, 3, 9, tzinfo=MADRID)
    speak(utc(2026, 3, 18), n=3)
    assert beats(monday + 3 * DAY, monday + 7 * DAY + HOUR) == 1
    assert [state for state, _at in told()] == ["thin", "speaking"]


@pytest.mark.parametrize(
    "spoke",
    [
        datetime(2026, 3, 28, 12, tzinfo=MADRID),  # the clock goes forward that night
        datetime(2026, 10, 24, 12, tzinfo=MADRID),  # and back
    ],
)
def test_nights_on_which_the_clock_changes_are_as_long_as_they_are(stream, spoke):
    spoke = spoke.astimezone(UTC)
    speak(spoke)
    end = spoke + 2 * DAY
    assert beats(spoke, end, every=HOUR / 2) == 0
    assert beats(end + timedelta(microseconds=1), end + DAY, every=HOUR / 2) == 1
    assert len(told()) == 1


def test_a_closed_august_is_no_silence(stream, town):
    days = {f"2026-08-{day:02d}": "Closed" for day in range(1, 32)}
    put_calendar(
        organisation=town,
        code="office",
        name={},
        definition=builders.OFFICE_HOURS | {"holidays": days},
        at=SPOKE,
    )
    stream.calendar = WorkCalendar.objects.get(code="office")
    stream.save()
    spoke = utc(2026, 7, 31, 10)
    speak(spoke)
    back = datetime(2026, 9, 2, 12, tzinfo=MADRID)
    assert beats(spoke, back, every=HOUR / 1) == 0
    assert beats(back + HOUR, back + DAY) == 1


# --- once, whatever happens ---------------------------------------------------------


def test_beats_that_were_missed_tell_late_and_once(stream):
    speak(SPOKE)
    watch(at=SPOKE)
    silent = SPOKE + 2 * DAY
    assert beats(SPOKE + HOUR, silent) == 0
    assert watch(at=silent + HOUR) == 1  # the ones between were missed
    assert watch(at=silent + HOUR) == 0
    assert watch(at=silent) == 0  # one that comes when it is not its turn any more
    assert len(told()) == 1


def test_after_three_days_away_senders_get_a_day_to_catch_up(stream):
    """Nobody could reach us: the feed is not to blame for its silence."""
    speak(SPOKE)
    watch(at=SPOKE)
    back = SPOKE + 3 * DAY
    assert beats(back, back + DAY - HOUR) == 0
    speak(back + 2 * HOUR)
    assert beats(back + DAY, back + 2 * DAY) == 0
    assert told() == []


def test_after_three_days_away_a_feed_that_stays_silent_is_told_once(stream):
    speak(SPOKE)
    watch(at=SPOKE)
    back = SPOKE + 3 * DAY
    assert beats(back, back + 3 * DAY) == 1
    assert told() == [("silent", back + DAY)]


def test_a_stop_keeps_nothing_back_that_was_told(stream):
    speak(SPOKE)
    assert beats(SPOKE, SPOKE + 3 * DAY) == 1
    back = SPOKE + 6 * DAY
    assert watch(at=back) == 0
    speak(back)
    assert watch(at=back + HOUR) == 1
    assert [state for state, _at in told()] == ["silent", "speaking"]


@pytest.mark.django_db(transaction=True)
def test_many_beats_at_once_tell_a_change_once(stream):
    speak(SPOKE)
    watch(at=SPOKE + DAY)
    at = SPOKE + DAY + HOUR
    watch(at=at)
    FeedWatch.objects.update(looked_at=SPOKE + 2 * DAY)
    changed = at_once(lambda _n: watch(at=SPOKE + 2 * DAY + HOUR), list(range(8)))
    assert sum(changed) == 1
    assert len(told()) == 1


@pytest.mark.django_db(transaction=True)
def test_beats_that_begin_to_watch_at_once_make_one_row(stream):
    speak(SPOKE)
    at_once(lambda _n: watch(at=SPOKE), list(range(8)))
    assert FeedWatch.objects.filter(stream=stream).count() == 1


def test_the_database_keeps_a_notice_from_being_written_twice(stream, steward):
    row = {
        "organisation": stream.organisation,
        "stream": stream,
        "reader": steward,
        "state": "silent",
        "changed_at": SPOKE,
        "next_try_at": SPOKE,
    }
    FeedNotice.objects.create(**row)
    with pytest.raises(IntegrityError, match="feed_notice_once_per_change"):
        FeedNotice.objects.create(**row)


def test_the_database_knows_the_states(stream):
    watch(at=SPOKE)
    with (
        pytest.raises(IntegrityError, match="feed_state_known"),
        transaction.atomic(),
    ):
        FeedWatch.objects.update(state="gone")
    assert set(FeedState.values) == {state.value for state in State}


# --- who is told, and how -----------------------------------------------------------


def fall_silent(stream):
    speak(SPOKE)
    beats(SPOKE, SPOKE + 2 * DAY + HOUR)
    return SPOKE + 2 * DAY + HOUR


def test_every_data_steward_is_told_and_nobody_else(stream, town, steward):
    other = builders.organisation("altra")
    builders.person("DATA_STEWARD", of=other)
    builders.person("MANAGER", of=town)
    gone = builders.person("DATA_STEWARD", of=town, email="gone@example.org")
    gone.is_active = False
    gone.save()
    second = builders.person("DATA_STEWARD", of=town, email="second@example.org")
    at = fall_silent(stream)
    assert deliver(write=plain, at=at) == 2
    assert sorted(letter.to for letter in mail.outbox) == sorted(
        [[steward.email], [second.email]]
    )
    assert deliver(write=plain, at=at + DAY) == 0


def test_without_a_data_steward_administrators_are_told(charter, town):
    stream = Stream.objects.get(code="requests")
    stream.expected_gap_days = 2
    stream.save()
    admin = builders.person("ADMINISTRATOR", of=town)
    at = fall_silent(stream)
    assert deliver(write=plain, at=at) == 1
    assert mail.outbox[0].to == [admin.email]
    assert mail.outbox[0].extra_headers == {"Auto-Submitted": "auto-generated"}


def test_a_server_that_takes_no_mail_is_tried_again_later_and_later(
    stream, settings, monkeypatch
):
    at = fall_silent(stream)
    refusing = "tests.indicators.test_watching.Refusing"
    settings.EMAIL_BACKEND = refusing
    assert deliver(write=plain, at=at) == 0
    assert deliver(write=plain, at=at + timedelta(minutes=4)) == 0
    assert FeedNotice.objects.get().tries == 1
    assert deliver(write=plain, at=at + timedelta(minutes=5)) == 0
    notice = FeedNotice.objects.get()
    assert notice.tries == 2
    assert notice.next_try_at == at + timedelta(minutes=15)
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    assert deliver(write=plain, at=notice.next_try_at) == 1
    assert len(mail.outbox) == 1


def test_a_letter_that_nobody_takes_is_given_up(stream, settings):
    at = fall_silent(stream)
    settings.EMAIL_BACKEND = "tests.indicators.test_watching.Refusing"
    for n in range(watching.MOST_TRIES + 5):
        deliver(write=plain, at=at + n * watching.LONGEST_WAIT)
    assert FeedNotice.objects.get().tries == watching.MOST_TRIES


class Refusing:
    """A mail server that is away."""

    def __init__(self, **_options):
        pass

    def send_messages(self, _messages):
        raise ConnectionRefusedError


@pytest.mark.django_db(transaction=True)
def test_many_senders_at_once_send_a_letter_once(stream):
    at = fall_silent(stream)
    sent = at_once(lambda _n: deliver(write=plain, at=at), list(range(8)))
    assert sum(sent) == 1
    assert len(mail.outbox) == 1


# --- what figures say of it ---------------------------------------------------------


def differences(at):
    return [str(found) for found in verify(at=at)]


@pytest.fixture
def weeks(stream):
    """Three requests a week are normal; March 2026 has four good ones."""
    stream.expected_gap_days, stream.expected_week_events = None, 3
    stream.save()
    speak(utc(2026, 2, 27, 9))
    for day in (3, 10, 17, 24, 31):
        speak(utc(2026, 3, day, 9), n=3)
    return stream


def test_a_feed_with_too_few_events_gives_no_verdict_until_it_is_well(weeks):
    speak(utc(2026, 4, 7, 9), n=2)
    at = utc(2026, 4, 12)  # the week is not over
    figures.refresh(at=at)
    assert line("2026-03-01").status == "unmet"
    assert line("2026-04-01").status != "no_data_yet"
    at = utc(2026, 4, 14)
    figures.roll(at=at)
    april = line("2026-04-01")
    assert april.status == "no_data_yet"
    assert april.feed_trusted_until == datetime(2026, 4, 6, tzinfo=MADRID)
    assert line("2026-03-01").status == "unmet"
    assert differences(at) == []
    speak(utc(2026, 4, 15, 9), n=3)
    figures.refresh(at=utc(2026, 4, 15, 10))
    assert line("2026-04-01").status == "no_data_yet"
    at = utc(2026, 4, 20, 1)
    figures.roll(at=at)
    assert line("2026-04-01").status != "no_data_yet"
    assert differences(at) == []


def test_what_comes_late_fills_the_week_in_which_it_happened(weeks):
    speak(utc(2026, 4, 7, 9), n=2)
    figures.refresh(at=utc(2026, 4, 13, 1))
    figures.roll(at=utc(2026, 4, 14))
    assert line("2026-04-01").status == "no_data_yet"
    send(event("late", "late", at="2026-04-08T09:00:00Z"), at=utc(2026, 4, 14))
    figures.refresh(at=utc(2026, 4, 14, 1))
    assert line("2026-04-01").status != "no_data_yet"
    assert differences(utc(2026, 4, 14, 1)) == []


def test_a_final_figure_does_not_move_because_its_feed_is_trusted_less(weeks):
    at = utc(2026, 4, 4)
    figures.refresh(at=at)
    figures.freeze_ended(organisation_id=None, at=utc(2026, 5, 9))
    before = line("2026-03-01")
    assert (before.state, before.status) == ("FROZEN", "unmet")
    weeks.expected_week_events = 50
    weeks.save()
    at = utc(2026, 6, 1)
    figures.roll(at=at)
    assert line("2026-03-01") == before
    assert line("2026-05-01").status == "no_data_yet"
    assert differences(at) == []
    send(event("more", "more", at="2026-03-04T09:00:00Z"), at=at)
    figures.refresh(at=at)
    after = line("2026-03-01")
    assert (after.revision, after.status, after.n) == (1, "unmet", before.n + 1)
    assert differences(at) == []


def test_a_final_line_without_data_is_restated_when_the_feed_speaks(weeks):
    speak(utc(2026, 4, 7, 9), n=2)
    figures.refresh(at=utc(2026, 5, 1))
    figures.freeze_ended(organisation_id=None, at=utc(2026, 6, 9))
    april = line("2026-04-01")
    assert (april.state, april.status) == ("FROZEN", "no_data_yet")
    weeks.expected_week_events = None
    weeks.save()
    at = utc(2026, 6, 10)
    figures.roll(at=at)
    after = line("2026-04-01")
    assert (after.revision, after.cause) == (1, figures.HEARD)
    assert after.status != "no_data_yet"
    assert differences(at) == []


def test_how_far_a_feed_was_trusted_is_under_the_seal(weeks):
    weeks.expected_gap_days = 90
    weeks.save()
    figures.refresh(at=utc(2026, 4, 4))
    figures.freeze_ended(organisation_id=None, at=utc(2026, 5, 9))
    sealed = line("2026-03-01")
    assert sealed.feed_trusted_until is not None
    assert differences(utc(2026, 5, 10)) == []
    behind_its_back(
        "indicators_result",
        "UPDATE indicators_result SET feed_trusted_until = now() "
        f"WHERE id = {sealed.pk}",
    )
    found = differences(utc(2026, 5, 10))
    assert any("seal is" in text for text in found)


@pytest.mark.parametrize(("normal", "queries"), [(None, 1), (3, 3)])
def test_a_feed_is_heard_in_few_queries(
    weeks, normal, queries, django_assert_num_queries
):
    stream = Stream.objects.select_related("calendar").get(pk=weeks.pk)
    stream.expected_week_events = normal
    with django_assert_num_queries(queries):
        assert heard(stream, as_of=utc(2026, 4, 6, 1)).state is State.SPEAKING
