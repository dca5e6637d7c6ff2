"""One event corrected or voided by hand, and the history that auditors read."""

import threading
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, strategies as st

from core.models import AuditEntry
from engine.periods import parse_period
from indicators.enums import VOIDED
from indicators.forms.correcting import (
    FIRST,
    SECOND,
    SkippedError,
    TwiceError,
    instant_of,
)
from indicators.models import CaseFact, ServiceEvent, StaleMark, Stream
from indicators.queries.history import (
    HistoryFilter,
    chain_of,
    history_page,
    history_rows,
    reasons_of,
    restated_after,
)
from indicators.services import figures
from indicators.services.causes import LATE_EVENTS
from indicators.services.corrections import (
    AlreadyReplacedError,
    NoReasonError,
    RefusedError,
    Right,
    UnchangedError,
    correct,
    hand_id,
    void,
)
from indicators.services.personal import kind_of_key
from indicators.services.verification import verify
from tests import builders
from tests.builders import NOW
from tests.indicators.helpers import at_once, event, line, request, send

LATER = NOW + timedelta(hours=1)
MADRID = ZoneInfo("Europe/Madrid")


@pytest.fixture
def stream(charter) -> Stream:
    return Stream.objects.get(code="requests")


@pytest.fixture
def steward(town):
    return builders.person("DATA_STEWARD", of=town)


def get(id_: str) -> ServiceEvent:
    return ServiceEvent.objects.select_related("stream").get(external_id=id_)


def right(found: ServiceEvent, **changes) -> Right:
    said = {
        "case": found.case_key,
        "type": found.type,
        "at": found.occurred_at,
        "value": found.value,
        "attributes": found.attributes,
    }
    return Right(**(said | changes))


# --- correcting ---------------------------------------------------------------------


def test_a_correction_replaces_and_is_computed(stream, steward):
    send(*request("one", "2026-01-12", "2026-03-20"))
    figures.refresh(at=NOW)
    assert line("2026-01-01").met == 0
    wrong = get("one/c")
    made = correct(
        event=wrong,
        right=right(wrong, at=datetime(2026, 1, 20, 9, tzinfo=UTC)),
        reason="Typed in March instead of January",
        by=steward,
        at=LATER,
    )
    assert (made.replaces, made.received_at) == ("one/c", LATER)
    assert made.external_id == hand_id("one/c")
    figures.refresh(at=LATER)
    assert line("2026-01-01").met == 1
    entry = AuditEntry.objects.get(verb="indicators.correct")
    assert (entry.subject, entry.actor_id) == (
        f"requests/{made.external_id}",
        steward.pk,
    )
    assert entry.details == {
        "replaces": "one/c",
        "voids": False,
        "reason": "Typed in March instead of January",
    }
    assert list(verify(at=LATER)) == []


def test_what_never_happened_is_in_no_figure(stream, steward):
    send(*request("one", "2026-01-12", "2026-01-13"), *request("two", "2026-01-12"))
    figures.refresh(at=NOW)
    assert line("2026-01-01").n == 2
    for id_ in ("two/o", "one/c"):
        void(event=get(id_), reason="A test of the programme", by=steward, at=LATER)
    figures.refresh(at=LATER)
    found = line("2026-01-01")
    assert (found.n, found.met, found.missed) == (1, 0, 1)
    assert set(CaseFact.objects.values_list("case_key", flat=True)) == {"one"}
    assert list(verify(at=LATER)) == []
    figures.rebuild(indicator_id=found.indicator_id, at=LATER)
    assert line("2026-01-01").inputs_digest == found.inputs_digest


def test_a_void_can_be_taken_back(stream, steward):
    send(*request("one", "2026-01-12", "2026-01-13"))
    wrong = get("one/c")
    voided = void(event=wrong, reason="x", by=steward, at=LATER)
    correct(event=voided, right=right(wrong), reason="It did", by=steward, at=LATER)
    figures.refresh(at=LATER)
    assert line("2026-01-01").met == 1


def test_a_rule_that_takes_any_event_takes_no_void(town, steward):
    any_event = builders.indicator(
        rule={
            "start": {"types": ["*"]},
            "stop": {"types": ["*"], "pick": "last"},
            "limit": {"amount": "10", "unit": "working_days"},
        }
    )
    builders.published(builders.charter_document(indicators=[any_event]), of=town)
    send(*request("one", "2026-01-12"))
    void(event=get("one/o"), reason="x", by=steward, at=LATER)
    figures.refresh(at=LATER)
    assert not CaseFact.objects.exists()


def test_machines_may_void_what_they_sent(stream):
    send(event("A"))
    at = "2026-01-05T09:00:00+01:00"
    alone = event("B", type=VOIDED, at=at)
    assert [r.code for r in send(alone).refused] == ["unknown_type"]
    assert send(alone | {"replaces": "A"}).recorded == 1


def test_the_same_again_changes_nothing(stream, steward):
    send(*request("one", "2026-01-12", "2026-03-20"))
    wrong = get("one/c")
    better = right(wrong, at=datetime(2026, 1, 20, 9, tzinfo=UTC))
    first = correct(event=wrong, right=better, reason="x", by=steward, at=NOW)
    again = correct(event=wrong, right=better, reason="x", by=steward, at=LATER)
    assert first == again
    assert AuditEntry.objects.filter(verb="indicators.correct").count() == 1


def test_only_the_last_version_is_corrected(stream, steward):
    send(*request("one", "2026-01-12", "2026-03-20"))
    wrong = get("one/c")
    void(event=wrong, reason="x", by=steward, at=NOW)
    better = right(wrong, at=datetime(2026, 1, 20, 9, tzinfo=UTC))
    with pytest.raises(AlreadyReplacedError):
        correct(event=wrong, right=better, reason="y", by=steward, at=NOW)
    send(event("other", "one"), event("other-2", "one", replaces="other"))
    with pytest.raises(AlreadyReplacedError):
        void(event=get("other"), reason="y", by=steward, at=NOW)


def test_what_the_log_refuses_is_refused(stream, steward):
    send(event("A"))
    found = get("A")
    for changes in (
        {"type": "nothing"},
        {"at": NOW + timedelta(days=1)},
        {"attributes": {"colour": "red"}},
        {"case": "aina@example.org"},
    ):
        with pytest.raises(RefusedError):
            correct(
                event=found,
                right=right(found, **changes),
                reason="x",
                by=steward,
                at=NOW,
            )
    with pytest.raises(UnchangedError):
        correct(event=found, right=right(found), reason="x", by=steward, at=NOW)
    with pytest.raises(NoReasonError):
        void(event=found, reason=" ", by=steward, at=NOW)
    made = void(event=found, reason="x", by=steward, at=NOW)
    with pytest.raises(UnchangedError):
        void(event=made, reason="x", by=steward, at=NOW)
    assert ServiceEvent.objects.count() == 2


def test_an_event_and_its_entry_come_together_or_not_at_all(
    stream, steward, monkeypatch
):
    send(event("A"))
    StaleMark.objects.all().delete()

    def broken(**_details):
        raise RuntimeError

    monkeypatch.setattr("core.audit.record", broken)
    with pytest.raises(RuntimeError):
        void(event=get("A"), reason="x", by=steward, at=NOW)
    assert ServiceEvent.objects.count() == 1
    assert not StaleMark.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", range(3))
def test_of_many_who_correct_one_does(stream, steward, turn):
    send(event("A"))
    found, start = get("A"), threading.Barrier(6)

    def one(hour):
        start.wait()
        try:
            better = right(found, at=datetime(2026, 1, 6, hour, tzinfo=UTC))
            return correct(event=found, right=better, reason="x", by=steward, at=NOW)
        except AlreadyReplacedError:
            return None

    made = at_once(one, list(range(6)))
    assert sum(item is not None for item in made) == 1
    assert ServiceEvent.objects.filter(replaces="A").count() == 1
    assert AuditEntry.objects.filter(verb="indicators.correct").count() == 1


@given(st.text(min_size=1, max_size=200))
def test_what_hands_write_has_a_name_that_looks_like_nobody(external_id):
    made = hand_id(external_id)
    assert made == hand_id(external_id)
    assert len(made) < 100
    assert kind_of_key(made) is None


# --- the clock ----------------------------------------------------------------------


@given(
    st.datetimes(
        min_value=datetime(2000, 1, 1),
        max_value=datetime(2037, 1, 1),
        timezones=st.just(UTC),
    )
)
def test_every_instant_is_found_again_by_its_clock(at):
    local = at.astimezone(MADRID)
    which = SECOND if local.fold else FIRST
    assert instant_of(local.date(), local.time(), MADRID, which) == at


@pytest.mark.parametrize(("which", "hour"), [(FIRST, 0), (SECOND, 1)])
def test_a_time_that_comes_twice_is_asked_for(which, hour):
    night = date(2026, 10, 25)
    with pytest.raises(TwiceError):
        instant_of(night, time(2, 30), MADRID, "")
    found = instant_of(night, time(2, 30), MADRID, which)
    assert found == datetime(2026, 10, 25, hour, 30, tzinfo=UTC)


def test_a_time_that_never_came_is_refused():
    for which in ("", FIRST, SECOND):
        with pytest.raises(SkippedError):
            instant_of(date(2026, 3, 29), time(2, 30), MADRID, which)


# --- the history --------------------------------------------------------------------


def sent_with_corrections() -> None:
    send(
        *(
            event(f"E{i}", f"c{i}", at=f"2026-01-{i + 1:02d}T09:00:00Z")
            for i in range(9)
        ),
        event("R1", "c1", at="2026-01-02T10:00:00Z", replaces="E1"),
        event("R2", "c1", at="2026-01-02T11:00:00Z", replaces="R1"),
        event("R3", "c9", at="2026-02-03T11:00:00Z", replaces="E2"),
    )


def ids(events) -> list[str]:
    return [event.external_id for event in events]


@pytest.mark.parametrize("corrections", [True, False])
@pytest.mark.parametrize("size", [1, 2, 5, 100])
def test_pages_are_the_list_whatever_their_size(stream, size, corrections):
    sent_with_corrections()
    chosen = HistoryFilter(stream, corrections=corrections)
    found, after = [], ""
    while True:
        page = history_page(chosen, after=after, size=size)
        found += ids(page.events)
        after = page.following
        if not after:
            break
    assert found == ids(history_rows(chosen))
    assert len(found) == (3 if corrections else 12)


def test_a_period_is_that_of_the_streams_clock(stream):
    send(
        event("last", at="2026-01-31T23:30:00+01:00"),
        event("first", at="2026-02-01T00:30:00+01:00"),
    )
    chosen = HistoryFilter(stream, parse_period("2026-02"))
    assert ids(history_rows(chosen)) == ["first"]


def test_each_event_knows_what_replaces_it_and_what_it_replaced(stream):
    sent_with_corrections()
    page = history_page(HistoryFilter(stream, corrections=True))
    assert {e.external_id: e.replaced_by for e in page.events} == {
        "R1": "R2",
        "R2": None,
        "R3": None,
    }
    assert set(page.replaced) == {"E1", "R1", "E2"}


@pytest.mark.parametrize("asked", ["E1", "R1", "R2"])
def test_a_chain_is_the_same_from_wherever_it_is_asked(
    stream, asked, django_assert_num_queries
):
    sent_with_corrections()
    found = get(asked)
    with django_assert_num_queries(1):
        assert ids(chain_of(found)) == ["E1", "R1", "R2"]


@pytest.mark.parametrize("cursor", ["", "x", "W10=", "WyIyMDI2LTAxLTAxIiwgMV0=", "é"])
def test_what_is_no_cursor_begins_anew(stream, cursor):
    sent_with_corrections()
    page = history_page(HistoryFilter(stream), after=cursor, size=3)
    assert len(page.events) == 3


def test_reasons_are_those_of_the_event(stream, steward):
    send(event("A"), event("B", "c2"))
    made = void(event=get("A"), reason="Why A", by=steward, at=NOW)
    void(event=get("B"), reason="Why B", by=steward, at=NOW)
    found = reasons_of(stream, [made])
    assert {id_: e.details["reason"] for id_, e in found.items()} == {
        made.external_id: "Why A"
    }


def test_figures_that_a_correction_restated(stream, steward):
    send(*request("one", "2026-01-12", "2026-03-20"))
    send(*request("two", "2026-05-12", "2026-05-13"))
    figures.refresh(at=NOW)
    figures.freeze_ended(organisation_id=None, at=NOW)
    wrong = get("one/c")
    better = right(wrong, at=datetime(2026, 1, 20, 9, tzinfo=UTC))
    made = correct(event=wrong, right=better, reason="x", by=steward, at=LATER)
    figures.refresh(at=LATER)
    lines = restated_after(chain_of(made), cause=LATE_EVENTS)
    assert {(r.period_kind, r.period_start) for r in lines} == {
        ("month", date(2026, 1, 1)),
        ("quarter", date(2026, 1, 1)),
    }
    assert restated_after([get("two/c")], cause=LATE_EVENTS) == []


def test_figures_of_indicators_that_leave_the_case_out_are_not_named(town, steward):
    web = builders.indicator()["rule"] | {
        "where": [{"attribute": "channel", "in": ["web"]}]
    }
    only_web = builders.indicator("IND-WEB", rule=web)
    builders.published(
        builders.charter_document(indicators=[builders.indicator(), only_web]), of=town
    )
    channel = {"attributes": {"channel": "web"}}
    late = {"type": "closed", "at": "2026-03-20T09:00:00Z"}
    send(
        event("a/o", "a", **channel),
        event("a/c", "a", **late, **channel),
        event("b/o", "b"),
        event("b/c", "b", **late),
    )
    figures.refresh(at=NOW)
    figures.freeze_ended(organisation_id=None, at=NOW)
    for id_ in ("a/c", "b/c"):
        wrong = get(id_)
        better = right(wrong, at=datetime(2026, 1, 8, 9, tzinfo=UTC))
        correct(event=wrong, right=better, reason="x", by=steward, at=LATER)
    figures.refresh(at=LATER)

    def named(id_: str) -> set[str]:
        lines = restated_after(chain_of(get(id_)), cause=LATE_EVENTS)
        return {line.indicator.code for line in lines}

    assert named("a/c") == {"IND-1", "IND-WEB"}
    assert named("b/c") == {"IND-1"}


def test_a_value_can_be_corrected(stream, steward):
    send(event("A"))
    found = get("A")
    made = correct(
        event=found,
        right=right(found, value=Decimal("2.5"), attributes={"channel": "web"}),
        reason="x",
        by=steward,
        at=NOW,
    )
    assert (made.value, made.attributes) == (Decimal("2.5"), {"channel": "web"})
