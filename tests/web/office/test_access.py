"""The way in: log-in, log-out, home."""

import pytest
from django.test import Client

from accounts.models import Membership
from tests import builders
from tests.web.office.pages import OFFICE, words

LOGIN = "/en/login/"


def test_log_in_leads_to_the_dashboard(client, town):
    user = builders.person("MANAGER", of=town)
    response = client.post(
        LOGIN,
        # As people type it: capitals in the e-mail do not matter.
        {"username": user.email.upper(), "password": builders.PASSWORD},
        follow=True,
    )
    assert response.redirect_chain[-1][0] == OFFICE
    assert "Manager of vila" in words(response)


def test_wrong_password_says_so_and_keeps_the_e_mail(client, town):
    user = builders.person("MANAGER", of=town)
    response = client.post(LOGIN, {"username": user.email, "password": "no"})
    assert "The e-mail or the password is not right." in words(response)
    assert user.email in response.content.decode()
    assert response.content.decode().count("<title>Error:") == 1


def test_closed_account_and_unknown_e_mail_answer_alike(client, town):
    user = builders.person("MANAGER", of=town)
    user.is_active = False
    user.save()
    closed = client.post(LOGIN, {"username": user.email, "password": builders.PASSWORD})
    unknown = client.post(
        LOGIN, {"username": "nobody@example.org", "password": builders.PASSWORD}
    )
    message = "The e-mail or the password is not right."
    assert message in words(closed)
    assert message in words(unknown)


def test_too_many_attempts_are_told_to_wait(client, town):
    for _ in range(40):
        client.post(LOGIN, {"username": "a@example.org", "password": "no"})
    response = client.post(LOGIN, {"username": "a@example.org", "password": "no"})
    assert response.status_code == 429
    assert int(response["Retry-After"]) > 0
    assert "Too many attempts" in words(response)


def test_log_out_is_a_post(client, town):
    client.force_login(builders.person("MANAGER", of=town))
    assert client.get("/en/logout/").status_code == 405
    assert client.post("/en/logout/").status_code == 302
    assert client.get(OFFICE).status_code == 302


def test_who_is_logged_in_is_not_asked_again(at_work):
    response = at_work("AUDITOR").get(LOGIN)
    assert response.status_code == 302


def test_home_of_somebody_with_several_organisations_lets_them_choose(town):
    user = builders.person("MANAGER", of=town)
    other = builders.organisation("altra")
    Membership.objects.create(user=user, organisation=other, role="MANAGER")
    client = Client()
    client.force_login(user)
    page = words(client.get("/en/office/"))
    assert "Choose an organisation" in page
    assert "Town of vila (en)" in page
    assert "Town of altra (en)" in page


def test_home_of_somebody_without_a_role_says_whom_to_ask(town):
    user = builders.person("MANAGER", of=town)
    Membership.objects.all().delete()
    client = Client()
    client.force_login(user)
    assert "You have no role yet" in words(client.get("/en/office/"))


def test_a_person_locked_out_loses_the_office_at_once(town):
    user = builders.person("MANAGER", of=town)
    client = Client()
    client.force_login(user)
    assert client.get(OFFICE).status_code == 200
    user.is_active = False
    user.save()
    assert client.get(OFFICE).status_code == 302


@pytest.mark.parametrize("path", ["", "charters/", "claims/"])
def test_anonymous_people_are_led_back_after_logging_in(client, town, path):
    response = client.get(f"{OFFICE}{path}")
    assert response.status_code == 302
    assert response.url == f"{LOGIN}?next={OFFICE}{path}"
