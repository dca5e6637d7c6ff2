"""Files of events, and the commands that read them."""

import gzip
import json

import pytest
from django.core.management import CommandError, call_command

from indicators.models import ServiceEvent, StaleMark, Stream
from indicators.services.files import FileError, import_file, parse_line
from indicators.services.intake import LineError
from indicators.services.mapping import FileMapping
from tests import builders
from tests.indicators.helpers import event

MAPPING = """
timezone = "Europe/Madrid"
case = "num"
attributes = ["channel"]
[[event]]
type = "opened"
at = "in"
[[event]]
type = "closed"
at = "out"
"""
HEADER = "num,in,out,channel\n"
ROWS = HEADER + "1,2026-01-05,2026-01-07,web\n2,2026-01-06,,phone\n"


@pytest.fixture
def stream(charter):
    return Stream.objects.get(code="requests")


@pytest.fixture
def load(stream, tmp_path):
    def do(content, *, name="f.csv", toml=MAPPING, **options):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        mapping = FileMapping.from_toml(toml) if toml else None
        return import_file(
            stream=stream, path=path, mapping=mapping, at=builders.NOW, **options
        )

    return do


@pytest.mark.parametrize(
    ("content", "name", "entries"),
    [
        (ROWS.encode(), "f.csv", ""),
        (b"\xef\xbb\xbf" + ROWS.encode(), "f.csv", ""),
        (ROWS.replace("\n", "\r\n").encode(), "f.csv", ""),
        (ROWS.replace(",", ";").encode(), "f.csv", 'delimiter = ";"'),
        (ROWS.replace(",", "\t").encode(), "f.csv", r'delimiter = "\t"'),
        (ROWS.replace("num", "núm").encode("latin-1"), "f.csv", 'encoding = "latin-1"'),
        (gzip.compress(ROWS.encode()), "f.csv.gz", ""),
        ((ROWS + "\n\n").encode(), "f.csv", ""),
    ],
    ids=["plain", "bom", "windows", "semicolon", "tab", "latin-1", "gz", "blank"],
)
def test_a_csv_file_is_read_in_whatever_dress(load, content, name, entries):
    column = "núm" if "latin" in entries else "num"
    toml = entries + MAPPING.replace("num", column)
    receipt = load(content, name=name, toml=toml)
    assert (receipt.received, receipt.recorded, receipt.refused) == (3, 3, [])
    again = load(content, name=name, toml=toml)
    assert (again.recorded, again.replayed) == (0, 3)


@pytest.mark.parametrize("name", ["f.ndjson", "f.ndjson.gz"])
def test_ndjson_lines_are_events_as_the_api_takes_them(load, name):
    text = (
        f"{json.dumps(event('a'))}\n\n{{bad\n{json.dumps(event('b'))}\n[1]\n".encode()
    )
    content = gzip.compress(text) if name.endswith(".gz") else text
    receipt = load(content, name=name, toml=None)
    assert receipt.recorded == 2
    assert [(r.line, r.code) for r in receipt.refused] == [
        (3, "bad_json"),
        (5, "not_an_object"),
    ]


def test_ndjson_rows_can_be_mapped_too(load):
    rows = [
        {"num": 1, "in": "2026-01-05", "out": None, "channel": "web"},
        {"num": 2, "in": "2026-01-05", "out": "2026-01-06", "channel": None},
    ]
    content = "\n".join(map(json.dumps, rows)) + "\nnot json\n"
    receipt = load(content, name="f.ndjson")
    assert receipt.recorded == 3
    assert [(r.line, r.code) for r in receipt.refused] == [(3, "bad_json")]


def test_rows_that_cannot_be_read_are_listed_by_their_line(load):
    receipt = load(
        ROWS
        + "3,2026-01-05\n"  # too short: line 4
        + '4,2026-01-05,,"a\nb"\n'  # over two lines: 5 and 6
        + ",2026-01-05,,web\n"  # line 7
        + "6,32/13/2026,,web\n"  # line 8
        + "7,2026-01-05,2027-01-01,web\n"  # line 9: closed in the future
    )
    assert [(r.line, r.code) for r in receipt.refused] == [
        (4, "wrong_width"),
        (7, "missing_case"),
        (8, "bad_instant"),
        (9, "in_future"),
    ]
    assert receipt.recorded == 5


def test_three_bad_of_ten_thousand_in_a_csv(load):
    rows = [f"{n},2026-01-05,,web" for n in range(1, 10_001)]
    rows[17] = ",2026-01-05,,web"
    rows[5_000] = "5001,5 January,,web"
    rows[9_999] = "10000,2026-01-05,,web,extra"
    receipt = load(HEADER + "\n".join(rows))
    assert (receipt.received, receipt.recorded) == (10_000, 9_997)
    assert [(r.line, r.code) for r in receipt.refused] == [
        (19, "missing_case"),
        (5_002, "bad_instant"),
        (10_001, "wrong_width"),
    ]


def test_a_dry_run_says_what_would_happen_and_records_nothing(load):
    marks = StaleMark.objects.count()
    receipt = load(ROWS + ",x,y,z\n", dry_run=True)
    assert (receipt.recorded, len(receipt.refused)) == (3, 2)
    assert not ServiceEvent.objects.exists()
    assert StaleMark.objects.count() == marks


def test_progress_is_told_batch_by_batch(load, monkeypatch):
    monkeypatch.setattr("indicators.services.files.BATCH", 2)
    seen = []
    receipt = load(ROWS, progress=lambda total: seen.append(total.received))
    assert seen == [2, 3]
    assert receipt.watermark is not None


@pytest.mark.parametrize(
    ("content", "name", "toml", "words"),
    [
        (ROWS, "f.xls", MAPPING, "only .csv"),
        (ROWS, "f.csv", None, "needs a mapping"),
        (ROWS, "f.csv", 'encoding = "klingon"' + MAPPING, "cannot be opened"),
        (
            ROWS.replace("web", "é").encode("latin-1"),
            "f.csv",
            MAPPING,
            "cannot be read",
        ),
        (b"not gzip", "f.csv.gz", MAPPING, "cannot be read"),
        (
            gzip.compress(ROWS.encode() * 500)[:-20],
            "f.csv.gz",
            MAPPING,
            "cannot be read",
        ),
        (HEADER + '"' + "x" * 200_000, "f.csv", MAPPING, "cannot be read"),
    ],
    ids=["xls", "no-mapping", "encoding", "latin-1", "not-gz", "cut-gz", "huge-cell"],
)
def test_a_file_that_cannot_be_read_is_an_error_in_words(
    load, content, name, toml, words
):
    with pytest.raises(FileError, match=words):
        load(content, name=name, toml=toml)
    assert not ServiceEvent.objects.exists()


def test_a_damaged_archive_is_an_error_in_words(load):
    packed = bytearray(gzip.compress(ROWS.encode() * 500))
    packed[40:60] = b"\xff" * 20
    with pytest.raises(FileError, match="cannot be read"):
        load(bytes(packed), name="f.csv.gz")


def test_a_file_that_breaks_off_says_what_was_recorded(load, monkeypatch):
    monkeypatch.setattr("indicators.services.files.BATCH", 2)
    with pytest.raises(FileError, match="the first 2 events were read, 2 of them"):
        load(ROWS + '"' + "x" * 200_000)
    assert ServiceEvent.objects.count() == 2


def test_a_file_that_is_not_there(stream, tmp_path):
    with pytest.raises(FileError, match="cannot be opened"):
        import_file(
            stream=stream, path=tmp_path / "none.ndjson", mapping=None, at=builders.NOW
        )


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "bad_json"),
        ("{", "bad_json"),
        ("[" * 100_000, "bad_json"),
        ('{"value": ' + "9" * 5_000 + "}", "bad_json"),
        ('{"value": NaN}', "bad_json"),
        ('{"value": -Infinity}', "bad_json"),
        ("[]", "not_an_object"),
        ('"x"', "not_an_object"),
    ],
    ids=range(8),
)
def test_a_line_that_is_no_object_becomes_its_error(text, code):
    found = parse_line(text)
    assert isinstance(found, LineError)
    assert found.code == code


def test_a_number_keeps_its_digits():
    assert parse_line('{"value": 0.10}') == {"value": "0.10"}


class TestCommand:
    @pytest.fixture
    def run(self, stream, tmp_path, capsys):
        def do(content=ROWS, toml=MAPPING, **options):
            path, mapping = tmp_path / "f.csv", tmp_path / "m.toml"
            path.write_text(content)
            mapping.write_text(toml)
            call_command(
                "import_events", "vila/requests", path, mapping=mapping, **options
            )
            return capsys.readouterr()

        return do

    def test_it_counts_and_running_it_again_changes_nothing(self, run):
        assert run().out == "3 events: 3 recorded, 0 known already, 0 refused\n"
        assert run().out == "3 events: 0 recorded, 3 known already, 0 refused\n"

    def test_it_lists_what_it_refused(self, run, tmp_path):
        refused = tmp_path / "refused.csv"
        said = run(ROWS + "3,soon,,web\n4,2026-01-05\n", refused=refused)
        assert said.out.startswith("5 events: 3 recorded")
        assert said.err.splitlines() == [
            "line 4: bad_instant: 'soon' is no ISO 8601 instant",
            "line 5: wrong_width: 2 cells where the header has 4",
        ]
        assert refused.read_text().splitlines() == [
            "line,id,code,detail",
            "4,,bad_instant,'soon' is no ISO 8601 instant",
            "5,,wrong_width,2 cells where the header has 4",
        ]

    def test_what_it_refused_runs_in_no_spreadsheet(self, run, tmp_path):
        refused = tmp_path / "refused.csv"
        run(HEADER + "=1+1,2027-01-05,,web\n", refused=refused)
        assert ",'=1+1" in refused.read_text()

    def test_it_shows_fifty_and_says_how_many_more(self, run):
        said = run(HEADER + "3,soon,,web\n" * 60)
        assert len(said.err.splitlines()) == 51
        assert said.err.splitlines()[-1] == "… and 10 more (--refused)"

    def test_a_dry_run_says_so(self, run):
        assert "3 would be recorded" in run(dry_run=True).out
        assert not ServiceEvent.objects.exists()

    @pytest.mark.parametrize(
        ("toml", "words"),
        [
            (MAPPING.replace("out", "end"), "no column 'end'; it has: num, in, out"),
            ("case=", "no valid TOML"),
        ],
    )
    def test_a_mapping_that_does_not_fit_is_told_in_words(self, run, toml, words):
        with pytest.raises(CommandError, match=words):
            run(toml=toml)

    @pytest.mark.parametrize(
        ("name", "words"),
        [("requests", "ORG/STREAM"), ("vila/none", "there is no stream vila/none")],
    )
    def test_an_unknown_stream_is_told_in_words(self, stream, tmp_path, name, words):
        with pytest.raises(CommandError, match=words):
            call_command("import_events", name, tmp_path / "f.csv")

    def test_a_mapping_that_is_not_there_is_told_in_words(self, stream, tmp_path):
        with pytest.raises(CommandError, match="mapping cannot be read"):
            call_command(
                "import_events",
                "vila/requests",
                tmp_path / "f.csv",
                mapping=tmp_path / "m",
            )
