"""What each system sends, as it documents it, and the events that this becomes."""

import itertools
import json
import random
from contextlib import suppress
from importlib import import_module
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, strategies as st

from indicators.adapters import open311
from indicators.adapters.kinds import READERS, reader
from indicators.adapters.payloads import PayloadError, SettingsError
from indicators.enums import SourceKind
from tests.indicators.adapters.recorded import MESSAGES, PAYLOADS, payload, settings

ZONE = ZoneInfo("Europe/Madrid")
# Of the people and places in the recorded messages: nothing of it may come through.
PERSONAL = (
    "Pau", "Sample", "Example", "Berta", "berta", "Marta", "marta", "Aina", "aina",
    "Joan", "@", "612", "carrer", "porta", "fanal", "Fanal", "192.0.2",
)  # fmt: skip


def events(kind, name, **changes):
    found = reader(kind, settings(kind, **changes), zone=ZONE)
    return list(found.events(payload(name)))


def told(found):
    return [
        (item["case"], item["type"], item["at"], item["value"], item["attributes"])
        for item in found
    ]


def test_there_is_an_adapter_and_an_example_for_every_kind():
    assert set(READERS) == set(SourceKind.values) == set(MESSAGES)


def test_zammad_created():
    assert told(events("zammad", "zammad_created")) == [
        ("10081", "opened", "2026-03-02T08:15:30.282000+00:00", None, {}),
        (
            "10081",
            "updated",
            "2026-03-02T08:15:30.333000+00:00",
            None,
            {"group": "Via pública", "channel": "web"},
        ),
    ]


def test_zammad_waiting_is_since_the_last_change():
    found = told(events("zammad", "zammad_waiting"))
    assert found[1] == (
        "10081",
        "waiting",
        "2026-03-03T10:00:00.001000+00:00",
        None,
        {},
    )


def test_zammad_closed_is_at_the_last_closing_not_at_the_first():
    found = told(events("zammad", "zammad_closed"))
    assert [item[1:3] for item in found] == [
        ("opened", "2026-03-02T08:15:30.282000+00:00"),
        ("closed", "2026-03-06T09:00:00.500000+00:00"),
        ("updated", "2026-03-06T09:00:00.512000+00:00"),
    ]
    assert found[2][4] == {"group": "Enllumenat", "channel": "web"}


def test_tickets_of_others_make_no_events():
    only = {"group": ["Enllumenat"]}
    assert events("zammad", "zammad_created", only=only) == []
    assert len(events("zammad", "zammad_closed", only=only)) == 3


def test_glpi_opens_at_the_opening_date_in_utc():
    assert told(events("glpi", "glpi_new")) == [
        ("4711", "opened", "2026-03-02T08:40:00+00:00", None, {}),
        (
            "4711",
            "updated",
            "2026-03-02T09:05:00+00:00",
            None,
            {"topic": "Edificis", "site": "Biblioteca central"},
        ),
    ]


def test_glpi_states_are_known_by_number_whatever_the_language():
    assert told(events("glpi", "glpi_solved"))[1][1:3] == (
        "closed",
        "2026-03-04T11:30:00+00:00",
    )
    assert told(events("glpi", "glpi_deleted"))[1][1:3] == (
        "void",
        "2026-03-05T07:00:00+00:00",
    )


def test_glpi_lists_of_its_interface_and_local_times_are_read_too():
    found = told(events("glpi", "glpi_rest", only={}))
    assert [item[:3] for item in found] == [
        ("4711", "opened", "2026-03-02T08:40:00+00:00"),
        ("4711", "updated", "2026-03-02T09:05:00+00:00"),
        ("4712", "opened", "2026-03-03T08:00:00+00:00"),
        ("4712", "waiting", "2026-03-03T10:00:00+00:00"),
        ("4712", "updated", "2026-03-03T10:00:00+00:00"),
    ]


def test_signalen_says_since_when_a_report_is_done():
    found = told(events("signalen", "signalen_page"))
    assert [item[:3] for item in found] == [
        ("1021", "opened", "2026-03-02T09:00:00.100000+00:00"),
        ("1021", "updated", "2026-03-02T09:00:00.150000+00:00"),
        ("1022", "opened", "2026-03-02T10:30:00+00:00"),
        ("1022", "closed", "2026-03-04T11:00:00+00:00"),
        ("1022", "updated", "2026-03-04T11:00:00.200000+00:00"),
    ]
    assert found[1][4] == {
        "topic": "enllumenat",
        "district": "CEN",
        "channel": "online",
    }


REQUESTS = [
    ("638344", "opened", "2026-03-02T14:37:38+00:00", None, {}),
    ("638344", "closed", "2026-03-04T14:37:38+00:00", None, {}),
    ("638344", "updated", "2026-03-04T14:37:38+00:00", None, {"topic": "006"}),
    ("638349", "opened", "2026-03-05T14:37:38+00:00", None, {}),
    ("638349", "updated", "2026-03-05T14:37:38+00:00", None, {"topic": "012"}),
]


def test_open311_a_closing_is_at_the_last_change():
    assert told(events("open311", "open311_requests")) == REQUESTS


def test_open311_says_the_same_in_xml():
    body = (PAYLOADS / "open311_requests.xml").read_bytes()
    found = reader("open311", settings("open311"), zone=ZONE)
    assert list(found.events(open311.from_xml(body))) == list(
        found.events(payload("open311_requests"))
    )


def test_open311_requests_may_be_wrapped():
    found = reader("open311", settings("open311"), zone=ZONE)
    wrapped = {"service_requests": payload("open311_requests")}
    assert told(found.events(wrapped)) == REQUESTS


@pytest.mark.real_data
@pytest.mark.parametrize("name", ["09_get_service_requests", "11_get_service_request"])
def test_open311_samples_of_the_specification_are_read(shared_data, name):
    sample = shared_data / "standards" / "open311" / "samples" / f"{name}.xml"
    found = reader("open311", settings("open311"), zone=ZONE)
    made = told(found.events(open311.from_xml(sample.read_bytes())))
    assert ("638344", "closed", "2010-04-14T14:37:38+00:00", None, {}) in made


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<a>",
        b"<errors><error/></errors>",
        b'<!DOCTYPE a [<!ENTITY b "c">]><service_requests>&b;</service_requests>',
        b'<?xml version="1.0" encoding="nothing"?><service_requests/>',
        "<service_requests>é</service_requests>".encode("latin-1"),
    ],
)
def test_open311_what_is_no_answer_is_refused(body):
    with pytest.raises(PayloadError):
        open311.from_xml(body)


def test_generic_takes_what_the_mapping_points_at():
    assert told(events("generic", "generic_ticket")) == [
        ("IN-7", "opened", "2026-03-02T08:00:00+00:00", None, {"topic": "parcs"}),
        ("IN-7", "closed", "2026-03-04T11:00:00+00:00", None, {"topic": "parcs"}),
        ("IN-7", "rated", "2026-03-04T11:00:00+00:00", "8.5", {"topic": "parcs"}),
    ]


def test_long_cases_have_events_of_names_that_fit():
    message = payload("generic_ticket")
    message["ticket"]["key"] = "k" * 190
    found = reader("generic", settings("generic"), zone=ZONE)
    names = [item["id"] for item in found.events(message)]
    assert [len(name) for name in names] == [64, 64, 64]
    assert len(set(names)) == 3


@pytest.mark.parametrize(
    "word", ["yesterday", "0001-01-01T00:00:00+05:00", "2026-13-01"]
)
def test_what_is_no_instant_is_left_to_the_log_to_refuse(word):
    message = payload("glpi_new")
    message["item"]["date"] = word
    found = reader("glpi", settings("glpi"), zone=ZONE)
    assert next(iter(found.events(message)))["at"] == word


def test_generic_makes_no_event_of_what_has_not_happened():
    found = reader("generic", settings("generic"), zone=ZONE)
    opened = payload("generic_ticket")
    opened["ticket"] |= {"state": {"name": "open"}, "done": None, "score": None}
    assert [item["type"] for item in found.events(opened)] == ["opened"]
    unrated = payload("generic_ticket")
    unrated["ticket"]["score"] = None
    assert [item["type"] for item in found.events(unrated)] == ["opened", "closed"]


@pytest.mark.parametrize("kind", MESSAGES)
def test_two_systems_that_number_alike_are_kept_apart(kind):
    (name, *_more) = MESSAGES[kind]
    plain, prefixed = events(kind, name), events(kind, name, prefix="B-")
    assert [item["case"] for item in prefixed] == [f"B-{e['case']}" for e in plain]
    assert {item["id"] for item in prefixed}.isdisjoint(e["id"] for e in plain)


def test_generic_reads_a_list_inside_of_a_message():
    found = reader("generic", settings("generic", items="data.all"), zone=ZONE)
    two = [payload("generic_ticket"), payload("generic_ticket")]
    two[1]["ticket"]["key"] = "IN-8"
    made = list(found.events({"data": {"all": two}}))
    assert {item["case"] for item in made} == {"IN-7", "IN-8"}


EVERYTHING = [(kind, name) for kind, names in MESSAGES.items() for name in names]


@pytest.mark.parametrize(("kind", "name"), EVERYTHING)
def test_nothing_of_a_person_comes_through(kind, name):
    found = json.dumps(events(kind, name), ensure_ascii=False)
    assert [word for word in PERSONAL if word in found] == []


def every_field(kind):
    fields = getattr(import_module(f"indicators.adapters.{kind}"), "FIELDS", ())
    return {"attributes": {f"a_{name}": name for name in fields}} if fields else {}


@pytest.mark.parametrize(("kind", "name"), EVERYTHING)
def test_nor_through_any_field_that_there_is(kind, name):
    found = json.dumps(events(kind, name, **every_field(kind)), ensure_ascii=False)
    assert [word for word in PERSONAL if word in found] == []


@pytest.mark.parametrize("kind", MESSAGES)
@given(dice=st.randoms(use_true_random=False))
def test_an_identifier_says_all_that_its_event_says(kind, dice: random.Random):
    """So whatever comes in whatever order and how often, there are no conflicts."""
    made = itertools.chain.from_iterable(
        events(kind, name) for name in dice.choices(MESSAGES[kind], k=5)
    )
    by_id = {}
    for item in made:
        assert by_id.setdefault(item["id"], item) == item
    versions = {json.dumps(item, sort_keys=True) for item in by_id.values()}
    assert len(versions) == len(by_id)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["ticket", "item", "results", "status", "id", "state", "case", "number",
                 "service_requests", "service_request_id", "updated_at", "group",
                 "location", "opened", "date"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)  # fmt: skip


@pytest.mark.parametrize("kind", MESSAGES)
@given(message=JSON)
def test_any_message_gives_events_or_a_named_error(kind, message):
    found = reader(kind, settings(kind), zone=ZONE)
    with suppress(PayloadError):
        assert all(len(item["id"]) <= 200 for item in found.events(message))


@pytest.mark.parametrize(
    ("kind", "changes", "words"),
    [
        ("zammad", {"nothing": 1}, "'nothing' is no entry"),
        ("zammad", {"attributes": {"a": "title"}}, "'title' is no field; there are"),
        ("zammad", {"only": {"customer": ["x"]}}, "'customer' is no field"),
        ("zammad", {"only": {"group": "x"}}, "'only' must be a table of lists"),
        ("zammad", {"states": ["x"]}, "'states' must be a table of words"),
        ("zammad", {"states": {"x": ""}}, "'states' must be a table of words"),
        ("zammad", {"opened": 1}, "'opened' must be a word"),
        ("zammad", {"seen": ""}, "'seen' names the type"),
        (
            "zammad",
            {"opened": "", "states": {}, "seen": "", "attributes": {}},
            "make no event",
        ),
        ("open311", {"url": ""}, "'url' must be the address"),
        ("open311", {"url": "ftp://a"}, "'url' must be the address"),
        ("open311", {"format": "csv"}, "'format' must be json or xml"),
        ("open311", {"days": 0}, "'days' must be from 1"),
        ("open311", {"days": True}, "'days' must be a whole number"),
        ("open311", {"page": 1}, "'page' must be from 2"),
        ("generic", {"case": ""}, "'case' must say"),
        ("generic", {"event": []}, "need [[event]] entries"),
        ("generic", {"event": ["a"]}, "must be a list of tables"),
        ("generic", {"event": [{"type": "a"}]}, "needs its 'type'"),
        ("generic", {"event": [{"type": "a", "at": "b", "c": 1}]}, "'c' is no entry"),
        ("generic", {"states": {}}, "'states' is no entry"),
    ],
)
def test_settings_that_make_no_sense_are_named(kind, changes, words):
    with pytest.raises(SettingsError) as error:
        reader(kind, settings(kind, **changes), zone=ZONE)
    assert words in str(error.value)
