"""What is exported and imported again: nothing new, nothing lost."""

import csv
import gzip
import json
from datetime import UTC, datetime

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from hypothesis import HealthCheck, given, settings, strategies as st

from indicators.models import ServiceEvent
from indicators.services.exports import export_file
from indicators.services.files import FileError, import_file
from indicators.services.mapping import FileMapping
from indicators.services.streams import declare_stream
from indicators.services.xes import CASE
from tests import builders
from tests.indicators.helpers import event, send

FORMS = ("csv", "csv.gz", "ndjson", "ndjson.gz", "xlsx", "xes", "xes.gz")
TYPES = ("closed", "opened")
# Some are called like parts of an event.
ATTRIBUTES = (
    "channel",
    "case:channel",
    "concept:name",
    "identity:id",
    "paraula:x",
    "at",
)
FIELDS = (
    "external_id", "case_key", "type", "occurred_at", "value", "attributes",
    "replaces", "digest",
)  # fmt: skip


@pytest.fixture
def streams(town):
    """Two streams that declare the same."""
    return [
        declare_stream(
            organisation=town,
            code=code,
            name={"ca": code},
            time_zone="Europe/Madrid",
            types=TYPES,
            attributes=ATTRIBUTES,
            expected_gap_days=None,
        )[0]
        for code in ("one", "two")
    ]


def content(stream):
    rows = ServiceEvent.objects.filter(stream=stream).order_by("external_id")
    return list(rows.values_list(*FIELDS))


def load(stream, path, mapping=None):
    return import_file(stream=stream, path=path, mapping=mapping, at=builders.NOW)


def goes_round(one, two, path):
    """Export a stream, import it into itself and into another; return the content."""
    number = export_file(stream=one, path=path)
    again = load(one, path)
    assert (again.recorded, again.replayed, again.refused) == (0, number, [])
    fresh = load(two, path)
    assert (fresh.recorded, fresh.refused) == (number, [])
    assert content(two) == content(one)
    return number


# Letters that every form can hold; \r\n\t and letters beyond the first plane too.
TEXTS = st.text(
    st.characters(
        exclude_categories=["Cs"],
        exclude_characters=[
            *map(chr, [*range(9), 11, 12, *range(14, 32)]),
            "\ufffe",
            "\uffff",
        ],
    ),
    max_size=12,
)
KEYS = TEXTS.filter(bool) | st.sampled_from(
    ["=1+1", "NA", "#N/A", " 007 ", "a_x000D_b", "1e5"]
)
VALUES = st.none() | st.decimals(
    min_value=-(10**15), max_value=10**15, places=12, allow_nan=False
)
MADE = st.fixed_dictionaries(
    {
        "id": KEYS,
        "case": KEYS,
        "type": st.sampled_from(TYPES),
        "at": st.datetimes(
            datetime(1901, 1, 1), datetime(2026, 1, 1), timezones=st.just(UTC)
        ),
        "value": VALUES,
        "attributes": st.dictionaries(st.sampled_from(ATTRIBUTES), TEXTS, max_size=4),
        "replaces": st.none() | st.integers(0, 5),
    }
)
LOGS = st.lists(MADE, max_size=6, unique_by=lambda made: made["id"])


def with_replaced(log):
    """Let some events replace earlier ones, each at most once."""
    taken = set()
    for place, made in enumerate(log):
        asked = made["replaces"]
        replaced = log[asked]["id"] if asked is not None and asked < place else None
        replaced = None if replaced in taken else replaced
        taken.add(replaced)
        yield made | {"replaces": replaced}


@pytest.mark.parametrize("form", FORMS)
def test_made_up_events_go_round(streams, tmp_path, form):
    one, two = streams

    @settings(
        max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(log=LOGS)
    def check(log):
        with transaction.atomic():
            sent = send(*with_replaced(log), stream=one)
            assert sent.refused == []
            assert goes_round(one, two, tmp_path / f"f.{form}") == len(log)
            transaction.set_rollback(True)

    check()


@pytest.mark.parametrize("form", ["csv", "ndjson", "xlsx"])
def test_control_letters_go_round_too(streams, tmp_path, form):
    one, two = streams
    attributes = {"channel": "\x01\x0b\x1f\uffff", "at": ""}
    assert (
        send(event("a\x02", "c\x7f", attributes=attributes), stream=one).recorded == 1
    )
    goes_round(one, two, tmp_path / f"f.{form}")


def test_an_event_that_replaces_one_of_another_case_comes_after_it(
    streams, tmp_path, monkeypatch
):
    monkeypatch.setattr("indicators.services.files.BATCH", 1)
    one, two = streams
    send(
        event("1", "z"), event("2", "a", replaces="1"), event("3", "m", replaces="2"),
        event("4", "a"), stream=one,
    )  # fmt: skip
    for form in ("xes", "ndjson"):
        with transaction.atomic():
            goes_round(one, two, tmp_path / f"f.{form}")
            transaction.set_rollback(True)
    log = (tmp_path / "f.xes").read_text()
    cases = [
        line.split('"')[3]
        for line in log.splitlines()
        if line.startswith(f'<string key="{CASE}"')
    ]
    assert cases == ["a", "z", "a", "m"]


def test_a_table_can_be_read_by_people(streams, tmp_path):
    one, _two = streams
    send(event("1", value="0.10", attributes={"channel": "web"}), stream=one)
    export_file(stream=one, path=tmp_path / "f.csv")
    with (tmp_path / "f.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert row == {
        "id": "1",
        "case": "c1",
        "type": "opened",
        "at": "2026-01-05T08:00:00+00:00",
        "value": "0.1",
        "attributes": '{"channel": "web"}',
        "replaces": "",
    }
    export_file(stream=one, path=tmp_path / "f.ndjson.gz")
    line = gzip.decompress((tmp_path / "f.ndjson.gz").read_bytes())
    assert json.loads(line) == row | {
        "attributes": {"channel": "web"},
        "replaces": None,
    }


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ('1,c,opened,2026-01-05T09:00:00Z,,"{",', "bad_attributes"),
        ("1,c,opened,2026-01-05T09:00:00Z,,[1],", "bad_attributes"),
        ("1,c,opened,2026-01-05T09:00:00,,,", "naive_instant"),
        (",c,opened,2026-01-05T09:00:00Z,,,", "missing_id"),
        ("1,c,opened,,,,", "missing_at"),
        ("1,c,opened,2026-01-05T09:00:00Z,many,,", "bad_value"),
    ],
)
def test_a_table_of_ours_that_was_spoilt_is_refused_by_name(
    streams, tmp_path, cells, code
):
    path = tmp_path / "f.csv"
    path.write_text(f"id,case,type,at,value,attributes,replaces\n{cells}\n")
    assert [(r.line, r.code) for r in load(streams[0], path).refused] == [(2, code)]


@pytest.mark.parametrize(
    "header", ["id,case,type", "id,case,type,at,hue", "id,id,case,type,at"]
)
def test_another_table_needs_a_mapping(streams, tmp_path, header):
    path = tmp_path / "f.csv"
    path.write_text(f"{header}\n")
    with pytest.raises(FileError, match="needs a mapping"):
        load(streams[0], path)


@pytest.mark.django_db(transaction=True)
def test_outside_of_a_transaction_too(streams, tmp_path):
    send(event("1"), event("2", replaces="1"), stream=streams[0])
    assert goes_round(*streams, tmp_path / "f.xes") == 2


class TestCommand:
    def test_it_says_how_many_events_it_wrote(self, streams, tmp_path, capsys):
        send(event("1"), event("2"), stream=streams[0])
        call_command("export_events", "vila/one", tmp_path / "f.csv")
        assert capsys.readouterr().out.startswith("2 events written to")

    @pytest.mark.parametrize(
        ("name", "words"),
        [
            ("f.pdf", "only .csv"),
            ("f.xlsx.gz", "only .csv"),
            ("none/f.csv", "cannot be written"),
            ("f.xes", "control character"),
        ],
    )
    def test_what_cannot_be_written_leaves_no_file(
        self, streams, tmp_path, name, words
    ):
        send(event("1"), event("2\x01"), stream=streams[0])
        with pytest.raises(CommandError, match=words):
            call_command("export_events", "vila/one", tmp_path / name)
        assert list(tmp_path.iterdir()) == []


PERMITS = """
timezone = "Europe/Amsterdam"
case = "case:concept:name"
attributes = ["case:channel", "case:department", "org:group", "org:resource"]
[long]
type = "concept:name"
at = "time:timestamp"
"""


@pytest.mark.real_data
@pytest.mark.parametrize("form", ["xes", "xlsx"])
def test_the_log_of_building_permits_goes_round(town, shared_data, tmp_path, form):
    path = shared_data / "receipt_wabo_nl.csv"
    with path.open(encoding="utf-8", newline="") as file:
        types = {row["concept:name"] for row in csv.DictReader(file)}
    mapping = FileMapping.from_toml(PERMITS)
    one, two = (
        declare_stream(
            organisation=town,
            code=code,
            name={"ca": code},
            time_zone="Europe/Amsterdam",
            types=types,
            attributes=mapping.attributes,
            expected_gap_days=None,
        )[0]
        for code in ("one", "two")
    )
    receipt = load(one, path, mapping)
    assert (receipt.recorded, receipt.refused) == (8_577, [])
    assert goes_round(one, two, tmp_path / f"f.{form}") == receipt.recorded
