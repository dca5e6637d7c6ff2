"""Feeds in the office: their state, what is normal, their keys; and the letters."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client

from core.models import AuditEntry
from indicators.models import FeedNotice, ServiceEvent, Source, Stream, StreamToken
from indicators.services import figures
from indicators.services.streams import issue_token, use_token
from indicators.services.watching import watch
from tests import builders
from tests.builders import NOW
from tests.indicators.helpers import event, send
from tests.web.office.pages import OFFICE, fields, words
from web.presenters.notices import letter_of
from web.tasks import deliver_notices

LIST = f"{OFFICE}streams/"
PAGE = f"{LIST}requests/"
EDIT, KEY_NEW = f"{PAGE}edit/", f"{PAGE}keys/new/"
DAY = timedelta(days=1)


@pytest.fixture
def steward(at_work) -> Client:
    return at_work("DATA_STEWARD")


@pytest.fixture
def stream(charter) -> Stream:
    return Stream.objects.get(code="requests")


def weekly(*numbers):
    """So many requests in each of the weeks before the one of NOW, the last one last."""
    for back, number in zip(range(len(numbers), 0, -1), numbers, strict=True):
        at = NOW - 7 * back * DAY
        send(
            *(
                event(f"{back}/{n}", f"{back}/{n}", at=at.isoformat())
                for n in range(number)
            )
        )


def saved(client, **changes):
    return client.post(EDIT, fields(client.get(EDIT)) | changes)


# --- looking ------------------------------------------------------------------------


@pytest.mark.parametrize("number", [1, 3])
def test_the_list_costs_the_same_whatever_its_length(
    steward, stream, town, number, django_assert_num_queries
):
    for n in range(number - 1):
        Stream.objects.create(
            organisation=town, code=f"s{n}", name={}, time_zone="UTC", types=["x"]
        )
    with django_assert_num_queries(6):
        steward.get(LIST)


def test_the_list_says_how_each_feed_is_the_worst_first(steward, stream, town):
    Stream.objects.create(
        organisation=town, code="a", name={}, time_zone="UTC", types=["x"]
    )
    stream.expected_gap_days, stream.expected_week_events = 2, 5
    stream.save()
    weekly(3)
    watch(at=NOW)
    page = words(steward.get(LIST))
    assert page.index("requests silent") < page.index("a never spoken")
    assert "at least 5 events a week never silent for more than 2 days" in page


def test_a_feed_shows_its_weeks_in_words_a_chart_and_a_table(steward, stream):
    stream.expected_week_events = 4
    stream.save()
    weekly(4, 5, 5, 2)
    figures.refresh(at=NOW)
    response = steward.get(PAGE)
    page = words(response)
    assert "too few events" in page
    assert "Since 26 October 2026 fewer events have come than are normal" in page
    assert "from 0 to 5 a week. 1 week had fewer than are normal." in page
    assert "chart-plot" in response.content.decode()
    assert "Week of 26 October 2026 2 4 too few" in page
    assert "Week of 2 November 2026 0 – under way" in page
    assert "IND-1 Answered in time" in page


def test_a_feed_that_never_spoke_says_so(steward, stream):
    page = words(steward.get(PAGE))
    assert "No event has come yet: no figure can be measured from it." in page
    assert "Nobody has said what is normal for this feed" in page
    assert "No machine can write to this feed yet." in page


def test_a_silent_feed_says_since_when(steward, stream):
    stream.expected_gap_days = 2
    stream.save()
    weekly(1)
    page = words(steward.get(PAGE))
    assert "Nothing has come since 26 October 2026" in page
    assert "it should have spoken by 28 October 2026" in page


@pytest.mark.parametrize("code", ["nothing", "a%00b"])
def test_a_feed_that_is_not_there(steward, stream, code):
    assert steward.get(f"{LIST}{code}/").status_code == 404


def test_the_dashboard_warns_of_what_is_silent(steward, stream, at_work):
    stream.expected_gap_days = 2
    stream.save()
    weekly(1)
    assert "not as usual" not in words(steward.get(OFFICE))
    watch(at=NOW)
    page = words(steward.get(OFFICE))
    assert "“Requests (ca)” has fallen silent (noticed on 2 November 2026)" in page
    assert f'href="{PAGE}"' in steward.get(OFFICE).content.decode()
    drafter = at_work("DRAFTER").get(OFFICE)
    assert "has fallen silent" in words(drafter)
    assert f'href="{PAGE}"' not in drafter.content.decode()


def test_an_auditor_looks_and_changes_nothing(at_work, stream):
    issue_token(stream=stream, label="m", at=NOW)
    auditor = at_work("AUDITOR")
    page = words(auditor.get(PAGE))
    assert "Replace" not in page
    assert "New key" not in page
    assert auditor.get(EDIT).status_code == 403


# --- changing -----------------------------------------------------------------------


def test_what_is_normal_is_changed_and_recorded(steward, stream):
    response = saved(
        steward,
        expected_week_events="7",
        expected_gap_days="3",
        expected_delay_hours="24",
        calendar="office",
        types="closed\nopened\n reopened \n\nreopened",
        attributes="channel\ndistrict",
    )
    assert response.url == PAGE
    stream.refresh_from_db()
    assert stream.types == ["closed", "opened", "reopened"]
    assert stream.attributes == ["channel", "district"]
    assert (stream.expected_week_events, stream.expected_gap_days) == (7, 3)
    assert (stream.expected_delay_hours, stream.calendar.code) == (24, "office")
    entry = AuditEntry.objects.get(verb="indicators.save_stream")
    assert entry.details["changed"]["calendar"] == [None, "office"]
    assert "name" not in entry.details["changed"]
    assert "a closed week is no silence" in words(steward.get(PAGE))


def test_what_an_indicator_names_cannot_go(steward, stream):
    page = words(saved(steward, types="opened"))
    assert "“closed” cannot go: these indicators name it: IND-1." in page
    stream.refresh_from_db()
    assert stream.types == ["closed", "opened"]


def test_what_the_log_has_cannot_go(steward, stream):
    stream.types = [*stream.types, "seen", "unused"]
    stream.save()
    send(event("E-1", type="seen", attributes={"channel": "web"}))
    page = words(saved(steward, types="closed\nopened", attributes=""))
    assert "“seen” cannot go: events of the log have it." in page
    assert "“channel” cannot go: events of the log have it." in page
    assert "“unused”" not in page
    saved(steward, types="closed\nopened\nseen")
    stream.refresh_from_db()
    assert stream.types == ["closed", "opened", "seen"]


def test_the_attribute_of_operators_cannot_go(steward, stream):
    issue_token(stream=stream, label="m", operator="Alfa", at=NOW)
    assert "“operator” cannot go" in words(saved(steward, attributes="channel"))


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"time_zone": "Mars/Base"}, "There is no such time zone."),
        ({"time_zone": "../etc"}, "There is no such time zone."),
        ({"time_zone": "UTC"}, "Published figures are counted in the time zone"),
        ({"attributes": "channel\ne-mail"}, "“e-mail” is named like personal data."),
        ({"types": " \n"}, "This field is required."),
        ({"types": "x" * 81}, "has more than 80 letters"),
        ({"name_ca": "", "name_es": ""}, "Give it a name in one language at least."),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_reason(
    steward, stream, changes, fault
):
    response = saved(steward, **changes)
    assert response.status_code == 200
    assert fault in words(response)
    stream.refresh_from_db()
    assert stream.revision == 0


def test_pseudonyms_are_chosen_before_the_first_event(steward, stream):
    assert saved(steward, pseudonymous="on").status_code == 302
    stream.refresh_from_db()
    assert stream.case_secret
    assert "pseudonyms that nobody can read back" in words(steward.get(PAGE))
    send(event("E-1"), stream=stream)
    page = steward.get(EDIT).content.decode()
    assert 'name="pseudonymous"' in page
    assert "disabled" in page
    saved(steward)  # a field that is disabled is not sent
    stream.refresh_from_db()
    assert stream.case_secret


def test_an_event_that_comes_while_pseudonyms_are_chosen(steward, stream):
    filled = fields(steward.get(EDIT)) | {"pseudonymous": "on"}
    send(event("E-1"))
    steward.post(EDIT, filled)
    stream.refresh_from_db()
    assert stream.case_secret == ""


def test_of_two_who_edit_the_second_loses_nothing(steward, stream):
    filled = fields(steward.get(EDIT)) | {"expected_gap_days": "9"}
    saved(steward, expected_gap_days="4")
    response = steward.post(EDIT, filled)
    assert response.status_code == 409
    assert "Somebody else has changed the feed" in words(response)
    assert 'value="9"' in response.content.decode()
    stream.refresh_from_db()
    assert stream.expected_gap_days == 4


# --- keys ---------------------------------------------------------------------------


def key_on(response) -> str:
    return words(response).split("par_")[1].split()[0]


def test_a_key_is_shown_once_and_opens_the_feed(steward, stream):
    response = steward.post(KEY_NEW, {"label": "library", "operator": "Alfa"})
    assert "no-store" in response.headers["Cache-Control"]
    key = f"par_{key_on(response)}"
    assert use_token(stream=stream, key=key, at=NOW).operator == "Alfa"
    page = words(steward.get(PAGE))
    assert "par_" not in page
    assert "library Alfa 2 November 2026" in page
    entry = AuditEntry.objects.get(verb="indicators.issue_token")
    assert entry.actor_id is not None
    assert key not in str(entry.details)


def test_a_key_is_replaced_for_as_long_as_is_said(steward, stream):
    old = issue_token(stream=stream, label="library", at=NOW)
    pk = StreamToken.objects.get().pk
    response = steward.post(f"{PAGE}keys/{pk}/rotate/", {"overlap": "1"})
    new = f"par_{key_on(response)}"
    assert "The old key opens the feed until" in words(response)
    later = NOW + DAY + timedelta(minutes=1)
    assert use_token(stream=stream, key=old, at=NOW)
    assert not use_token(stream=stream, key=old, at=later)
    assert use_token(stream=stream, key=new, at=later)


def test_a_key_that_is_revoked_opens_nothing(steward, stream):
    key = issue_token(stream=stream, label="library", at=NOW)
    address = f"{PAGE}keys/{StreamToken.objects.get().pk}/revoke/"
    assert "cannot send anything" in words(steward.get(address))
    assert steward.post(address).url == PAGE
    assert not use_token(stream=stream, key=key, at=NOW + DAY)
    assert steward.get(address).status_code == 404
    assert "opens nothing any more" in words(steward.get(PAGE))


def test_a_label_of_another_operator_is_refused(steward, stream):
    issue_token(stream=stream, label="library", operator="Alfa", at=NOW)
    page = words(steward.post(KEY_NEW, {"label": "library", "operator": "Beta"}))
    assert "A key of this name is another operator’s" in page


def test_an_attribute_of_senders_keeps_operators_out(steward, stream):
    stream.attributes = ["operator"]
    stream.save()
    send(event("E-1", attributes={"operator": "x"}))
    page = words(steward.post(KEY_NEW, {"label": "m", "operator": "Beta"}))
    assert "senders wrote themselves" in page
    assert not StreamToken.objects.exists()


def test_a_key_of_another_feed_is_not_found_here(steward, stream, town):
    other = Stream.objects.create(
        organisation=town, code="b", name={}, time_zone="UTC", types=["x"]
    )
    issue_token(stream=other, label="m", at=NOW)
    pk = StreamToken.objects.get().pk
    assert steward.get(f"{PAGE}keys/{pk}/rotate/").status_code == 404


def test_with_a_key_of_an_operator_the_api_says_whose_an_event_is(client, stream):
    key = issue_token(stream=stream, label="m", operator="Alfa", at=NOW)

    def post(body):
        return client.post(
            "/api/v1/organisations/vila/streams/requests/events",
            body,
            content_type="application/json",
            headers={"Authorization": f"Bearer {key}"},
        ).json()

    assert post(event("E-1"))["recorded"] == 1
    assert ServiceEvent.objects.get().attributes == {"operator": "Alfa"}
    (refused,) = post(event("E-2", attributes={"operator": "Beta"}))["refused"]
    assert refused["code"] == "other_operator"


def test_an_operator_asks_only_about_cases_of_its_own(client, stream):
    keys = {
        operator: issue_token(stream=stream, label=operator, operator=operator, at=NOW)
        for operator in ("Alfa", "Beta")
    }
    send(event("E-1", "a1", attributes={"operator": "Alfa"}))

    def status(operator):
        address = "/api/v1/indicators/vila/IND-1/cases/a1/explanation"
        return client.get(
            address, headers={"Authorization": f"Bearer {keys[operator]}"}
        ).status_code

    assert (status("Alfa"), status("Beta")) == (200, 404)


# --- letters ------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["ca", "es", "it", "en"])
@pytest.mark.parametrize("state", ["silent", "thin", "speaking"])
def test_a_letter_is_in_the_language_of_its_reader(stream, town, language, state):
    reader = builders.person("DATA_STEWARD", of=town)
    reader.language = language
    stream.expected_week_events = 5
    notice = FeedNotice(
        organisation=town,
        stream=stream,
        reader=reader,
        state=state,
        known={
            "until": "2026-10-26T09:00:00+00:00",
            "silent_at": "2026-10-28T09:00:00+00:00",
            "thin_since": "2026-10-25T23:00:00+00:00",
        },
        changed_at=NOW,
    )
    letter = letter_of(notice)
    assert "Requests" in letter.subject
    assert f"/{language}/office/vila/streams/requests/" in letter.text
    assert "26" in letter.text
    assert "{" not in letter.text
    assert "&" not in letter.text


def test_what_there_is_to_tell_is_sent(stream, town, settings):
    settings.SITE_URL = "https://charters.example.org/"
    builders.person("DATA_STEWARD", of=town)
    stream.expected_gap_days = 2
    stream.save()
    weekly(1)
    watch(at=NOW)
    deliver_notices()
    (letter,) = mail.outbox
    assert letter.subject == "“Requests (ca)” has fallen silent"
    assert "since 26 October 2026" in letter.body
    assert (
        "https://charters.example.org/en/office/vila/streams/requests/" in letter.body
    )


# --- systems that tell it -----------------------------------------------------------


def source(stream, code="zammad", **changes):
    asked = changes.get("kind") == "open311"
    return Source.objects.create(
        organisation=stream.organisation,
        stream=stream,
        code=code,
        settings={},
        **{
            "kind": "zammad",
            "secret": "" if asked else "sealed",
            "created_at": NOW,
            "next_asked_at": NOW + DAY if asked else None,
        }
        | changes,
    )


def failed(count):
    return {
        "failures": count,
        "last_failure_at": NOW,
        "last_failure": "the answer was 503",
    }


def test_a_feed_without_sources_says_nothing_of_them(steward, stream):
    assert "Systems that tell it" not in words(steward.get(PAGE))


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ({}, "zammad Zammad not heard yet – – –"),
        ({"last_success_at": NOW}, "zammad Zammad works 2 November 2026, "),
        (failed(1), "failed last time 1 failure in a row – 2 November 2026, "),
        (failed(3), "keeps failing 3 failures in a row – 2 November 2026, "),
        (failed(3) | {"enabled": False}, "disabled 3 failures in a row"),
    ],
)
def test_a_feed_says_how_its_sources_do(steward, stream, changes, shown):
    source(stream, **changes)
    page = words(steward.get(PAGE))
    assert shown in page
    assert ("the answer was 503" in page) == ("failures" in changes)
    assert "sealed" not in page


def test_a_source_that_is_asked_says_when(steward, stream):
    source(stream, kind="open311")
    assert "Open311 GeoReport v2 not heard yet – – 3 November 2026" in words(
        steward.get(PAGE)
    )


@pytest.mark.parametrize("number", [1, 3])
def test_sources_cost_the_same_however_many(
    steward, stream, number, django_assert_num_queries
):
    for n in range(number):
        source(stream, f"s{n}")
    with django_assert_num_queries(11):
        steward.get(PAGE)


def test_the_list_warns_of_a_source_that_keeps_failing(steward, stream, town):
    other = Stream.objects.create(
        organisation=town, code="a", name={}, time_zone="UTC", types=["x"]
    )
    weekly(1)
    source(other, **failed(2))
    source(stream, "off", enabled=False, **failed(9))
    assert "keeps failing" not in words(steward.get(LIST))
    source(stream, **failed(3))
    page = words(steward.get(LIST))
    assert "requests speaking a source keeps failing" in page
    assert page.index("requests speaking") < page.index("a never spoken")


# --- ways on ------------------------------------------------------------------------


def links(response, label):
    html = response.content.decode()
    nav = html.split(f'aria-label="{label}"')[1].split("</nav>")[0]
    return re.findall(r'href="([^"]+)"', nav)


def test_a_feed_leads_to_its_events_and_its_files(steward, at_work, stream):
    both = [f"{PAGE}events/", f"{PAGE}files/"]
    assert links(steward.get(PAGE), "Of this feed") == both
    assert links(at_work("AUDITOR").get(PAGE), "Of this feed") == both[:1]


def test_pages_below_a_feed_lead_back_to_it(steward, at_work, stream):
    send(event("A"))
    below = [
        f"{PAGE}events/",
        f"{PAGE}events/{ServiceEvent.objects.get().pk}/",
        f"{PAGE}cases/c1/",
    ]
    for address in (*below, f"{PAGE}files/"):
        assert links(steward.get(address), "You are here")[:2] == [LIST, PAGE]
    drafter = at_work("DRAFTER")
    for address in below:
        response = drafter.get(address)
        assert "Requests (ca)" in words(response)
        assert not {LIST, PAGE} & set(links(response, "You are here"))
        crumbs = response.content.decode().split('class="crumbs"')[1].split("</nav>")
        assert crumbs[0].count("aria-current") == 1
