"""Import and export are inverse; a fault is named by its path."""

import copy
import json

import pytest
from django.core.management import CommandError, call_command

from charters.models import Charter, Edition
from charters.services.exchange import ExchangeError, export_document, import_document
from core.models import AuditEntry
from tests import builders

C, IND = "quality.commitments[0]", "quality.commitments[0].indicators[0]"


def change(document, path, value):
    """Set, or with ``...`` remove, what a path of keys and numbers leads to."""
    *way, last = path
    node = document
    for step in way:
        node = node[step]
    if value is ...:
        del node[last]
    else:
        node[last] = value
    return document


COMMITMENT = ("quality", "commitments", 0)
INDICATOR = (*COMMITMENT, "indicators", 0)
REDRESS = ("redress", "measures", 0)

BROKEN = [
    (("format",), "paraula-charter/2", "format"),
    (("format",), ..., ""),
    (("surprise",), 1, ""),
    (("charter", "slug"), "no spaces", "charter.slug"),
    (("charter", "slug"), "deadline", "charter.slug"),
    (("charter", "slug"), ..., "charter"),
    (("charter", "scope"), "galaxy", "charter.scope"),
    (("edition", "source_language"), "ms", "edition.source_language"),
    (("edition", "number"), 0, "edition.number"),
    (("edition", "number"), "1", "edition.number"),
    (("edition", "valid_from"), "1/1/2026", "edition.valid_from"),
    (("edition", "valid_from"), "2026-02-30", "edition.valid_from"),
    (("edition", "valid_until"), "2025-01-01", "edition.valid_until"),
    (("edition", "valid_until"), "2026-01-01", "edition.valid_until"),
    (("edition", "title"), "words without a language", "edition.title"),
    (("edition", "title"), {"fr": "Charte"}, "edition.title"),
    (("edition", "title", "ca"), 7, "edition.title.ca"),
    (("edition", "title", "ca"), "nul\x00", "edition.title.ca"),
    (("general", "services", 0, "code"), "a b", "general.services[0].code"),
    (("general", "norms", 0, "url"), "javascript:x", "general.norms[0].url"),
    (("general", "norms"), {}, "general.norms"),
    ((*COMMITMENT, "level"), "solemn", f"{C}.level"),
    ((*COMMITMENT, "text"), ..., C),
    ((*INDICATOR, "kind"), "magic", f"{IND}.kind"),
    ((*INDICATOR, "comparator"), "about", f"{IND}.comparator"),
    ((*INDICATOR, "comparator"), None, f"{IND}.comparator"),
    ((*INDICATOR, "target"), 95, f"{IND}.target"),
    ((*INDICATOR, "target"), "95%", f"{IND}.target"),
    ((*INDICATOR, "period"), "fortnight", f"{IND}.period"),
    ((*INDICATOR, "stream"), "unheard", f"{IND}.stream"),
    ((*INDICATOR, "calendar"), "unheard", f"{IND}.calendar"),
    ((*INDICATOR, "rule", "surprise"), 1, f"{IND}.rule"),
    ((*INDICATOR, "rule", "counted_in"), "never", f"{IND}.rule.counted_in"),
    ((*INDICATOR, "rule", "grace_days"), -1, f"{IND}.rule.grace_days"),
    ((*REDRESS, "kind"), "gift", "redress.measures[0].kind"),
    ((*REDRESS, "amount"), 10, "redress.measures[0].amount"),
    ((*REDRESS, "filing_days"), 0, "redress.measures[0].filing_days"),
    ((*REDRESS, "commitments"), ["C9"], "redress.measures[0].commitments"),
    ((*REDRESS, "currency"), "euro", "redress.measures[0].currency"),
    ((*REDRESS, "amount"), "10.00", "redress.measures[0].currency"),
    ((*REDRESS, "amount"), "0.00", "redress.measures[0].amount"),
    (("charter", "slug"), "library\n", "charter.slug"),
    (("edition", "number"), 10**12, "edition.number"),
    (("general", "aims", "ca"), "half \ud800", "general.aims.ca"),
    (("quality", "commitments", 0, "service"), "S\x001", "quality.commitments[0]"),
    (("streams", 0, "time_zone"), "Mars/Base", "streams[0].time_zone"),
    (("streams", 0, "expected_gap_days"), 10**12, "streams[0].expected_gap_days"),
    (("complementary", "web"), "example.org", "complementary.web"),
    (("streams", 0, "types"), [], "streams[0].types"),
    (("calendars", 0, "definition", "zone"), "Mars/Base", "calendars[0].definition"),
    (
        ("calendars", 0, "definition", "weekly"),
        {"mon": [["14:00", "09:00"]]},
        "calendars[0].definition",
    ),
    (
        ("calendars", 0, "definition", "known_until"),
        "2026-02-30",
        "calendars[0].definition",
    ),
]


def draft_from(document, town):
    return builders.draft(document, of=town)


@pytest.mark.parametrize(
    ("path", "value", "fault"), BROKEN, ids=[".".join(map(str, b[0])) for b in BROKEN]
)
def test_a_fault_is_named_by_its_path_and_nothing_is_written(town, path, value, fault):
    document = change(builders.charter_document(), path, value)
    with pytest.raises(ExchangeError) as caught:
        draft_from(document, town)
    assert caught.value.path.startswith(fault)
    assert fault or caught.value.path == ""


@pytest.mark.parametrize("document", [None, [], "charter", 7, {}])
def test_what_is_no_charter_at_all_is_refused(town, document):
    with pytest.raises(ExchangeError):
        draft_from(document, town)


@pytest.mark.parametrize(
    ("path", "where"),
    [
        (("quality", "commitments"), "quality.commitments[1].code"),
        (("assurance", "measures"), "assurance.measures[1].code"),
        (("redress", "measures"), "redress.measures[1].code"),
        ((*COMMITMENT, "indicators"), "quality.commitments[0].indicators[1].code"),
    ],
)
def test_a_code_that_stands_twice_is_refused(town, path, where):
    document = builders.charter_document()
    node = document
    for step in path:
        node = node[step]
    node.append(copy.deepcopy(node[0]))
    if path == ("quality", "commitments"):
        node[1]["indicators"] = []
    with pytest.raises(ExchangeError) as caught:
        draft_from(document, town)
    assert caught.value.path == where


def test_an_indicator_belongs_to_one_charter(town):
    draft_from(builders.charter_document(), town)
    with pytest.raises(ExchangeError, match="indicator of another charter"):
        draft_from(builders.charter_document(slug="other"), town)


def test_a_failed_import_leaves_nothing(town):
    document = change(builders.charter_document(), (*REDRESS, "commitments"), ["C9"])
    call = pytest.raises(ExchangeError)
    with call:
        draft_from(document, town)
    assert not Charter.objects.exists()
    assert not Edition.objects.exists()
    assert not AuditEntry.objects.exists()


def test_export_is_what_was_imported_and_importing_it_again_changes_nothing(town):
    document = builders.charter_document(languages=("ca", "es", "it", "en"))
    document["edition"]["number"] = 1
    document["quality"]["commitments"][0]["indicators"][0] |= {
        "formula": {},
        "source": {},
        "target_text": {},
    }
    document["edition"]["title"]["ca"] = "Ànima, l·l, “€”, 日本 & <b>\n\t\u2028"
    document["redress"]["measures"][0] |= {
        "kind": "fixed_sum",
        "amount": "10.50",
        "currency": "EUR",
        "trigger": "automatic",
    }
    exported = export_document(draft_from(document, town))
    assert exported == document
    other = builders.organisation("other")
    again = export_document(draft_from(json.loads(json.dumps(exported)), other))
    assert again == exported


def test_only_what_is_required_is_enough_for_a_draft(town):
    edition = draft_from(
        {
            "format": "paraula-charter/1",
            "charter": {"slug": "new"},
            "edition": {"source_language": "it", "title": {"it": "Carta"}},
        },
        town,
    )
    exported = export_document(edition)
    assert exported["charter"]["scope"] == "service"
    assert exported["general"]["services"] == []
    assert exported["quality"]["commitments"] == []
    assert exported["complementary"]["phone"] == ""
    assert exported["streams"] == exported["calendars"] == []


def test_one_draft_and_one_of_each_number(town):
    builders.published(builders.charter_document(), of=town)
    document = builders.charter_document(
        valid_from="2028-01-01", valid_until="2030-01-01"
    )
    document["edition"]["number"] = 1
    with pytest.raises(ExchangeError) as caught:
        draft_from(document, town)
    assert caught.value.path == "edition.number"
    document["edition"]["number"] = None
    assert draft_from(document, town).number == 2
    with pytest.raises(ExchangeError, match="already has a draft"):
        draft_from(document, town)


def test_what_a_stream_gained_is_told(town):
    draft_from(builders.charter_document(), town)
    document = builders.charter_document(
        slug="other",
        indicators=[builders.indicator("IND-2")],
        types=("closed", "paused"),
    )
    imported = import_document(
        document=document, organisation=town, by=None, at=builders.NOW
    )
    assert imported.notes == ["stream requests now declares paused"]


class TestCommands:
    @pytest.fixture
    def file(self, tmp_path):
        def write(document):
            path = tmp_path / "charter.json"
            text = document if isinstance(document, str) else json.dumps(document)
            path.write_text(text)
            return path

        return write

    def test_import_makes_a_draft_and_says_what_is_missing(self, town, file, capsys):
        document = change(builders.charter_document(), ("general", "aims"), {})
        call_command("import_charter", file(document), organisation="vila")
        lines = capsys.readouterr().out.splitlines()
        assert lines[0] == "vila/library 1: draft"
        assert lines[1].startswith("  missing for publication: general aims: ")
        assert len(lines) == 2

    def test_import_and_publish(self, town, file, capsys):
        call_command(
            "import_charter",
            file(builders.charter_document()),
            organisation="vila",
            publish=True,
        )
        assert capsys.readouterr().out == "vila/library 1: published\n"
        call_command("export_charter", "vila/library")
        exported = json.loads(capsys.readouterr().out)
        assert exported == Edition.objects.get().snapshot

    def test_what_cannot_be_published_leaves_nothing(self, town, file):
        document = change(builders.charter_document(), ("general", "aims"), {})
        with pytest.raises(CommandError, match="general aims"):
            call_command(
                "import_charter", file(document), organisation="vila", publish=True
            )
        assert not Charter.objects.exists()

    def test_export_of_a_chosen_edition(self, charter, town, capsys):
        draft_from(
            builders.charter_document(
                valid_from="2028-01-01", valid_until="2030-01-01"
            ),
            town,
        )
        for number in (1, 2):
            call_command("export_charter", "vila/library", edition=number)
            exported = json.loads(capsys.readouterr().out)
            assert exported["edition"]["number"] == number

    @pytest.mark.parametrize(
        ("content", "organisation", "words"),
        [
            ("{", "vila", "is no JSON"),
            ("{}", "vila", "charter.json: "),
            ("{}", "none", "there is no organisation none"),
        ],
    )
    def test_import_says_what_is_wrong(self, town, file, content, organisation, words):
        with pytest.raises(CommandError, match=words):
            call_command("import_charter", file(content), organisation=organisation)

    def test_import_of_a_file_that_is_not_there(self, town, tmp_path):
        with pytest.raises(CommandError, match="No such file"):
            call_command("import_charter", tmp_path / "none", organisation="vila")

    @pytest.mark.parametrize(
        ("name", "options", "words"),
        [
            ("library", {}, "ORG/CHARTER"),
            ("vila/none", {}, "there is no charter vila/none"),
            ("vila/library", {"edition": 9}, "library has no edition 9"),
        ],
    )
    def test_export_says_what_is_wrong(self, charter, name, options, words):
        with pytest.raises(CommandError, match=words):
            call_command("export_charter", name, **options)
