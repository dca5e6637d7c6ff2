"""The log's pages: what replaced what, in words, and an event corrected by hand."""

import csv
import io
from datetime import UTC, datetime

import pytest

from core.models import AuditEntry
from indicators.models import ServiceEvent, Stream
from indicators.services import figures
from indicators.services.corrections import void
from tests import builders
from tests.builders import NOW
from tests.indicators.helpers import event, line, request, send
from tests.web.office.pages import OFFICE, fields, fill, words

LOG = f"{OFFICE}streams/requests/events/"
FILE = f"{OFFICE}streams/requests/events.csv"


@pytest.fixture(autouse=True)
def log(charter) -> None:
    send(
        *request("one", "2026-01-12", "2026-03-20"),
        event("fix", "one", type="closed", at="2026-01-20T10:00:00Z", replaces="one/c"),
        event("other", "2026/77 b", at="2026-02-03T11:00:00Z"),
    )


@pytest.fixture
def auditor(at_work):
    return at_work("AUDITOR")


@pytest.fixture
def steward(at_work):
    return at_work("DATA_STEWARD")


def pk(id_: str) -> int:
    return ServiceEvent.objects.get(external_id=id_).pk


def test_the_log_says_what_was_superseded_in_words_and_struck_through(auditor):
    response = auditor.get(LOG)
    shown = words(response)
    assert "Superseded It counts no more: fix replaces it." in shown
    assert "It replaces one/c (closed, 20 March 2026, 10:00:00 (+0100))." in shown
    assert response.content.decode().count("<del>") == 1
    assert "All of these as a file (CSV)" in shown


def test_only_corrections_of_a_period(auditor):
    shown = words(auditor.get(LOG, {"corrections": "1", "period": "2026-01"}))
    assert "fix" in shown
    assert "2026/77 b" not in shown
    assert "No event is like this." in words(
        auditor.get(LOG, {"corrections": "1", "period": "2026-02"})
    )
    assert "That is no period" in words(auditor.get(LOG, {"period": "x"}))


def test_the_file_is_the_list(auditor):
    for asked in ({}, {"corrections": "1"}, {"period": "2026-Q1", "corrections": "1"}):
        response = auditor.get(FILE, asked)
        assert response.streaming
        assert response["Content-Type"] == "text/csv; charset=utf-8"
        text = b"".join(response.streaming_content).decode()
        rows = list(csv.DictReader(io.StringIO(text)))
        shown = auditor.get(LOG, asked).content.decode()
        assert all(f">{row['id']}</a>" in shown for row in rows)
        assert len(rows) == (1 if asked else 4)
        (fixed,) = [row for row in rows if row["id"] == "fix"]
        assert (fixed["replaces"], fixed["replaced_by"]) == ("one/c", "")
        assert len(fixed["digest"]) == 64
    assert AuditEntry.objects.filter(verb="indicators.export_history").count() == 3


def test_the_file_runs_nothing_in_a_spreadsheet(auditor):
    send(
        event("=1+1", "@SUM(A1)", at="2026-02-03T11:00:00Z", value="-1.5"),
        event("-2", "+3", at="2026-02-03T11:00:00Z", replaces="=1+1"),
    )
    text = b"".join(auditor.get(FILE).streaming_content).decode()
    rows = {row["id"]: row for row in csv.DictReader(io.StringIO(text))}
    first, second = rows["'=1+1"], rows["'-2"]
    assert (first["case"], first["value"]) == ("'@SUM(A1)", "-1.5")
    assert first["replaced_by"] == "'-2"
    assert (second["case"], second["replaces"]) == ("'+3", "'=1+1")


def test_pages_follow_each_other(auditor, monkeypatch):
    monkeypatch.setattr("web.office.history.PAGE", 3)
    first = auditor.get(LOG)
    assert "First page" not in words(first)
    (following,) = [
        part.split('"')[0]
        for part in first.content.decode().split('rel="next" href="')[1:]
    ]
    second = words(auditor.get(LOG + following.replace("&amp;", "&")))
    assert "one/o" in second
    assert "First page" in second
    assert "Next" not in second.split("Events, the latest first")[-1]


def test_the_log_asks_the_database_as_often(auditor, django_assert_num_queries):
    with django_assert_num_queries(9):
        auditor.get(LOG)
    send(*(event(f"more-{i}", f"m{i}") for i in range(40)))
    send(*(event(f"fix-{i}", f"m{i}", replaces=f"more-{i}") for i in range(20)))
    with django_assert_num_queries(9):
        auditor.get(LOG)


def test_a_case_tells_everything(auditor):
    response = auditor.get(f"{OFFICE}streams/requests/cases/one/")
    shown = words(response)
    assert "Events of the case one" in shown
    assert "It counts no more: fix replaces it." in shown
    assert "other" not in shown
    odd = auditor.get(f"{OFFICE}streams/requests/cases/2026/77%20b/")
    assert "Events of the case 2026/77 b" in words(odd)


def test_what_is_not_there(auditor):
    for path in (
        f"{OFFICE}streams/nothing/events/",
        f"{OFFICE}streams/a%00/events/",
        f"{OFFICE}streams/requests/cases/nothing/",
        f"{OFFICE}streams/requests/cases/a%00b/",
        f"{LOG}99999999/",
    ):
        assert auditor.get(path).status_code == 404, path


def test_an_event_tells_its_versions_and_what_was_restated(auditor, town):
    figures.refresh(at=NOW)
    figures.freeze_ended(organisation_id=None, at=NOW)
    send(
        event("again", "one", type="closed", at="2026-03-22T10:00:00Z", replaces="fix")
    )
    figures.refresh(at=NOW)
    response = auditor.get(f"{LOG}{pk('fix')}/")
    shown = words(response)
    assert shown.index("one/c") < shown.index("It replaces one/c")
    assert "It counts no more: again replaces it." in shown
    assert "Figures restated after it came in" in shown
    assert "IND-1 January 2026 0 % over 1 case Not met 1" in shown
    assert "Correct or void it" not in shown
    assert line("2026-01-01").revision == 1


def test_a_type_that_makes_a_case_void_is_named(town, auditor):
    definition = builders.indicator()["rule"] | {"void": ["closed"]}
    builders.published(
        builders.charter_document(
            slug="second", indicators=[builders.indicator("IND-9", rule=definition)]
        ),
        of=town,
    )
    assert "It makes the case void for IND-9" in words(auditor.get(LOG))


# --- by hand ------------------------------------------------------------------------


def form_of(id_: str) -> str:
    return f"{LOG}{pk(id_)}/correct/"


def test_a_steward_corrects_an_event(steward):
    page = steward.get(f"{LOG}{pk('fix')}/")
    assert "Correct or void it" in words(page)
    response = fill(
        steward,
        form_of("fix"),
        day="2026-01-19",
        clock="09:30:00",
        attribute_channel="web",
        reason="The stamp says the 19th",
    )
    made = ServiceEvent.objects.get(replaces="fix")
    assert response.url == f"{LOG}{made.pk}/"
    assert made.occurred_at == datetime(2026, 1, 19, 8, 30, tzinfo=UTC)
    assert (made.type, made.case_key) == ("closed", "one")
    assert made.attributes == {"channel": "web"}
    shown = words(steward.get(response.url))
    assert "By hand, Data_Steward of vila: The stamp says the 19th" in shown


def test_an_instant_that_is_not_touched_stays_to_the_microsecond(steward):
    send(event("fine", at="2026-01-05T09:00:00.123456Z"))
    fill(steward, form_of("fine"), attribute_channel="web", reason="x")
    made = ServiceEvent.objects.get(replaces="fine")
    assert made.occurred_at.microsecond == 123456


def test_the_night_in_which_the_clock_is_put_back(steward):
    send(event("night", at="2026-10-25T02:30:00+01:00"))
    url = form_of("night")
    assert fields(steward.get(url))["which"] == ["second"]
    response = fill(steward, url, which="", reason="x")
    assert "The clock showed this time twice" in words(response)
    fill(steward, url, which="first", reason="x")
    made = ServiceEvent.objects.get(replaces="night")
    assert made.occurred_at == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_the_night_in_which_the_clock_is_put_forward(steward):
    response = fill(
        steward, form_of("fix"), day="2026-03-29", clock="02:30", reason="x"
    )
    assert "the clock was put forward over this time" in words(response)


def test_a_steward_voids_an_event(steward):
    fill(steward, form_of("other"), act="void", reason="A test")
    shown = words(steward.get(LOG))
    assert "What it replaces never happened" in shown
    assert "By hand, Data_Steward of vila: A test" in shown
    figures.refresh(at=NOW)
    assert line("2026-02-01").n == 0


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({}, "This field is required."),
        ({"reason": "x"}, "Nothing of it would be different."),
        ({"reason": "x", "clock": ""}, "This field is required."),
        ({"reason": "x", "day": "2027-01-01"}, "The log does not take it"),
        ({"reason": "x", "case": "aina@example.org"}, "looks like personal data"),
    ],
)
def test_what_is_wrong_is_told(steward, typed, told):
    response = fill(steward, form_of("fix"), **typed)
    assert told in words(response)
    assert not ServiceEvent.objects.filter(replaces="fix").exists()


def test_who_comes_late_is_led_to_the_last_version(steward, town):
    url = form_of("one/c")
    assert "Another event replaces it already" in words(steward.get(url))
    typed = fields(steward.get(form_of("fix")))
    by = builders.person("DATA_STEWARD", of=town, email="other@example.org")
    found = ServiceEvent.objects.select_related("stream").get(external_id="fix")
    late = form_of("fix")
    void(event=found, reason="x", by=by, at=NOW)
    response = steward.post(late, typed | {"reason": "y", "clock": "08:00:00"})
    assert response.status_code == 409
    assert ServiceEvent.objects.filter(replaces="fix").count() == 1


def test_the_pages_of_cases_lead_to_the_log(auditor):
    figures.refresh(at=NOW)
    listed = auditor.get(f"{OFFICE}indicators/IND-1/cases/").content.decode()
    assert f'href="{LOG}"' in listed
    told = auditor.get(f"{OFFICE}indicators/IND-1/cases/one/").content.decode()
    assert f'href="{OFFICE}streams/requests/cases/one/"' in told


def test_a_correction_says_that_the_secret_is_missing(steward):
    Stream.objects.update(case_secret="0" * 16)
    address = f"{LOG}{pk('other')}/correct/"
    sent = fields(steward.get(address)) | {"act": "void", "reason": "x"}
    assert "The server lacks the secret" in words(steward.post(address, sent))
    assert ServiceEvent.objects.count() == 4
    assert "one/c" in words(steward.get(f"{OFFICE}streams/requests/cases/one/"))
