"""Distrusting the ledger."""

import pytest
from django.core.management import call_command
from django.db import connection

from indicators.models import CaseFact
from indicators.services import figures
from indicators.services.verification import verify
from tests import builders
from tests.indicators.helpers import line, request, send, utc

NOW = builders.NOW


@pytest.fixture
def measured(town):
    item = builders.indicator()
    item["rule"] |= {"segment_by": "channel"}
    builders.published(builders.charter_document(indicators=[item]), of=town)
    kept = request("kept", "2026-03-02", "2026-03-03")
    kept[0]["attributes"] = {"channel": "web"}
    send(*kept, *request("late", "2026-03-02", "2026-03-30"))
    figures.refresh(at=NOW)


def found():
    return [str(difference) for difference in verify(at=NOW)]


def sql(*statements):
    with connection.cursor() as cursor:
        # The deferred checks of this very transaction would forbid ALTER TABLE.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for statement in statements:
            cursor.execute(statement)


def behind_its_back(table, statement):
    sql(
        f"ALTER TABLE {table} DISABLE TRIGGER USER",
        statement,
        f"ALTER TABLE {table} ENABLE TRIGGER USER",
    )


def test_nothing_differs(measured, capsys):
    assert found() == []
    call_command("verify")
    assert capsys.readouterr().out == "every figure follows from the log\n"


def test_waiting_marks_are_no_difference(measured):
    send(*request("more", "2026-03-02", "2026-03-03"))
    assert found() == []
    assert line("2026-03-01").n == 3


def test_a_provisional_figure_that_was_touched_is_named(measured):
    sql(
        "UPDATE indicators_result SET met = 2, missed = 0, value = 100 "
        "WHERE period_kind = 'month' AND period_start = '2026-03-01' AND segment = ''"
    )
    assert found() == [
        "IND-1 2026-03: met is 2, computed 1",
        "IND-1 2026-03: missed is nothing, computed 1".replace("nothing", "0"),
        "IND-1 2026-03: value is 100.000000000000, computed 50.000000000000",
    ]


def test_a_segment_that_was_touched_is_named(measured):
    sql(
        "UPDATE indicators_result SET status = 'unmet' WHERE segment = 'web' AND period_kind = 'year'"
    )
    assert found() == ["IND-1 2026 [web]: status is unmet, computed met"]


def test_a_final_figure_changed_behind_the_trigger_is_named(measured):
    figures.freeze_ended(organisation_id=None, at=utc(2026, 8, 1))
    behind_its_back(
        "indicators_result",
        "UPDATE indicators_result SET n = 9 WHERE period_kind = 'quarter' "
        "AND period_start = '2026-01-01' AND segment = ''",
    )
    of_figure, of_seal = found()
    assert of_figure == "IND-1 2026-Q1: n is 9, computed 2"
    assert of_seal.startswith("IND-1 2026-Q1 revision 0: seal is ")


def test_an_older_revision_changed_behind_the_trigger_is_named(measured):
    figures.freeze_ended(organisation_id=None, at=utc(2026, 8, 1))
    send(*request("later", "2026-03-02", "2026-03-20"))
    figures.refresh(at=NOW)
    assert found() == []
    behind_its_back(
        "indicators_result",
        "UPDATE indicators_result SET met = 7 WHERE period_kind = 'quarter' "
        "AND period_start = '2026-01-01' AND segment = '' AND revision = 0",
    )
    (difference,) = found()
    assert difference.startswith("IND-1 2026-Q1 revision 0: seal is ")


def test_the_sums_of_a_month_that_were_touched_are_named(measured):
    sql("UPDATE indicators_monthsum SET digest = 'x'")
    assert {text.split(":")[0] for text in found()} == {
        "IND-1 2026-03",
        "IND-1 2026-03 [web]",
    }


def test_a_fact_that_was_touched_or_is_gone_is_named(measured):
    CaseFact.objects.filter(case_key="late").update(outcome="met")
    (difference,) = found()
    assert difference.startswith("IND-1 case late: fact is late|met|2026-03-16|")
    assert "computed late|missed|2026-03-16|" in difference
    CaseFact.objects.all().delete()
    assert [text.split(":")[0] for text in found()] == [
        "IND-1 case kept",
        "IND-1 case late",
    ]


def test_an_event_changed_behind_the_trigger_is_named(measured):
    behind_its_back(
        "indicators_serviceevent",
        "UPDATE indicators_serviceevent SET occurred_at = '2026-03-03 10:00Z' "
        "WHERE external_id = 'late/c'",
    )
    texts = found()
    assert texts[0].startswith("event requests/late/c: content is ")
    assert any(
        text.startswith("IND-1 case late: fact is late|missed") for text in texts
    )
    assert "IND-1 2026-03: met is 1, computed 2" in texts


def test_an_event_that_vanished_is_missed(measured):
    behind_its_back(
        "indicators_serviceevent",
        "DELETE FROM indicators_serviceevent WHERE external_id = 'late/c'",
    )
    assert any(text.startswith("IND-1 case late: fact") for text in found())


def test_a_published_text_changed_behind_the_trigger_is_named(measured):
    behind_its_back(
        "charters_edition",
        "UPDATE charters_edition SET snapshot = jsonb_set(snapshot, '{format}', '\"x\"')",
    )
    (difference,) = found()
    assert difference.startswith("edition library/1: snapshot is ")


def test_a_line_without_a_promise_is_named(measured):
    row = line("2026-03-01")
    row.pk, row.period_start, row.period_end = None, "2020-03-01", "2020-04-01"
    row.save()
    assert "IND-1 2020-03: promise is a ledger line, computed nothing" in found()


def test_a_line_that_is_gone_is_named(measured):
    line("2026-03-01", segment="web").delete()
    assert found() == ["IND-1 2026-03 [web]: ledger line is nothing, computed met"]


def test_verify_counts_differences_and_fails(measured, capsys):
    CaseFact.objects.filter(case_key="late").update(outcome="met")
    with pytest.raises(SystemExit) as caught:
        call_command("verify")
    assert caught.value.code == 1
    assert capsys.readouterr().err.splitlines()[-1] == "1 differences"
