"""The pages on which values are declared by one person and confirmed by another."""

import pytest

from indicators.enums import ManualState
from indicators.models import Indicator, ManualValue, Result
from indicators.services import figures
from indicators.services.declared import confirm, reject
from tests import builders
from tests.builders import NOW
from tests.indicators.declaring import by_hand, declare, two_people
from tests.indicators.helpers import request, send
from tests.web.office.pages import OFFICE, fill, words

LIST = f"{OFFICE}declared/"
OWN = f"{OFFICE}indicators/IND-2/declared/"
NEW = f"{OWN}new/"
FILLED = {
    "period": "2026-Q1",
    "numerator": "97",
    "denominator": "100",
    "source_ca": "Registre de la biblioteca",
    "source_on": "2026-04-10",
    "document": "EXP-2026/77",
}


@pytest.fixture(autouse=True)
def edition(town):
    document = builders.charter_document(indicators=[builders.indicator(), by_hand()])
    return builders.published(document, of=town)


@pytest.fixture
def people(town):
    return two_people(town)


@pytest.fixture
def steward(client, people):
    client.force_login(people[0])
    return client


def as_manager(client, people):
    client.force_login(people[1])
    return client


def page_of(value) -> str:
    return f"{LIST}{value.pk}/"


def test_the_whole_way(client, people, steward):
    listed = words(steward.get(LIST))
    assert "Nothing waits." in listed
    assert "IND-2 Answered, by hand (ca)" in listed
    assert "IND-1" not in listed
    assert "Declare a value" in words(steward.get(OWN))
    response = fill(steward, NEW, **FILLED)
    value = ManualValue.objects.get()
    assert response.url == page_of(value)
    assert (value.numerator, value.denominator, value.n) == (97, 100, 100)
    assert value.source == {"ca": "Registre de la biblioteca"}
    assert (value.document, value.entered_by) == ("EXP-2026/77", people[0])
    shown = words(steward.get(page_of(value)))
    assert "Waiting for a second person" in shown
    assert (
        "Declared, not measured: 97 of 100 in time, 97 %, target at least 95 %: met."
        in shown
    )
    assert "somebody else must decide on it" in shown
    assert "Record the decision" not in shown
    manager = as_manager(client, people)
    assert "IND-2, first quarter of 2026" in words(manager.get(LIST))
    response = fill(manager, page_of(value), decision="confirm")
    assert response.url == page_of(value)
    assert Result.objects.get(declared=value).met == 97
    assert "It is the figure of its period" in words(manager.get(OWN))


def test_a_rejection_needs_its_reason(client, people):
    value = declare(by=people[0])
    manager = as_manager(client, people)
    response = fill(manager, page_of(value), decision="reject")
    assert "Say why you reject it." in words(response)
    fill(manager, page_of(value), decision="reject", reason="The register says 96")
    shown = words(manager.get(OWN))
    assert "Rejected" in shown
    assert "The register says 96" in shown


def test_a_correction_keeps_both(client, people):
    first = declare(by=people[0])
    confirm(value=first, by=people[1], at=NOW)
    client.force_login(people[0])
    url = f"{NEW}?corrects={first.pk}"
    response = fill(client, url, numerator="94")
    assert "Cause of the correction" in words(response)
    assert ManualValue.objects.count() == 1
    fill(client, url, numerator="94", cause="Three were counted twice")
    second = ManualValue.objects.get(version=2)
    assert (second.corrects, second.n, second.numerator) == (first, 100, 94)
    confirm(value=second, by=people[1], at=NOW)
    shown = words(client.get(OWN))
    assert "A later version has taken its place" in shown
    assert "It takes the place of version 1: Three were counted twice" in shown


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"numerator": "101"}, "The part is more than the whole."),
        ({"numerator": ""}, "Give the two numbers of which it is made"),
        ({"numerator": "1.5"}, "Both are whole numbers"),
        ({"n": "99"}, "It must be the same as the number below the line."),
        (
            {"numerator": "", "denominator": "", "value": "101", "n": "3"},
            "No figure of this kind has this value.",
        ),
        ({"source_ca": ""}, "This field is required."),
        ({"source_on": "2026-12-01"}, "That day has not come."),
        ({"period": "2026-Q4"}, "Select a valid choice."),
    ],
)
def test_what_makes_no_value_is_told_where_it_is(steward, typed, told):
    response = fill(steward, NEW, **(FILLED | typed))
    assert told in words(response)
    assert "Error:" in words(response)
    assert not ManualValue.objects.exists()


def test_only_the_value_can_be_given(steward):
    fill(
        steward,
        NEW,
        **(FILLED | {"numerator": "", "denominator": "", "value": "96.5", "n": "200"}),
    )
    value = ManualValue.objects.get()
    assert (value.numerator, value.n) == (None, 200)
    assert "96.5 % over 200 cases" in words(steward.get(page_of(value)))


def test_a_mean_is_asked_for_its_value_alone(town, steward):
    score = by_hand(
        "IND-3",
        kind="satisfaction_mean",
        target="8",
        rule={"declared": True, "scale": {"min": "0", "max": "10"}},
    )
    builders.published(
        builders.charter_document(slug="other", indicators=[score]), of=town
    )
    response = steward.get(f"{OFFICE}indicators/IND-3/declared/new/")
    assert "Number above the line" not in words(response)


def test_who_entered_it_is_refused_even_as_a_manager(town, steward, people):
    town.memberships.create(user=people[0], role="MANAGER")
    value = declare(by=people[0])
    response = steward.post(page_of(value), {"decision": "confirm"})
    assert response.status_code == 409
    assert "somebody else must decide on it" in words(response)
    value.refresh_from_db()
    assert value.state == ManualState.WAITING


def test_who_comes_late_is_told(client, people):
    value = declare(by=people[0])
    reject(value=value, reason="No", by=people[1], at=NOW)
    response = as_manager(client, people).post(page_of(value), {"decision": "confirm"})
    assert response.status_code == 409
    assert "Somebody decided on it before you." in words(response)


def test_what_was_measured_meanwhile_is_told(client, people):
    send(*request("one", "2026-01-12", "2026-01-15"))
    value = declare(by=people[0], indicator="IND-1", period="2026-01")
    figures.refresh(at=NOW)
    response = as_manager(client, people).post(page_of(value), {"decision": "confirm"})
    assert response.status_code == 409
    assert "It has been measured" in words(response)


def test_two_values_of_a_period_do_not_wait(steward, people):
    page = steward.get(NEW)
    declare(by=people[0])
    assert page.status_code == 200
    response = steward.post(NEW, FILLED)
    assert "Select a valid choice." in words(response)


def test_what_does_not_exist(steward, people):
    value = declare(by=people[0])
    for path in (
        f"{OFFICE}indicators/NONE/declared/",
        f"{OFFICE}indicators/IND-1%00/declared/",
        f"{LIST}99999999/",
        f"{NEW}?corrects=x",
        f"{NEW}?corrects=99999999999999999999",
        f"{OFFICE}indicators/IND-1/declared/new/?corrects={value.pk}",
    ):
        assert steward.get(path).status_code == 404, path


def test_without_an_open_period_there_is_no_form(steward, people):
    for period in ("2026-Q1", "2026-Q2", "2026-Q3"):
        declare(by=people[0], period=period)
    assert "Every period that is over has a figure" in words(steward.get(NEW))
    assert "Every period that is over has a figure" in words(steward.get(OWN))


def test_the_dashboard_tells_them_apart(client, people):
    confirm(value=declare(by=people[0], period="2026-Q3"), by=people[1], at=NOW)
    manager = as_manager(client, people)
    shown = words(manager.get(OFFICE))
    assert "Declared, not measured: 97 of 100 in time" in shown
    assert "No feed of events: declared by hand" in shown
    assert "Met 0 of 2 indicators; 0 of them evaluated" in shown
    only = words(manager.get(f"{OFFICE}?status=declared"))
    assert "IND-2, commitment C1" in only
    assert "IND-1, commitment C1" not in only


def test_query_counts(client, people, django_assert_num_queries):
    for period in ("2026-Q1", "2026-Q2", "2026-Q3"):
        confirm(value=declare(by=people[0], period=period), by=people[1], at=NOW)
    indicator = Indicator.objects.get(code="IND-2")
    manager = as_manager(client, people)
    manager.get(LIST)
    with django_assert_num_queries(6):
        manager.get(LIST)
    with django_assert_num_queries(13):
        manager.get(OWN)
    with django_assert_num_queries(9):
        manager.get(page_of(indicator.manual_values.first()))
