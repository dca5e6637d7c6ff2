"""Files of events in the office, page by page."""

import csv
import io
import tomllib
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils.translation import override

from core.models import AuditEntry
from core.text import LANGUAGES
from indicators.enums import FileState
from indicators.models import EventFile, ServiceEvent, Stream
from indicators.services import uploads
from indicators.services.mapping import FileMapping
from indicators.tasks import take_files
from tests import builders

# As a spreadsheet of a town hall writes it: Latin-1, semicolons, the day first.
ODD = (
    "Expedient;Data d'obertura;Data de tancament;Telèfon\r\n"
    "E-1;05/01/2026;27/01/2026;612345678\r\n"
    "E-2;06/01/2026;-;612345679\r\n"
    "NA;07/01/2026;?;\r\n"
    ";08/01/2026;-;\r\n"
).encode("latin-1")


@pytest.fixture(autouse=True)
def folder(settings, tmp_path) -> Path:
    settings.UPLOADS_ROOT = str(tmp_path)
    return tmp_path


@pytest.fixture
def stream(charter) -> Stream:
    return Stream.objects.get(code="requests")


@pytest.fixture
def clerk(at_work, stream) -> Client:
    return at_work("DATA_STEWARD")


def url(name: str, *more: object) -> str:
    with override("en"):
        return reverse(f"office:{name}", args=["vila", "requests", *more])


def give(client: Client, content: bytes = ODD, name: str = "f.csv") -> EventFile:
    response = client.post(url("files"), {"file": SimpleUploadedFile(name, content)})
    file = EventFile.objects.latest("pk")
    assert response.status_code == 302
    assert response.url == url("file-columns", file.pk)
    return file


def said(client: Client, file: EventFile, **changes: str) -> dict[str, object]:
    """What the page of the columns is filled in with."""
    form = client.get(url("file-columns", file.pk)).context["form"]
    values = {bound.html_name: bound.value() for bound in form}
    return {k: v for k, v in values.items() if v is not None} | changes


def text(response) -> str:
    return response.content.decode()


def check(client: Client, file: EventFile, **changes: str) -> EventFile:
    data = said(client, file, check="1", **changes)
    response = client.post(url("file-columns", file.pk), data)
    assert response.status_code == 302, response.context["faults"]
    take_files()
    file.refresh_from_db()
    return file


def order(client: Client, file: EventFile) -> EventFile:
    client.post(url("file", file.pk), {"import": "1"})
    take_files()
    file.refresh_from_db()
    return file


@pytest.mark.parametrize(("language", "size"), [("en", "32.0"), ("ca", "32,0")])
def test_numbers_are_those_of_the_language(clerk, language, size):
    page = text(clerk.get(url("files").replace("/en/", f"/{language}/")))
    assert f"{size}\xa0MB" in page


# --- the whole way ----------------------------------------------------------------


def test_an_odd_file_goes_all_the_way(clerk):
    file = check(clerk, give(clerk))
    page = text(clerk.get(url("file", file.pk)))
    assert "What the import would do" in page
    assert "It does not say which case it is of" in page
    assert "E-1" in page
    assert not ServiceEvent.objects.exists()
    order(clerk, file)
    page = text(clerk.get(url("file", file.pk)))
    assert "What the import has done" in page
    assert (file.recorded, file.refused) == (4, 1)
    assert set(ServiceEvent.objects.values_list("external_id", flat=True)) == {
        "E-1/opened",
        "E-1/closed",
        "E-2/opened",
        "NA/opened",
    }
    opened = ServiceEvent.objects.get(external_id="E-1/opened")
    assert opened.occurred_at.isoformat() == "2026-01-04T23:00:00+00:00"
    assert "612345678" not in page


def test_again_changes_nothing_and_says_so(clerk):
    file = order(clerk, check(clerk, give(clerk)))
    before = list(ServiceEvent.objects.values())
    again = check(clerk, give(clerk))
    page = text(clerk.get(url("file", again.pk)))
    assert "importing it would change nothing" in page
    assert "was imported already" in page
    order(clerk, again)
    assert "nothing has changed" in text(clerk.get(url("file", again.pk)))
    order(clerk, file)
    assert "nothing has changed" in text(clerk.get(url("file", file.pk)))
    assert list(ServiceEvent.objects.values()) == before


def test_the_list_of_errors(clerk):
    evil = b"num,opened\n1,2026-01-05\n2,2026-01-06\n=1+1,not a date\n"
    file = check(clerk, give(clerk, evil))
    response = clerk.get(url("file-refused", file.pk))
    assert "attachment" in response["Content-Disposition"]
    content = b"".join(response.streaming_content).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(content)))
    assert rows[0] == ["line", "id", "code", "detail"]
    assert rows[1][:3] == ["4", "", "bad_instant"]
    file.refusals.update(external_id="=1+1")
    content = b"".join(clerk.get(url("file-refused", file.pk)).streaming_content)
    assert b",'=1+1," in content


# --- giving -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("f.pdf", b"x", "cannot be read"),
        ("f.csv", b"", "empty"),
        ("f.csv", b"x" * 100, "too large"),
    ],
)
def test_what_is_not_taken_is_said(clerk, settings, name, content, words):
    settings.UPLOAD_MAX_BYTES = 50
    response = clerk.post(url("files"), {"file": SimpleUploadedFile(name, content)})
    assert response.status_code == 200
    assert words in str(response.context["faults"][0].message)
    assert not EventFile.objects.exists()


def test_without_a_file_it_is_asked(clerk):
    assert clerk.post(url("files")).context["faults"]


def test_the_list_tells_how_far_each_is(clerk, django_assert_num_queries):
    for _turn in range(3):
        give(clerk)
    order(clerk, check(clerk, EventFile.objects.latest("pk")))
    clerk.get(url("files"))
    with django_assert_num_queries(6):
        page = text(clerk.get(url("files")))
    assert "4 new, 0 known already, 1 refused" in page
    assert page.count("Waits for its columns") == 2


# --- columns ----------------------------------------------------------------------


def test_the_guess_is_filled_in(clerk, django_assert_num_queries):
    file = give(clerk)
    clerk.get(url("file-columns", file.pk))
    with django_assert_num_queries(8):
        response = clerk.get(url("file-columns", file.pk))
    form = response.context["form"]
    values = {bound.html_name: bound.value() for bound in form}
    assert values["case"] == "Expedient"
    assert values["datetime_format"] == "%d/%m/%Y"
    assert values["encoding"] == "latin-1"
    assert values["delimiter"] == ";"
    assert values["missing"].split() == ["-", "?"]
    page = text(response)
    assert "it looks like personal data (telephone number)" in page
    assert "612345678" not in page
    assert [row.line for row in response.context["preview"]] == [2, 3, 4, 5]


def test_an_open_order_of_days_is_asked(clerk):
    file = give(clerk, b"num,opened\n1,03/04/2026\n")
    response = clerk.post(
        url("file-columns", file.pk), said(clerk, file, check="1", datetime_format="")
    )
    assert response.status_code == 200
    assert "whether the day or the month comes first" in text(response)
    assert not response.context["preview"]
    check(clerk, file, datetime_format="%m/%d/%Y")
    assert FileMapping.from_toml(file.mapping).datetime_format == "%m/%d/%Y"


def test_the_layout_can_be_changed_and_the_texts_named(clerk):
    content = b"num,what,when\nA,Rep,2026-01-05\nA,Acaba,2026-01-07\nB,X,2026-01-07\n"
    file = give(clerk, content)
    page = url("file-columns", file.pk)
    response = clerk.post(page, said(clerk, file, switch="long"))
    assert response.context["form"].is_long
    asked = {
        "layout": "long",
        "case": "num",
        "type": "what",
        "at": "when",
        "other": "skip",
    }
    data = {
        k: v
        for k, v in said(clerk, file).items()
        if not k.startswith(("at-", "value-"))
    }
    shown = clerk.post(page, data | asked | {"show": "1"}).context["form"]
    names = {field.label: field.html_name for field in shown.text_fields()}
    assert set(names) == {"Rep", "Acaba", "X"}
    types = {names["Rep"]: "opened", names["Acaba"]: "closed"}
    response = clerk.post(page, data | asked | types | {"check": "1"})
    assert response.status_code == 302
    take_files()
    file.refresh_from_db()
    assert (file.state, file.read, file.recorded) == (FileState.CHECKED, 2, 2)
    # What was said is filled in when the page is opened again.
    again = clerk.get(page).context["form"]
    assert again.is_long
    assert again.start.long.types == {"Rep": "opened", "Acaba": "closed"}


def test_nothing_that_happens_is_an_error(clerk):
    file = give(clerk, b"num,a\n1,x\n")
    response = clerk.post(
        url("file-columns", file.pk), said(clerk, file, check="1", case="num")
    )
    assert "Say for at least one type of event" in text(response)
    file.refresh_from_db()
    assert file.state == FileState.NEW


@pytest.mark.parametrize(
    "changes",
    [
        {"case": "Telèfon"},
        {"at-1": "Telèfon"},
        {"encoding": "klingon"},
        {"delimiter": "ab"},
        {"timezone": "Nowhere/City"},
        {"timezone": "../../etc"},
        {"layout": "other"},
        {"delimiter": "\x00"},
        {"datetime_format": "%Q"},
    ],
)
def test_what_cannot_be_chosen_is_refused(clerk, changes):
    file = give(clerk)
    response = clerk.post(
        url("file-columns", file.pk), said(clerk, file, check="1") | changes
    )
    assert response.status_code == 200
    assert response.context["faults"]
    file.refresh_from_db()
    assert file.state == FileState.NEW


def test_another_encoding_reads_the_columns_anew(clerk):
    file = give(clerk)
    response = clerk.post(
        url("file-columns", file.pk), said(clerk, file, show="1", delimiter=",")
    )
    assert len(response.context["columns"]) == 1


def test_a_file_that_is_none_of_its_kind_says_so(clerk):
    file = give(clerk, b"nothing", "f.xlsx")
    page = text(clerk.get(url("file-columns", file.pk)))
    assert "The file could not be read" in page


def test_a_file_of_ours_is_checked_as_it_is(clerk):
    content = b"id,case,type,at\na,1,opened,2026-01-05T09:00:00+01:00\n"
    file = give(clerk, content)
    assert "nothing need be answered" in text(clerk.get(url("file-columns", file.pk)))
    clerk.post(url("file-columns", file.pk), {"as-is": "1"})
    take_files()
    file.refresh_from_db()
    assert (file.state, file.recorded) == (FileState.CHECKED, 1)


# --- mappings ---------------------------------------------------------------------


def test_the_answers_are_a_mapping_file(clerk, folder, stream):
    file = give(clerk)
    response = clerk.post(url("file-columns", file.pk), said(clerk, file, download="1"))
    assert response["Content-Type"] == "application/toml"
    said_there = tomllib.loads(text(response))
    assert said_there["case"] == "Expedient"
    mapping = FileMapping.from_toml(text(response))
    check(clerk, file)
    assert FileMapping.from_toml(file.mapping) == mapping


def test_answers_are_kept_and_offered_where_they_fit(clerk, stream):
    file = give(clerk)
    check(clerk, file, save_as="Padró")
    saved = stream.mappings.get()
    assert saved.name == "Padró"
    fits = give(clerk, ODD.replace(b"Tel\xe8fon", b"Barri"))
    response = clerk.get(url("file-columns", fits.pk))
    assert f"?mapping={saved.pk}" in text(response)
    assert response.context["form"].start == FileMapping.from_toml(saved.mapping)
    other = give(clerk, b"num,opened\n1,2026-01-05\n")
    assert "?mapping=" not in text(clerk.get(url("file-columns", other.pk)))


# --- how far ----------------------------------------------------------------------


def test_the_progress_is_shown_and_looked_at_again(
    clerk, monkeypatch, django_assert_num_queries
):
    file = check(clerk, give(clerk))
    clerk.post(url("file", file.pk), {"import": "1"})
    page = url("file", file.pk)
    with django_assert_num_queries(7):
        response = clerk.get(page)
    assert "<progress" in text(response)
    assert 'max="5"' in text(response)
    assert "Refresh" not in response
    assert clerk.get(f"{page}?watch=1")["Refresh"] == "10"
    part = clerk.get(page, headers={"HX-Request": "true"})
    assert "<html" not in text(part)
    assert "HX-Refresh" not in part
    take_files()
    assert clerk.get(page, headers={"HX-Request": "true"})["HX-Refresh"] == "true"
    assert "Refresh" not in clerk.get(f"{page}?watch=1")


def test_steps_out_of_turn_are_told(clerk):
    file = give(clerk)
    response = clerk.post(url("file", file.pk), {"import": "1"}, follow=True)
    assert "has moved on meanwhile" in text(response)
    done = order(clerk, check(clerk, file))
    assert clerk.get(url("file-columns", done.pk)).url == url("file", done.pk)


def test_a_file_can_be_removed(clerk, folder, django_capture_on_commit_callbacks):
    file = give(clerk)
    with django_capture_on_commit_callbacks(execute=True):
        response = clerk.post(url("file", file.pk), {"remove": "1"}, follow=True)
    assert "The file is removed." in text(response)
    assert list(folder.iterdir()) == []
    assert "Its content has been removed" in text(clerk.get(url("file", file.pk)))
    assert clerk.get(url("file-columns", file.pk)).status_code == 302


def test_the_audit_trail_says_who(clerk):
    order(clerk, check(clerk, give(clerk)))
    entry = AuditEntry.objects.get(verb="indicators.import_file")
    user = EventFile.objects.get().uploaded_by
    assert (entry.actor_id, entry.details["recorded"]) == (user.pk, 4)


# --- whose ------------------------------------------------------------------------


def test_files_of_others_do_not_exist(clerk, stream, at_work):
    other = builders.organisation("altra")
    builders.published(builders.charter_document(), of=other)
    theirs = uploads.receive_file(
        stream=Stream.objects.get(organisation=other),
        name="f.csv",
        content=SimpleUploadedFile("f.csv", ODD),
        by=builders.person("DATA_STEWARD", of=other, email="x@example.org"),
        at=builders.NOW,
    )
    for name in ("file", "file-columns", "file-refused"):
        assert clerk.get(url(name, theirs.pk)).status_code == 404
    assert clerk.post(url("file", theirs.pk), {"remove": "1"}).status_code == 404
    theirs.refresh_from_db()
    assert theirs.content


@pytest.mark.parametrize("code", ["nothing", "a\x00b"])
def test_a_feed_that_is_not_there(clerk, code):
    address = url("files").replace("requests", code.replace("\x00", "%00"))
    assert clerk.get(address).status_code == 404


@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_speak_every_language(clerk, language):
    file = check(clerk, give(clerk))
    for name, more in (
        ("files", ()),
        ("file", (file.pk,)),
        ("file-columns", (file.pk,)),
    ):
        with override(language):
            address = reverse(f"office:{name}", args=["vila", "requests", *more])
        page = text(clerk.get(address))
        assert f'<html lang="{language}"' in page


def test_the_columns_say_that_the_secret_is_missing(clerk, stream):
    file = give(clerk)
    Stream.objects.update(case_secret="0" * 16)
    page = clerk.get(url("file-columns", file.pk))
    assert "The server lacks the secret" in text(page)
    response = clerk.post(url("file-columns", file.pk), said(clerk, file, check="1"))
    assert response.status_code == 200
    assert "The server lacks the secret" in text(response)
