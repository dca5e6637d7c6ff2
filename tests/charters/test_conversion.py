"""Forty real charters, as they were noted down, become drafts."""

import csv
import json
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.utils.translation import override

from charters.models import Charter, Edition
from charters.services.conversion import ConversionError, cells, convert
from charters.services.exchange import export_document, import_document, validate
from charters.services.publication import (
    Evidence,
    PublicationRefusedError,
    problems_of,
    publish,
)
from commitments.models import Commitment
from indicators.models import IndicatorRule
from tests import builders

NOW = builders.NOW


@pytest.fixture(scope="module")
def source(shared_data):
    path = shared_data / "real_charters.json"
    return json.loads(path.read_text(), parse_float=Decimal)


@pytest.fixture(scope="module")
def converted(source):
    return list(convert(source))


@pytest.fixture
def imported(town, converted):
    return [
        import_document(document=item.document, organisation=town, by=None, at=NOW)
        for item in converted
    ]


def silent(**target):
    """Rules without a number to compare with."""
    return IndicatorRule.objects.filter(target=None, **target)


def test_all_of_them_fit_the_schema_under_names_of_their_own(source, converted):
    for item in converted:
        validate(item.document)
    assert len(converted) == len(source) == 40
    assert len({item.slug for item in converted}) == 40
    assert len({item.slug.casefold() for item in converted}) == 40


def test_all_of_them_become_drafts_with_everything_they_promise(imported, converted):
    assert Edition.objects.filter(state="DRAFT").count() == len(imported) == 40
    assert all(item.notes == [] for item in imported)
    assert Commitment.objects.count() == 189
    assert Commitment.objects.filter(indicator_rules=None).count() == 10
    assert IndicatorRule.objects.count() == 223
    assert silent(target_text={}).count() == 38
    assert silent().exclude(target_text={}).count() == 19
    # 116 say nothing of their period; of the others 33 say it in words that are no
    # period of ours, and every one of those is in the report.
    unread = [
        row
        for item in converted
        for row in item.moved
        if row.path.endswith(".periodicity") and row.done.startswith("left out")
    ]
    assert IndicatorRule.objects.filter(period="").count() == 116 + len(unread)
    assert len(unread) == 33


def test_nothing_is_dropped_in_silence(source, converted):
    for charter, item in zip(source, converted, strict=True):
        kept = set()
        for _path, value in cells(item.document, ""):
            kept |= {str(value), *str(value).splitlines()}
        reported = {(row.path, row.value) for row in item.moved}
        lost = [
            (path, value)
            for path, value in cells(charter, "")
            if str(value) not in kept and (path, str(value)) not in reported
        ]
        assert lost == [], item.slug


def test_every_row_of_the_report_is_a_cell_of_the_source(source, converted):
    for charter, item in zip(source, converted, strict=True):
        there = {(path, str(value)) for path, value in cells(charter, "")}
        assert {(row.path, row.value) for row in item.moved} <= there
        assert all(row.charter == item.slug and row.done for row in item.moved)


def test_words_keep_their_language_or_the_report_says_where_they_stand(
    source, converted
):
    foreign = {}
    for charter, item in zip(source, converted, strict=True):
        spoken, written = (
            charter["language"],
            item.document["edition"]["source_language"],
        )
        assert item.document["edition"]["title"] == {written: charter["title"]}
        if spoken == written:
            continue
        foreign[item.slug] = (spoken, written)
        (row,) = [row for row in item.moved if row.path == "language"]
        assert row.value == spoken
        assert "words are kept" in row.done
        assert f"“{spoken}”" in item.document["complementary"]["notes"]["en"]
    assert sorted(foreign.values()) == [("gl", "es"), ("ms", "en"), ("ms", "en")]


def test_kinds_are_of_the_closed_set_and_times_become_limits(converted):
    rules = [
        rule
        for item in converted
        for commitment in item.document["quality"]["commitments"]
        for rule in commitment["indicators"]
    ]
    kinds = [rule["kind"] for rule in rules]
    assert kinds.count("share_of_days") == 2
    assert kinds.count("milestone") == 6
    assert kinds.count("trend") == 1
    assert kinds.count("satisfaction_mean") == 24
    limited = [rule for rule in rules if "limit" in rule["rule"]]
    assert {rule["kind"] for rule in limited} == {"every_case_within_limit"}
    assert {(rule["comparator"], rule["target"]) for rule in limited} == {(">=", "100")}
    assert {rule["rule"]["limit"]["unit"] for rule in limited} == {
        "calendar_days",
        "elapsed_hours",
        "elapsed_minutes",
        "elapsed_seconds",
        "open_hours",
        "working_days",
    }


def test_a_drafted_charter_says_precisely_what_it_lacks(imported):
    with override("en"):
        for item in imported:
            assert_problems_are_precise(item.edition)


def assert_problems_are_precise(edition):
    problems = problems_of(edition)
    told = {(problem.subject, str(problem.message)) for problem in problems}
    for commitment in edition.commitments.all():
        measured = commitment.indicator_rules.exists()
        words = (
            commitment.code,
            "The commitment has no indicator: nobody can tell if it is kept.",
        )
        assert (words in told) is not measured
    for rule in edition.indicator_rules.select_related("indicator"):
        code = rule.indicator.code
        if (code, "This kind of indicator cannot be computed yet.") in told:
            continue
        in_words = rule.target is None and bool(rule.target_text)
        words = (code, "The target is given in words: give a number to compare with.")
        assert (words in told) is in_words
        words = (code, "There is no target.")
        assert (words in told) is (rule.target is None and not rule.target_text)
        assert ((code, "Say how often the figure is due.") in told) is not rule.period
        assert (
            code,
            (
                "Say which feed of events it is measured from, or that its values are "
                "declared by hand."
            ),
        ) in told
    assert ("valid_from", "Say from when until when it is in force.") in told
    with pytest.raises(PublicationRefusedError) as caught:
        publish(edition=edition, by=None, at=NOW, evidence=Evidence())
    assert caught.value.problems == problems


def test_export_and_import_are_inverse_for_all_of_them(imported, converted):
    other = builders.organisation("other")
    for item, draft in zip(converted, imported, strict=True):
        exported = export_document(draft.edition)
        written = dict(cells(exported, ""))
        assert dict(cells(item.document, "")).items() <= written.items()
        again = import_document(
            document=json.loads(json.dumps(exported)),
            organisation=other,
            by=None,
            at=NOW,
        )
        assert export_document(again.edition) == exported


def plain(**changes):
    indicator = {
        "name": "Waiting time",
        "kind": "max_time_per_case",
        "target": 10,
        "comparator": "<=",
        "unit": "days",
        "calendar": "working_days",
        "periodicity": "annual",
    } | changes.pop("indicator", {})
    return {
        "title": "Desk",
        "organisation": "Town",
        "language": "en",
        "sections": {"commitments": [{"text": "Soon", "indicators": [indicator]}]},
    } | changes


def only(**changes):
    (found,) = convert([plain(**changes)])
    validate(found.document)
    (commitment,) = found.document["quality"]["commitments"]
    reported = {row.path.rpartition(".")[2]: row.done for row in found.moved}
    return commitment["indicators"][0], reported


@pytest.mark.parametrize(
    ("unit", "calendar", "term"),
    [
        ("days", "working_days", "working_days"),
        ("dies", "calendar_days", "calendar_days"),
        ("giorni", "unspecified_days", None),
        ("gg. lav.", "working_days", "working_days"),
        ("ore", "hours", "elapsed_hours"),
        ("hours", "working_hours", "open_hours"),
        ("seconds", "minutes", "elapsed_seconds"),
        ("gg. feriali", "weekdays_feriali", None),
        (None, "working_days", None),
    ],
)
def test_a_term_is_read_only_where_it_can_be_told(unit, calendar, term):
    found, reported = only(indicator={"unit": unit, "calendar": calendar})
    limit = {"limit": {"amount": "10", "unit": term}} if term else {}
    assert found["rule"] == limit
    assert (found["target"], found["comparator"], found["unit"]) == (
        "100",
        ">=",
        "percent",
    )
    assert ("cannot be told" in reported["target"]) is (term is None)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"target": Decimal("7.50")}, {"target": "100"}),
        (
            {"kind": "count", "target": Decimal("7.50")},
            {"target": "7.5", "comparator": "<="},
        ),
        ({"target": "soon"}, {"target": None, "target_text": {"en": "soon"}}),
        ({"target": None, "comparator": None}, {"target": None, "target_text": {}}),
        (
            {"kind": "count", "comparator": None},
            {"target": None, "target_text": {"en": "10"}},
        ),
        ({"comparator": ">="}, {"kind": "other", "target": "10", "unit": "days"}),
        ({"kind": "share_within_time"}, {"kind": "every_case_within_limit"}),
        (
            {"kind": "share_within_time", "unit": "%"},
            {"kind": "share_within_limit", "target": "10"},
        ),
        ({"kind": "wizardry"}, {"kind": "other"}),
        ({"kind": "mean_time"}, {"rule": {"unit": "working_days"}, "target": "10"}),
        (
            {"kind": "satisfaction_mean", "unit": "points 0-10"},
            {"rule": {"scale": {"min": "0", "max": "10"}}, "unit": "points"},
        ),
        ({"kind": "count", "unit": "u" * 41}, {"unit": ""}),
        ({"periodicity": "biennal"}, {"period": None}),
        ({"periodicity": "trimestral"}, {"period": "quarter"}),
        (
            {"kind": "count", "target": True},
            {"target": None, "target_text": {"en": "True"}},
        ),
        ({"kind": "count", "target": Decimal("1e40")}, {"target": None}),
    ],
    ids=str,
)
def test_a_cell_is_read_or_kept_in_words(changes, expected):
    found, _reported = only(indicator=changes)
    assert {name: found[name] for name in expected} == expected


def test_fields_that_nobody_knows_are_reported():
    source = plain(colour="blue")
    source["sections"]["weather"] = ["rain", {"wind": "north"}]
    source["sections"]["commitments"][0]["weight"] = 3
    source["sections"]["commitments"][0]["indicators"][0]["mood"] = "fine"
    (found,) = convert([source])
    assert {row.path: row.value for row in found.moved if "no field" in row.done} == {
        "colour": "blue",
        "sections.weather[0]": "rain",
        "sections.weather[1].wind": "north",
        "sections.commitments[0].weight": "3",
        "sections.commitments[0].indicators[0].mood": "fine",
    }


def test_sections_may_be_words_or_lists():
    source = plain()
    source["sections"] |= {
        "general": ["One.", "Two."],
        "assurance": ["Audits", "Training"],
        "redress": [
            "An apology",
            {"compensation": "12.5 EUR", "conditions": "late", "delivery": "by bank"},
            {"compensation": "20% of the fee", "conditions": None, "delivery": None},
        ],
        "complementary": {"phone": "010"},
    }
    (found,) = convert([source])
    validate(found.document)
    assert found.document["general"]["aims"] == {"en": "One.\nTwo."}
    assert [m["code"] for m in found.document["assurance"]["measures"]] == ["A1", "A2"]
    measures = found.document["redress"]["measures"]
    assert [(m["kind"], m["amount"], m["currency"]) for m in measures] == [
        ("other", None, ""),
        ("fixed_sum", "12.50", "EUR"),
        ("refund", None, ""),
    ]
    assert measures[1]["eligible"] == {"en": "late"}
    assert found.document["complementary"]["notes"]["en"].startswith("010")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ({}, "list of charters"),
        ([1], r"\[0\]: a charter must be an object"),
        ([{}], r"\[0\].title"),
        ([plain(), plain(title=" ")], r"\[1\].title"),
        ([plain(organisation=None)], r"\[0\].organisation"),
        ([plain(sections=None)], r"\[0\].sections"),
        ([plain(sections={"commitments": {}})], None),
        ([plain(sections={"commitments": "x"})], "must be a list"),
        (
            [plain(sections={"commitments": ["x"]})],
            r"commitments\[0\]: must be an object",
        ),
        ([plain(sections={"commitments": [{}]})], r"commitments\[0\].text"),
        (
            [plain(sections={"commitments": [{"text": "x", "indicators": [1]}]})],
            r"indicators\[0\]: must be an object",
        ),
    ],
    ids=range(11),
)
def test_what_cannot_be_read_is_refused_with_its_place(source, words):
    if words is None:
        assert len(list(convert(source))) == 1
        return
    with pytest.raises(ConversionError, match=words):
        list(convert(source))


class TestCommand:
    def test_it_writes_a_file_per_charter_and_one_report(
        self, town, shared_data, tmp_path, capsys
    ):
        folder = tmp_path / "new" / "folder"
        path = shared_data / "real_charters.json"
        call_command("convert_real_charters", path, to=folder)
        said = capsys.readouterr().out.splitlines()
        assert said[0] == f"40 charters written to {folder}"
        files = sorted(folder.glob("*.json"))
        assert len(files) == 40
        with (folder / "report.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        assert said[1].startswith(f"{len(rows)} cells")
        assert set(rows[0]) == {"charter", "path", "value", "done"}
        assert {row["charter"] for row in rows} == {path.stem for path in files}
        call_command("import_charter", files[0], organisation="vila")
        assert Charter.objects.get().slug == files[0].stem

    @pytest.mark.parametrize(
        ("content", "words"),
        [("{", "is no JSON"), ("{}", "list of charters"), ("[1]", "object")],
    )
    def test_it_says_what_is_wrong(self, tmp_path, content, words):
        path = tmp_path / "x.json"
        path.write_text(content)
        with pytest.raises(CommandError, match=words):
            call_command("convert_real_charters", path, to=tmp_path / "out")

    def test_it_says_what_cannot_be_opened(self, tmp_path):
        with pytest.raises(CommandError, match="No such file"):
            call_command("convert_real_charters", tmp_path / "none", to=tmp_path)
        path = tmp_path / "x.json"
        path.write_text("[]")
        with pytest.raises(CommandError, match=r"x\.json"):
            call_command("convert_real_charters", path, to=path / "inside")
