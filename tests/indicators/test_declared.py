"""Declared values: entered by one, confirmed by another, beside what is measured."""

import threading
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from charters.models import Edition
from core.models import AuditEntry
from engine.declared import Declared, DeclaredError
from indicators.enums import ManualState, ResultState, ResultStatus
from indicators.models import Indicator, ManualValue, Result, StaleMark, Stream
from indicators.queries.declared import open_periods
from indicators.queries.restating import would_change
from indicators.services import declared, figures
from indicators.services.causes import DECLARED, MEASURED, SUSPENDED
from indicators.services.declared import (
    AlreadyDecidedError,
    MeasuredError,
    NoCauseError,
    NoPromiseError,
    NoSourceError,
    NotNewestError,
    NotOverError,
    SamePersonError,
    WaitingError,
    confirm,
    reject,
)
from indicators.services.verification import verify
from tests import builders
from tests.builders import NOW
from tests.indicators.declaring import (
    TODAY,
    by_hand,
    declare,
    quarter,
    share,
    two_people,
)
from tests.indicators.helpers import at_once, request, send
from tests.web.public.cases import suspend

LATER = NOW + timedelta(days=1)


@pytest.fixture
def edition(town) -> Edition:
    """One measured indicator and one that is declared."""
    document = builders.charter_document(
        indicators=[builders.indicator(period="quarter"), by_hand()]
    )
    return builders.published(document, of=town)


@pytest.fixture
def people(town):
    return two_people(town)


def lines(code: str = "IND-2") -> list[Result]:
    return list(
        Result.objects.filter(
            indicator__code=code, period_kind="quarter", segment=""
        ).order_by("period_start", "revision")
    )


def confirmed(people, **changes) -> Result:
    steward, manager = people
    return confirm(value=declare(by=steward, **changes), by=manager, at=NOW)


def faults() -> list[str]:
    return [str(difference) for difference in verify(at=LATER)]


# --- entering ----------------------------------------------------------------------


def test_what_waits_is_in_no_figure(edition, people):
    value = declare(by=people[0])
    assert (value.state, value.version) == (ManualState.WAITING, 1)
    assert lines() == []
    assert faults() == []


def test_a_confirmed_value_is_a_final_line_of_its_own_kind(edition, people):
    steward, manager = people
    value = declare(by=steward, said=share(97, 100))
    line = confirm(value=value, by=manager, at=LATER)
    value.refresh_from_db()
    assert lines() == [line]
    assert line.declared == value
    assert (line.state, line.revision) == (ResultState.FROZEN, 0)
    assert (line.n, line.met, line.missed) == (100, 97, 3)
    assert (line.value, line.status) == (97, ResultStatus.MET)
    assert line.low is not None
    assert (line.inputs_digest, line.as_of_at) == (value.digest, LATER)
    assert (value.decided_by, value.decided_at) == (manager, LATER)
    assert faults() == []


def test_the_target_is_compared_unrounded(edition, people):
    line = confirmed(people, said=Declared(30, value=Decimal("94.999999999999")))
    assert line.status == ResultStatus.UNMET
    assert (line.numerator, line.low) == (None, None)


def test_too_few_are_no_verdict(town, people):
    few = by_hand(rule={"declared": True, "minimum_sample": 200})
    builders.published(builders.charter_document(indicators=[few]), of=town)
    assert confirmed(people).status == ResultStatus.TOO_FEW_CASES


def test_a_period_that_runs_is_not_declared(edition, people):
    with pytest.raises(NotOverError):
        declare(by=people[0], period="2026-Q4")


@pytest.mark.parametrize("period", ["2025-Q4", "2026-01", "2025"])
def test_what_was_not_promised_is_not_declared(edition, people, period):
    with pytest.raises(NoPromiseError):
        declare(by=people[0], period=period)


def test_numbers_that_make_no_figure_are_refused(edition, people):
    with pytest.raises(DeclaredError):
        declare(by=people[0], said=share(101, 100))
    assert not ManualValue.objects.exists()


def test_a_source_is_needed(edition, people):
    with pytest.raises(NoSourceError):
        declare(by=people[0], source={"ca": "  "})


def test_one_value_of_a_period_waits(edition, people):
    declare(by=people[0])
    with pytest.raises(WaitingError):
        declare(by=people[1])
    declare(by=people[1], period="2026-Q2")


# --- the second person --------------------------------------------------------------


def test_nobody_decides_on_what_is_their_own(edition, people):
    value = declare(by=people[0])
    with pytest.raises(SamePersonError):
        confirm(value=value, by=people[0], at=NOW)
    with pytest.raises(SamePersonError):
        reject(value=value, reason="No", by=people[0], at=NOW)
    value.refresh_from_db()
    assert value.state == ManualState.WAITING


def test_the_database_wants_two_people_too(edition, people):
    value = declare(by=people[0])
    with pytest.raises(IntegrityError, match="manual_value_by_two_people"):
        ManualValue.objects.filter(pk=value.pk).update(
            state=ManualState.CONFIRMED,
            decided_by=people[0],
            decided_at=NOW,
            digest="0" * 64,
        )


def test_a_rejection_says_why_and_another_value_may_follow(edition, people):
    steward, manager = people
    value = declare(by=steward)
    with pytest.raises(NoCauseError):
        reject(value=value, reason=" ", by=manager, at=NOW)
    reject(value=value, reason="The register says 96", by=manager, at=NOW)
    assert lines() == []
    again = declare(by=steward, said=share(96, 100))
    assert (again.version, again.corrects) == (2, None)
    assert confirm(value=again, by=manager, at=NOW).met == 96


def test_what_is_decided_is_decided_once(edition, people):
    steward, manager = people
    value = declare(by=steward)
    reject(value=value, reason="No", by=manager, at=NOW)
    with pytest.raises(AlreadyDecidedError):
        confirm(value=value, by=manager, at=NOW)
    assert lines() == []


@pytest.mark.parametrize(
    "change", [{"n": 3}, {"numerator": 1}, {"source": {"ca": "x"}}, {"reason": "x"}]
)
def test_what_is_confirmed_never_changes(edition, people, change):
    confirmed(people)
    with pytest.raises(IntegrityError, match="history"), transaction.atomic():
        ManualValue.objects.update(**change)
    with pytest.raises(IntegrityError, match="history"), transaction.atomic():
        ManualValue.objects.all()._raw_delete("default")


def test_what_waits_changes_only_by_a_decision(edition, people):
    declare(by=people[0])
    with pytest.raises(IntegrityError, match="history"), transaction.atomic():
        ManualValue.objects.update(n=5)


def test_every_act_leaves_its_entry(edition, people):
    steward, manager = people
    reject(value=declare(by=steward), reason="No", by=manager, at=NOW)
    confirm(value=declare(by=steward), by=manager, at=NOW)
    entries = AuditEntry.objects.filter(subject__startswith="IND-2/").order_by("pk")
    assert [(entry.verb, entry.subject, entry.actor_id) for entry in entries] == [
        ("indicators.declare", "IND-2/2026-Q1/1", steward.pk),
        ("indicators.reject", "IND-2/2026-Q1/1", manager.pk),
        ("indicators.declare", "IND-2/2026-Q1/2", steward.pk),
        ("indicators.confirm", "IND-2/2026-Q1/2", manager.pk),
    ]


# --- corrections --------------------------------------------------------------------


def test_a_correction_is_another_version_with_its_cause(edition, people):
    steward, manager = people
    first = confirmed(people, said=share(97, 100))
    with pytest.raises(NoCauseError):
        declare(by=steward, said=share(94, 100), corrects=first.declared)
    second = declare(
        by=steward,
        said=share(94, 100),
        corrects=first.declared,
        cause="Three were counted twice",
    )
    assert lines() == [first]
    line = confirm(value=second, by=manager, at=LATER)
    assert lines() == [first, line]
    assert (line.state, line.revision) == (ResultState.RESTATED, 1)
    assert (line.cause, line.restated_by) == ("Three were counted twice", manager)
    assert (line.met, line.status) == (94, ResultStatus.UNMET)
    assert faults() == []


def test_only_the_version_that_stands_is_corrected(edition, people):
    first = confirmed(people).declared
    with pytest.raises(NotNewestError):
        declare(by=people[0])
    confirmed(people, corrects=first, cause="x", said=share(96, 100))
    with pytest.raises(NotNewestError):
        declare(by=people[0], corrects=first, cause="y")


# --- beside what is measured --------------------------------------------------------


def measure(case: str = "one", opened: str = "2026-01-12") -> None:
    send(*request(case, opened, "2026-01-15"))
    figures.refresh(at=NOW)


def test_what_is_measured_is_not_declared(edition, people):
    measure()
    with pytest.raises(MeasuredError):
        declare(by=people[0], indicator="IND-1")


def test_a_silent_feed_leaves_room_for_a_declared_value(edition, people):
    figures.roll(at=NOW)
    assert lines("IND-1")[0].status == ResultStatus.NO_DATA_YET
    line = confirmed(people, indicator="IND-1")
    (found,) = [
        item for item in lines("IND-1") if item.period_start == date(2026, 1, 1)
    ]
    assert (found, found.revision, found.state) == (line, 0, ResultState.FROZEN)
    # Nothing that passes by takes it away.
    figures.roll(at=LATER)
    figures.freeze_ended(organisation_id=None, at=LATER)
    figures.rebuild(indicator_id=line.indicator_id, at=LATER)
    assert would_change(line.indicator, at=LATER) == []
    found.refresh_from_db()
    assert (found.declared, found.n) == (line.declared, 100)
    assert faults() == []


def test_a_final_line_without_a_figure_is_restated(edition, people):
    figures.roll(at=NOW)
    figures.freeze_ended(organisation_id=None, at=NOW)
    line = confirmed(people, indicator="IND-1")
    assert (line.revision, line.state) == (1, ResultState.RESTATED)
    assert (line.cause, line.restated_by) == (DECLARED, people[1])
    assert faults() == []


def test_what_is_measured_takes_its_place_and_both_stay(edition, people):
    before = confirmed(people, indicator="IND-1")
    measure()
    first, second = [
        item for item in lines("IND-1") if item.period_start == date(2026, 1, 1)
    ]
    assert first == before
    assert first.declared is not None
    assert (second.declared, second.cause) == (None, MEASURED)
    assert (second.n, second.met, second.revision) == (1, 1, 1)
    assert faults() == []


def test_a_straggler_of_a_silent_feed_measures_nothing(edition, people):
    Stream.objects.update(expected_gap_days=30)
    measure()
    assert (lines("IND-1")[0].n, lines("IND-1")[0].status) == (1, "no_data_yet")
    indicator = Indicator.objects.get(code="IND-1")
    assert quarter() in open_periods(indicator, today=TODAY)
    line = confirmed(people, indicator="IND-1")
    measure("two", "2026-01-13")
    newest = [x for x in lines("IND-1") if x.period_start == date(2026, 1, 1)][-1]
    assert newest.declared == line.declared
    assert line.feed_trusted_until is None
    assert faults() == []


def test_the_same_number_measured_takes_its_place_too(edition, people):
    confirmed(people, indicator="IND-1", said=share(1, 1))
    measure()
    newest = [x for x in lines("IND-1") if x.period_start == date(2026, 1, 1)][-1]
    assert (newest.n, newest.value, newest.declared) == (1, 100, None)


def test_what_was_measured_meanwhile_is_not_confirmed(edition, people):
    steward, manager = people
    value = declare(by=steward, indicator="IND-1")
    measure()
    with pytest.raises(MeasuredError):
        confirm(value=value, by=manager, at=NOW)
    value.refresh_from_db()
    assert value.state == ManualState.WAITING
    reject(value=value, reason="It has been measured", by=manager, at=NOW)


def test_declared_periods_add_up_to_nothing(edition, people):
    """No year is made of declared quarters, alone or with measured ones."""
    confirmed(people, indicator="IND-1", period="2026-Q2")
    measure()
    year = Result.objects.get(indicator__code="IND-1", period_kind="year", segment="")
    assert (year.n, year.declared) == (1, None)


# --- the promise --------------------------------------------------------------------


def test_a_suspension_takes_the_verdict_and_gives_it_back(edition, people, town):
    line = confirmed(people)
    assert line.status == ResultStatus.MET
    suspend(edition, from_on=date(2026, 2, 1), by=people[1])
    figures.refresh(at=LATER)
    newest = lines()[-1]
    assert (newest.status, newest.cause) == (ResultStatus.SUSPENDED, SUSPENDED)
    assert (newest.declared, newest.value) == (line.declared, 97)
    assert faults() == []


def test_marks_of_what_nothing_measures_are_consumed(edition, people):
    assert StaleMark.objects.filter(indicator__code="IND-2").exists()
    figures.refresh(at=NOW)
    assert not StaleMark.objects.exists()


def test_open_periods(edition, people):
    indicator = Indicator.objects.get(code="IND-2")

    def labels() -> list[str]:
        return [period.label for period in open_periods(indicator, today=TODAY)]

    assert labels() == ["2026-Q3", "2026-Q2", "2026-Q1"]
    value = declare(by=people[0], period="2026-Q2")
    assert labels() == ["2026-Q3", "2026-Q1"]
    reject(value=value, reason="No", by=people[1], at=NOW)
    assert labels() == ["2026-Q3", "2026-Q2", "2026-Q1"]


def test_measured_periods_are_not_open(edition):
    measure()
    indicator = Indicator.objects.get(code="IND-1")
    found = [period.label for period in open_periods(indicator, today=TODAY)]
    assert found == ["2026-Q3", "2026-Q2"]


def test_open_periods_of_the_same_cost_however_many(
    edition, people, django_assert_num_queries
):
    indicator = Indicator.objects.get(code="IND-2")
    confirmed(people)
    with django_assert_num_queries(4):
        open_periods(indicator, today=TODAY)


# --- verification -------------------------------------------------------------------


def forge(statement: str) -> None:
    """Change what triggers protect, as somebody with the keys to the server could."""
    with connection.cursor() as cursor:
        for table in ("indicators_manualvalue", "indicators_result"):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(statement)
        for table in ("indicators_manualvalue", "indicators_result"):
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE indicators_manualvalue SET numerator = 99", "content"),
        ("UPDATE indicators_manualvalue SET entered_by_id = NULL", ""),
        (
            "UPDATE indicators_result SET met = 99 WHERE declared_id > 0",
            "met is 99, computed 97",
        ),
        (
            "UPDATE indicators_result SET status = 'unmet' WHERE declared_id > 0",
            "status is unmet",
        ),
        (
            "UPDATE indicators_result SET declared_id = NULL WHERE declared_id > 0",
            "computed declared",
        ),
        (
            "UPDATE indicators_result SET target = 50 WHERE declared_id > 0",
            "target is 50",
        ),
        (
            "DELETE FROM indicators_result WHERE declared_id > 0",
            "ledger line is nothing, computed declared",
        ),
    ],
)
def test_what_is_forged_is_found(edition, people, statement, told):
    confirmed(people)
    if not told:  # the table itself refuses it
        with pytest.raises(IntegrityError):
            forge(statement)
        return
    figures.refresh(at=NOW)
    forge(statement)
    assert told in "\n".join(faults())


@pytest.mark.django_db(transaction=True)
def test_a_declared_line_cannot_pass_for_a_measured_one(edition, people):
    confirmed(people)
    forge("UPDATE indicators_result SET declared_id = NULL WHERE declared_id > 0")
    assert any("seal" in fault for fault in faults())


# --- races --------------------------------------------------------------------------


def raced(acts) -> list[object]:
    """Do acts at once; return what each gave or raised."""
    start = threading.Barrier(len(acts))

    def one(act):
        start.wait()
        try:
            return act()
        except declared.ManualError as error:
            return type(error)

    return at_once(one, acts)


@pytest.mark.django_db(transaction=True)
def test_of_many_who_confirm_one_does(edition, people, town):
    value = declare(by=people[0])
    others = [
        builders.person("MANAGER", of=town, email=f"m{i}@example.org") for i in range(6)
    ]
    found = raced([lambda by=by: confirm(value=value, by=by, at=NOW) for by in others])
    assert found.count(AlreadyDecidedError) == 5
    assert len(lines()) == 1
    value.refresh_from_db()
    entry = AuditEntry.objects.get(verb="indicators.confirm")
    assert entry.actor_id == value.decided_by_id
    assert faults() == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", range(5))
def test_of_confirming_and_rejecting_one_happens(edition, people, town, turn):
    value = declare(by=people[0])
    other = builders.person("APPROVER", of=town)
    found = raced(
        [
            lambda: confirm(value=value, by=people[1], at=NOW),
            lambda: reject(value=value, reason="No", by=other, at=NOW),
        ]
    )
    assert found.count(AlreadyDecidedError) == 1
    value.refresh_from_db()
    assert len(lines()) == (value.state == ManualState.CONFIRMED)
    assert (
        AuditEntry.objects.filter(
            verb__in=["indicators.confirm", "indicators.reject"]
        ).count()
        == 1
    )
    assert faults() == []


@pytest.mark.django_db(transaction=True)
def test_of_many_who_enter_one_does(edition, people, town):
    found = raced([lambda: declare(by=people[0]) for _ in range(5)])
    assert found.count(WaitingError) == 4
    assert ManualValue.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", range(5))
def test_measuring_while_somebody_confirms_leaves_what_was_measured(
    edition, people, turn
):
    value = declare(by=people[0], indicator="IND-1")
    send(*request("one", "2026-01-12", "2026-01-15"))
    raced(
        [
            lambda: confirm(value=value, by=people[1], at=NOW),
            lambda: figures.refresh(at=NOW),
        ]
    )
    figures.refresh(at=LATER)
    newest = [x for x in lines("IND-1") if x.period_start == date(2026, 1, 1)][-1]
    assert (newest.n, newest.declared) == (1, None)
    assert faults() == []
