"""Files that people give the office: kept, rehearsed, imported, removed."""

import hashlib
import logging
import multiprocessing
import os
import signal
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.db import connection
from hypothesis import given, settings as hypothesis_settings, strategies as st
from hypothesis.extra.django import TestCase

from core.models import AuditEntry
from indicators.enums import FileState
from indicators.models import EventFile, FileRefusal, ServiceEvent, StaleMark, Stream
from indicators.queries.pseudonyms import newest_secret
from indicators.services import uploads
from indicators.services.intake import Rehearsal, record
from indicators.services.mapping import FileMapping, MappingError
from indicators.services.streams import issue_token
from indicators.services.uploads import (
    UploadError,
    WrongStateError,
    discard,
    order_import,
    order_rehearsal,
    preview,
    prune,
    receive_file,
    save_mapping,
    take_up,
    waiting_files,
)
from indicators.tasks import prune_files, take_file, take_files
from tests import builders
from tests.builders import NOW
from tests.indicators.helpers import at_once, event, send
from tests.indicators.test_files import HEADER, MAPPING, ROWS

TOML = FileMapping.from_toml(MAPPING)


@pytest.fixture(autouse=True)
def folder(settings, tmp_path) -> Path:
    settings.UPLOADS_ROOT = str(tmp_path / "uploads")
    return tmp_path / "uploads"


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch) -> None:
    monkeypatch.setattr("core.jobs._send", lambda task, kwargs: None)


@pytest.fixture
def stream(charter):
    return Stream.objects.get(code="requests")


@pytest.fixture
def clerk(town):
    return builders.person("DATA_STEWARD", of=town)


@pytest.fixture
def give(stream, clerk):
    def do(content=ROWS, name="f.csv"):
        raw = content if isinstance(content, bytes) else content.encode()
        return receive_file(
            stream=stream, name=name, content=ContentFile(raw), by=clerk, at=NOW
        )

    return do


@pytest.fixture
def rehearse(give):
    def do(content=ROWS, mapping=TOML, name="f.csv"):
        file = give(content, name)
        order_rehearsal(file=file, mapping=mapping, at=NOW)
        take_up(file_id=file.pk, at=NOW)
        file.refresh_from_db()
        return file

    return do


@pytest.fixture
def load(clerk):
    def do(file):
        order_import(file=file, by=clerk, at=NOW)
        take_up(file_id=file.pk, at=NOW)
        file.refresh_from_db()
        return file

    return do


def counts(file: EventFile) -> tuple[int, ...]:
    return file.read, file.recorded, file.replayed, file.refused


# --- taking -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("f.pdf", b"x", "kind"),
        ("f.xls", b"x", "kind"),
        ("f.xlsx.gz", b"x", "kind"),
        ("f.csv", b"", "empty"),
        ("f.csv", b"x" * 11, "size"),
    ],
)
def test_what_is_not_taken(give, settings, folder, name, content, code):
    settings.UPLOAD_MAX_BYTES = 10
    with pytest.raises(UploadError) as error:
        give(content, name)
    assert error.value.code == code
    assert not EventFile.objects.exists()
    assert not folder.exists() or not list(folder.iterdir())


def test_a_file_is_kept_where_only_the_server_reads_it(give, folder, settings):
    file = give(name="Expedients de març.CSV.GZ")
    (kept,) = folder.iterdir()
    assert kept.name == file.content
    assert kept.name.endswith(".csv.gz")
    assert kept.stat().st_mode & 0o077 == 0
    assert folder.stat().st_mode & 0o077 == 0
    assert file.digest == hashlib.sha256(ROWS.encode()).hexdigest()
    assert not Path(settings.STATIC_ROOT).is_relative_to(folder)


def test_a_row_that_cannot_be_written_leaves_no_file(give, folder, monkeypatch):
    def refuse(**_values):
        raise RuntimeError

    monkeypatch.setattr(EventFile.objects, "create", refuse)
    with pytest.raises(RuntimeError):
        give()
    assert list(folder.iterdir()) == []


# --- rehearsing -------------------------------------------------------------------


def test_a_rehearsal_says_what_would_happen_and_records_nothing(rehearse, stream):
    send(
        event(
            "1/opened",
            "1",
            at="2026-01-05T00:00:00+01:00",
            attributes={"channel": "web"},
        ),
        event("2/opened", "2", at="2026-01-01T00:00:00+01:00"),
        stream=stream,
    )
    marks = StaleMark.objects.count()
    file = rehearse(ROWS + ",2026-01-05,,web\n")
    assert file.state == FileState.CHECKED
    assert counts(file) == (4, 1, 1, 2)
    found = file.rehearsed
    assert {name: found[name] for name in ("received", "recorded", "replayed")} == {
        "received": 4, "recorded": 1, "replayed": 1,
    }  # fmt: skip
    assert (found["conflicts"], found["refused"]) == (1, 1)
    assert [item["type"] for item in found["new"]] == ["closed"]
    assert [item["case"] for item in found["known"]] == ["1"]
    assert [(r.line, r.code) for r in file.refusals.order_by("line", "pk")] == [
        (3, "conflict"),
        (4, "missing_case"),
    ]
    assert ServiceEvent.objects.count() == 2
    assert StaleMark.objects.count() == marks


KEYS = st.sampled_from(["a", "b", "c", "d"])
EVENTS = st.builds(
    lambda id_, case, hour, replaces, operator: {
        "id": id_,
        "case": case,
        "type": "opened",
        "at": f"2026-01-05T{hour:02d}:00:00+01:00",
        **({"replaces": replaces} if replaces else {}),
        **({"attributes": {"operator": operator}} if operator else {}),
    },
    KEYS,
    KEYS,
    st.integers(9, 10),
    st.none() | KEYS,
    st.sampled_from(["", "", "Alfa", "Beta"]),
)


class RehearsalTests(TestCase):
    @hypothesis_settings(max_examples=150)
    @given(
        st.lists(st.lists(EVENTS, max_size=4), max_size=4),
        st.booleans(),
        st.booleans(),
        st.sampled_from([None, "", "Alfa"]),
    )
    def test_a_rehearsal_and_the_real_thing_agree(
        self, batches, hidden, operators, before
    ):
        """
        Whatever is replayed, conflicts and replaces, within a batch and across.

        Also with pseudonyms, and where keys of operators have sent before.
        """
        stream = Stream.objects.filter(code="requests").first()
        if stream is None:
            town = builders.organisation()
            builders.published(builders.charter_document(), of=town)
            stream = Stream.objects.get(code="requests")
        stream.case_secret = newest_secret() if hidden else ""
        stream.save()
        if operators:
            issue_token(stream=stream, label="alfa", operator="Alfa", at=NOW)
            stream.refresh_from_db()
        if before is not None:
            first = [(1, event("a", "a")), (2, event("d", "b", replaces="a"))]
            record(stream=stream, lines=first, at=NOW, operator=before)
        events_before = ServiceEvent.objects.filter(stream=stream).count()
        rehearsal, line = Rehearsal(stream=stream, at=NOW), 0
        said, done = [], []
        numbered = []
        for batch in batches:
            numbered.append(list(enumerate(batch, start=line + 1)))
            line += len(batch)
        for batch in numbered:
            said.append(rehearsal.record(batch))
            new = {event.line for event in rehearsal.new}
            known = {event.line for event in rehearsal.known}
            assert not new & known
        assert ServiceEvent.objects.filter(stream=stream).count() == events_before
        for batch in numbered:
            receipt = record(stream=stream, lines=batch, at=NOW)
            receipt.watermark = None
            done.append(receipt)
        assert said == done


# --- importing --------------------------------------------------------------------


def test_an_import_records_and_says_who(rehearse, load, clerk, stream):
    file = load(rehearse(ROWS + ",2026-01-05,,web\n"))
    assert file.state == FileState.DONE
    assert counts(file) == (4, 3, 0, 1)
    assert ServiceEvent.objects.count() == 3
    entries = AuditEntry.objects.filter(verb__startswith="indicators.").order_by("pk")
    found = [
        (entry.verb, entry.actor_id, entry.details)
        for entry in entries
        if entry.subject == f"requests {file.pk}"
    ]
    told = {"received": 4, "recorded": 3, "replayed": 0, "refused": 1}
    assert found == [
        ("indicators.order_import", clerk.pk, {"sha256": file.digest}),
        ("indicators.import_file", clerk.pk, {"sha256": file.digest, **told}),
    ]


def test_importing_again_changes_nothing(rehearse, load):
    file = load(rehearse())
    before = list(ServiceEvent.objects.order_by("pk").values())
    again = load(file)
    assert counts(again) == (3, 0, 3, 0)
    assert list(ServiceEvent.objects.order_by("pk").values()) == before
    other = load(rehearse())
    assert counts(other) == (3, 0, 3, 0)


def test_a_file_of_ours_needs_no_mapping(rehearse, load):
    content = "id,case,type,at\na,1,opened,2026-01-05T09:00:00+01:00\n"
    assert counts(load(rehearse(content, mapping=None))) == (1, 1, 0, 0)


def test_an_import_goes_on_where_it_was_broken_off(rehearse, clerk, monkeypatch):
    monkeypatch.setattr("indicators.services.files.BATCH", 2)
    file = rehearse(HEADER + "".join(f"{n},2026-01-05,,web\n" for n in range(7)))
    order_import(file=file, by=clerk, at=NOW)
    real, turns = uploads.record, []

    def dying(**arguments):
        turns.append(arguments)
        if len(turns) == 3:
            raise KeyboardInterrupt
        return real(**arguments)

    monkeypatch.setattr(uploads, "record", dying)
    with pytest.raises(KeyboardInterrupt):
        take_up(file_id=file.pk, at=NOW)
    file.refresh_from_db()
    assert (file.state, file.read, file.recorded) == (FileState.IMPORTING, 4, 4)
    assert waiting_files() == [file.pk]
    take_files()
    file.refresh_from_db()
    assert (file.state, *counts(file)) == (FileState.DONE, 7, 7, 0, 0)
    assert waiting_files() == []


def work_for_ever(file_id: int) -> None:
    connection.close()
    while True:
        take_up(file_id=file_id, at=NOW)


@pytest.mark.django_db(transaction=True)
def test_no_kill_changes_what_is_counted(rehearse, clerk, monkeypatch):
    """Every tenth line is refused, every seventh is another's repetition."""
    monkeypatch.setattr("indicators.services.files.BATCH", 20)
    lines = []
    for n in range(1, 3_001):
        if n % 10 == 0:
            lines.append(",2026-01-05,,web\n")
        else:
            lines.append(f"{n - (n % 7 == 0)},2026-01-05,,web\n")
    file = rehearse(HEADER + "".join(lines))
    expected = counts(file)
    order_import(file=file, by=clerk, at=NOW)
    connection.close()
    context = multiprocessing.get_context("fork")
    seen = []
    for turn in range(12):
        workers = [
            context.Process(target=work_for_ever, args=(file.pk,), daemon=True)
            for _worker in range(2)
        ]
        for worker in workers:
            worker.start()
        time.sleep(0.15 + 0.02 * turn)
        for worker in workers:
            os.kill(worker.pid, signal.SIGKILL)
            worker.join(60)
        file.refresh_from_db()
        seen.append(file.read)
        connection.close()
    take_up(file_id=file.pk, at=NOW)
    file.refresh_from_db()
    assert len(set(seen)) > 2  # killed at work
    assert file.state == FileState.DONE
    assert counts(file) == expected
    assert ServiceEvent.objects.count() == file.recorded
    assert file.refusals.count() == file.refused


@pytest.mark.django_db(transaction=True)
def test_two_workers_never_count_a_batch_twice(rehearse, clerk, monkeypatch):
    monkeypatch.setattr("indicators.services.files.BATCH", 5)
    file = rehearse(HEADER + "".join(f"{n},2026-01-05,,web\n" for n in range(200)))
    order_import(file=file, by=clerk, at=NOW)
    at_once(lambda _turn: take_up(file_id=file.pk, at=NOW), [1, 2, 3, 4])
    take_up(file_id=file.pk, at=NOW)  # whoever was last may have found it held
    file.refresh_from_db()
    assert (file.state, *counts(file)) == (FileState.DONE, 200, 200, 0, 0)


@pytest.mark.django_db(transaction=True)
def test_of_two_orders_one_counts(rehearse, clerk):
    file = rehearse()

    def order(_turn):
        try:
            order_import(file=EventFile.objects.get(pk=file.pk), by=clerk, at=NOW)
        except WrongStateError:
            return False
        return True

    assert Counter(at_once(order, [1, 2])) == {True: 1, False: 1}


def test_a_file_that_kills_every_worker_is_given_up(give, monkeypatch):
    file = give()
    order_rehearsal(file=file, mapping=TOML, at=NOW)

    def kill(*_arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(uploads, "_work", kill)
    for _turn in range(uploads.MOST_ATTEMPTS):
        with pytest.raises(KeyboardInterrupt):
            take_file(file_id=file.pk)
    take_file(file_id=file.pk)
    file.refresh_from_db()
    assert file.state == FileState.FAILED
    assert "again and again" in file.failure


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (b"PK\x03\x04nothing", "f.xlsx", "workbook"),
        (b"\x1f\x8bnothing", "f.csv.gz", "cannot be read"),
        (b"other,columns\n1,2\n", "f.csv", "no column 'num'"),
        (HEADER.encode() + b"\xff,2026-01-05,,web\n", "f.csv", "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_read_says_so(rehearse, folder, content, name, words):
    file = rehearse(content, name=name)
    assert file.state == FileState.FAILED
    assert words in file.failure
    assert str(folder) not in file.failure
    order_rehearsal(file=file, mapping=TOML, at=NOW)  # with another mapping, perhaps
    assert file.failure == ""


@pytest.mark.parametrize("importing", [False, True])
def test_a_file_whose_feed_lost_its_secret_is_given_up(give, rehearse, load, importing):
    Stream.objects.update(case_secret=newest_secret())
    file = rehearse() if importing else give()
    Stream.objects.update(case_secret="0" * 16)
    if importing:
        load(file)
    else:
        order_rehearsal(file=file, mapping=TOML, at=NOW)
        take_up(file_id=file.pk, at=NOW)
    file.refresh_from_db()
    assert file.state == FileState.FAILED
    assert "CASE_SECRETS" in file.failure
    assert waiting_files() == []
    Stream.objects.update(case_secret=newest_secret())
    order_rehearsal(file=file, mapping=TOML, at=NOW)
    take_up(file_id=file.pk, at=NOW)
    file.refresh_from_db()
    assert counts(load(file)) == (3, 3, 0, 0)


def test_a_file_may_not_have_more_events_than_a_rehearsal_holds(rehearse, monkeypatch):
    monkeypatch.setattr(uploads, "MOST_EVENTS", 2)
    file = rehearse()
    assert (file.state, file.read) == (FileState.FAILED, 0)
    assert "more than 2 events" in file.failure


def test_steps_are_taken_in_order(give, rehearse, load, clerk):
    file = give()
    with pytest.raises(WrongStateError):
        order_import(file=file, by=clerk, at=NOW)
    order_rehearsal(file=file, mapping=TOML, at=NOW)
    for step in (
        lambda: order_rehearsal(file=file, mapping=TOML, at=NOW),
        lambda: order_import(file=file, by=clerk, at=NOW),
        lambda: discard(file=file, by=clerk, at=NOW),
    ):
        with pytest.raises(WrongStateError):
            step()
    done = load(rehearse())
    with pytest.raises(WrongStateError):
        order_rehearsal(file=done, mapping=TOML, at=NOW)


# --- personal data ----------------------------------------------------------------

PERSON = "anna.puig@example.org"
ODD = f"{PERSON},2026-01-05,,web\n5,{PERSON},,web\n6,2026-01-05,,{PERSON}\n"


def test_what_is_refused_is_not_repeated(rehearse, load, caplog):
    with caplog.at_level(logging.DEBUG):
        file = load(rehearse(HEADER + ODD))
    assert file.refused == 3
    kept = str(list(FileRefusal.objects.values())) + str(
        list(EventFile.objects.values())
    )
    kept += str(list(AuditEntry.objects.values())) + str(
        list(ServiceEvent.objects.values())
    )
    assert "anna" not in kept
    assert "anna" not in "".join(
        record.getMessage()
        for record in caplog.records
        if not record.name.startswith("django.db")
    )


def test_personal_columns_cannot_be_mapped(give):
    toml = MAPPING.replace('["channel"]', '["email"]')
    file = give(ROWS.replace("channel", "email"))
    with pytest.raises(MappingError, match="e-mail"):
        preview(file=file, mapping=FileMapping.from_toml(toml), at=NOW)


# --- showing ----------------------------------------------------------------------


def test_a_preview_shows_the_first_lines_with_their_errors(give):
    file = give(ROWS + "3,5 January,,web\n4,2026-01-05,,web,more\n")
    found = preview(file=file, mapping=TOML, at=NOW)
    assert [(item.line, len(item.events)) for item in found] == [
        (2, 2),
        (3, 1),
        (4, 0),
        (5, 0),
    ]
    assert [[r.code for r in item.refusals] for item in found] == [
        [],
        [],
        ["bad_instant"],
        ["wrong_width"],
    ]


# --- removing ---------------------------------------------------------------------


def test_old_files_are_removed_and_their_rows_stay(
    give, rehearse, load, folder, django_capture_on_commit_callbacks
):
    waiting, done = give(), load(rehearse(ROWS + ",2026-01-05,,web\n"))
    at_work = give()
    order_rehearsal(file=at_work, mapping=TOML, at=NOW)
    assert prune(at=NOW + uploads.KEPT) == 0
    with django_capture_on_commit_callbacks(execute=True):
        assert prune(at=NOW + uploads.KEPT + timedelta(seconds=1)) == 2
    assert [path.name for path in folder.iterdir()] == [at_work.content]
    for file, state in ((waiting, FileState.REMOVED), (done, FileState.DONE)):
        file.refresh_from_db()
        assert (file.state, file.content) == (state, "")
        assert not file.refusals.exists()
    assert done.recorded == 3


def test_what_an_upload_left_behind_is_removed(give, folder):
    file = give()
    (folder / "lost.csv").write_text("x")
    # Its age is that of the machine's clock, which the tests do not share.
    written = (folder / "lost.csv").stat().st_mtime
    os.utime(folder / "lost.csv", (written - 10 * 86_400 * 365,) * 2)
    prune_files()
    assert [path.name for path in folder.iterdir()] == [file.content]


def test_a_file_can_be_discarded(
    give, rehearse, load, clerk, folder, django_capture_on_commit_callbacks
):
    file, done = give(), load(rehearse())
    with django_capture_on_commit_callbacks(execute=True):
        discard(file=file, by=clerk, at=NOW)
        discard(file=done, by=clerk, at=NOW)
    assert list(folder.iterdir()) == []
    assert (file.state, done.state) == (FileState.REMOVED, FileState.DONE)
    for again in (file, done):
        with pytest.raises(WrongStateError):
            discard(file=again, by=clerk, at=NOW)


# --- mappings ---------------------------------------------------------------------


def test_a_saved_mapping_takes_the_place_of_its_namesake(stream, clerk):
    for _turn in range(2):
        saved = save_mapping(
            stream=stream, name="Padró", mapping=TOML, by=clerk, at=NOW
        )
    assert stream.mappings.get() == saved
    assert FileMapping.from_toml(saved.mapping) == TOML
    assert saved.columns == ["num", "channel", "in", "out"]
