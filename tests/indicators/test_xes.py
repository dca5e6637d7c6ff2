"""Event logs (XES, IEEE 1849)."""

import gzip
import io
from datetime import UTC, datetime

import pytest

from indicators.models import ServiceEvent, Stream
from indicators.services.files import FileError, import_file
from indicators.services.mapping import FileMapping
from indicators.services.xes import log_events
from tests import builders

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<log xmlns="http://www.xes-standard.org/">\n'
LOG = (
    HEAD
    + """<global scope="event"><string key="concept:name" value="none"/></global>
<string key="concept:name" value="permits"/>
<trace>
<string key="concept:name" value="c1"/>
<string key="channel" value="web"><string key="concept:name" value="inside"/></string>
<event>
<string key="concept:name" value="opened"/>
<string key="lifecycle:transition" value="complete"/>
<date key="time:timestamp" value="2026-01-05T09:00:00.123+01:00"/>
<string key="colour" value="blue"/>
</event>
<event>
<string key="concept:name" value="closed"/>
<date key="time:timestamp" value="2026-01-06T09:00:00Z"/>
<id key="identity:id" value="E-2"/>
<string key="channel" value="phone"/>
<list key="steps"><values><string key="concept:name" value="step"/></values></list>
</event>
</trace>
<trace>
<string key="concept:name" value="c2"/>
<event>
<string key="concept:name" value="opened"/>
<date key="time:timestamp" value="2026-01-07T09:00:00"/>
</event>
</trace>
</log>
"""
)
MAPPING = """
timezone = "Europe/Madrid"
case = "case:concept:name"
attributes = ["channel"]
[long]
type = "{concept:name}+{lifecycle:transition}"
at = "time:timestamp"
other = "skip"
[long.types]
"opened+complete" = "opened"
"""


@pytest.fixture
def load(charter, tmp_path):
    def do(content=LOG, toml="", name="f.xes"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return import_file(
            stream=Stream.objects.get(code="requests"),
            path=path,
            mapping=FileMapping.from_toml(toml) if toml else None,
            at=builders.NOW,
        )

    return do


def read(text):
    return list(log_events(io.BytesIO(text.encode())))


def test_a_log_needs_no_mapping(load):
    receipt = load()
    assert receipt.recorded == 2
    # Its instant says no offset, and nobody says where it is.
    assert [(r.line, r.id, r.code) for r in receipt.refused] == [
        (24, "c2/1", "naive_instant")
    ]
    opened, closed = ServiceEvent.objects.order_by("occurred_at")
    assert (opened.external_id, opened.case_key, opened.type) == (
        "c1/1",
        "c1",
        "opened",
    )
    assert opened.occurred_at == datetime(2026, 1, 5, 8, 0, 0, 123_000, tzinfo=UTC)
    assert opened.attributes == {"channel": "web"}  # of its trace
    assert (closed.external_id, closed.type) == ("E-2", "closed")
    assert closed.attributes == {"channel": "phone"}  # its own
    again = load()
    assert (again.recorded, again.replayed) == (0, 2)


def test_a_packed_log_is_read(load):
    assert load(gzip.compress(LOG.encode()), name="f.xes.gz").recorded == 2


def test_a_mapping_chooses_and_its_zone_is_that_of_naive_instants(load):
    receipt = load(toml=MAPPING)
    assert (receipt.recorded, receipt.received) == (1, 3)
    assert [(r.line, r.code) for r in receipt.refused] == [
        (14, "missing_type"),
        (24, "missing_type"),
    ]
    plain = MAPPING.replace("{concept:name}+{lifecycle:transition}", "concept:name")
    receipt = load(toml=plain.replace("skip", "keep").replace("+complete", ""))
    # The identifiers are those that it has without a mapping.
    assert [(r.id, r.code) for r in receipt.refused] == []
    found = {e.external_id: e.occurred_at for e in ServiceEvent.objects.all()}
    assert found["c2/1"] == datetime(2026, 1, 7, 8, tzinfo=UTC)
    assert sorted(found) == ["E-2", "c1/1", "c2/1"]


def test_traces_of_one_name_are_one_case():
    trace = '<trace><string key="concept:name" value="c"/><event/><event/></trace>'
    names = [e.own["identity:id"] for e in read(f"<log>{trace}{trace}<event/></log>")]
    assert names == ["c/1", "c/2", "c/3", "c/4", "trace 2/1"]


def test_a_long_name_still_gives_identifiers_that_fit():
    name = "é" * 200
    (event,) = read(
        f'<log><trace><string key="concept:name" value="{name}"/><event/></trace></log>'
    )
    assert len(event.own["identity:id"]) < 200


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "no element"),
        ("<html/>", "begins with 'html'"),
        (LOG[:-20], "unclosed|mismatched|no element"),
        ('<!DOCTYPE log [<!ENTITY a "b">]><log/>', "document type or entities"),
        ('<!DOCTYPE log SYSTEM "file:///etc/hostname"><log/>', "document type"),
        ("<log>&a;</log>", "undefined entity"),
        ('<?xml version="1.0" encoding="klingon"?><log/>', "unknown encoding"),
        ("<log>" + "<list>" * 200, "nested too deep"),
        ("<log><string key='" + "x" * 3_000_000, "longer than 1 MiB"),
        (
            "<log><trace>"
            + "".join(f'<int key="{n}" value="1"/>' for n in range(1_100)),
            "more than 1,000 attributes",
        ),
        (
            "<log><trace>" + f"<event/><string key='k' value='{'x' * 600_000}'/>" * 2,
            "a million letters",
        ),
    ],
    ids=range(11),
)
def test_what_is_no_log_is_an_error_in_words(content, words):
    with pytest.raises(FileError, match=words):
        read(content)


def test_a_log_that_unpacks_without_end_is_left(monkeypatch):
    monkeypatch.setattr("indicators.services.xes.MOST_BYTES", 1_000)
    with pytest.raises(FileError, match="too large"):
        read("<log>" + " " * 5_000 + "</log>")


def test_a_damaged_archive_is_an_error_in_words(load):
    with pytest.raises(FileError, match="cannot be read"):
        load(b"no gzip", name="f.xes.gz")
    with pytest.raises(FileError, match="cannot be read"):
        load(gzip.compress(LOG.encode() * 50)[:-20], name="f.xes.gz")
