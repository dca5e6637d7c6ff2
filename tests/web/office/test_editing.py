"""Edit a draft: what is typed is kept, whatever happens meanwhile."""

import pytest

from charters.models import Edition
from charters.services.publication import Evidence, problems_of, publish
from core.models import AuditEntry
from tests import builders
from tests.web.office.pages import LIBRARY, fields, fill, words

GENERAL = f"{LIBRARY}sections/general/"
HEAD = f"{LIBRARY}head/"


def test_head_is_saved(drafter, draft):
    response = fill(
        drafter, HEAD, title="Nova carta", valid_from="2028-01-01",
        valid_until="2030-01-01",
    )  # fmt: skip
    assert response.status_code == 302
    draft.refresh_from_db()
    assert draft.title == {"ca": "Nova carta", "es": "Charter library (es)"}
    assert str(draft.valid_until) == "2030-01-01"
    assert draft.revision == 1
    entry = AuditEntry.objects.filter(verb="charters.edit").latest("pk")
    assert entry.subject == "library/2"


def test_head_refuses_days_in_the_wrong_order(drafter, draft):
    response = fill(drafter, HEAD, valid_from="2028-01-01", valid_until="2027-01-01")
    assert "It must come after the first day." in words(response)
    draft.refresh_from_db()
    assert draft.revision == 0


def test_section_opens_and_saves_without_a_change(drafter, draft):
    """Opening a form and sending it back must not touch a word."""
    before = draft.general
    assert fill(drafter, GENERAL).status_code == 302
    draft.refresh_from_db()
    assert draft.general == before
    assert draft.revision == 1


def test_text_is_edited_in_one_language_and_the_others_stay(drafter, draft):
    fill(drafter, f"{GENERAL}?lang=es", aims="Quiénes somos")
    draft.refresh_from_db()
    assert draft.general["aims"] == {"ca": "Who we are (ca)", "es": "Quiénes somos"}


def test_translation_shows_the_original_beside_it(drafter, draft):
    page = words(drafter.get(f"{GENERAL}?lang=it"))
    assert "In Catalan: Who we are (ca)" in page
    assert "Name of the service, in Catalan: Loans (ca)" in page
    assert "Who we are (ca)" in words(drafter.get(GENERAL))


def test_emptied_text_is_an_absent_translation(drafter, draft):
    fill(drafter, f"{GENERAL}?lang=es", aims="   ")
    draft.refresh_from_db()
    assert draft.general["aims"] == {"ca": "Who we are (ca)"}


def test_services_are_added_and_removed(drafter, draft):
    response = fill(
        drafter, GENERAL,
        **{"services-1-code": "S2", "services-1-name": "Activitats",
           "services-0-DELETE": "on"},
    )  # fmt: skip
    assert response.status_code == 302
    draft.refresh_from_db()
    assert draft.general["services"] == [
        {"code": "S2", "name": {"ca": "Activitats"}, "description": {}}
    ]


def test_list_entries_keep_their_other_languages(drafter, draft):
    fill(drafter, f"{GENERAL}?lang=es", **{"services-0-name": "Préstamo"})
    draft.refresh_from_db()
    assert draft.general["services"][0]["name"] == {
        "ca": "Loans (ca)",
        "es": "Préstamo",
    }
    assert draft.general["norms"][0]["title"] == builders.text("A law")


def test_more_rows_keep_what_was_typed_and_save_nothing(drafter, draft):
    response = fill(
        drafter, GENERAL, add="services", aims="Typed",
        **{"services-1-code": "", "services-1-name": "Half typed"},
    )  # fmt: skip
    assert response.status_code == 200
    sent = fields(response)
    assert sent["aims"] == ["Typed"]
    assert sent["services-1-name"] == ["Half typed"]
    assert sent["services-4-name"] == [""]
    assert "something to correct" not in words(response)
    draft.refresh_from_db()
    assert draft.revision == 0
    # And what follows from there is saved as usual.
    again = {
        "services-1-code": "S2",
        "services-4-code": "S5",
        "services-4-name": "Last",
    }
    assert drafter.post(GENERAL, sent | again).status_code == 302
    draft.refresh_from_db()
    assert [item["code"] for item in draft.general["services"]] == ["S1", "S2", "S5"]
    assert draft.general["aims"]["ca"] == "Typed"


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ({"services-1-code": "S1", "services-1-name": "Again"}, "The code S1 stands twice."),
        ({"services-1-name": "Without a code"}, "Code – This field is required."),
        ({"services-1-code": "no es codi", "services-1-name": "x"}, "Use letters without"),
        ({"norms-0-url": "javascript:alert(1)"}, "Enter a valid URL."),
        ({"aims": "x" * 20_001}, "at most 20000 characters"),
    ],
)  # fmt: skip
def test_faults_of_a_section_are_listed_and_nothing_is_saved(
    drafter, draft, typed, message
):
    response = fill(drafter, GENERAL, **typed)
    assert response.status_code == 200
    assert message in words(response)
    draft.refresh_from_db()
    assert draft.revision == 0


def test_web_and_email_are_checked(drafter, draft):
    url = f"{LIBRARY}sections/complementary/"
    page = words(fill(drafter, url, web="javascript:alert(1)", email="no"))
    assert "Website – Enter a valid URL." in page
    assert "E-mail – Enter a valid email address." in page


def test_unknown_section_and_unknown_language(drafter, draft):
    assert drafter.get(f"{LIBRARY}sections/edition/").status_code == 404
    page = drafter.get(f"{GENERAL}?lang=xx")
    assert "Who we are (ca)" in page.content.decode()


# --- somebody else saved first ----------------------------------------------------


def test_stale_save_loses_nothing_and_can_be_forced(drafter, draft):
    mine = fields(drafter.get(GENERAL)) | {
        "aims": "Mine",
        "services-1-code": "S2",
        "services-1-name": "My service",
    }
    fill(drafter, GENERAL, aims="Theirs", rights="Their rights")

    response = drafter.post(GENERAL, mine)

    assert response.status_code == 409
    page = words(response)
    assert "Somebody else has saved this draft meanwhile" in page
    assert "What is saved now Theirs" in page
    sent = fields(response)
    assert sent["aims"] == ["Mine"]
    assert sent["services-1-name"] == ["My service"]
    draft.refresh_from_db()
    assert draft.general["aims"]["ca"] == "Theirs"

    assert drafter.post(GENERAL, sent).status_code == 302
    draft.refresh_from_db()
    assert draft.general["aims"]["ca"] == "Mine"
    assert draft.general["services"][1]["name"] == {"ca": "My service"}


def test_stale_translation_does_not_undo_another_language(drafter, draft):
    spanish = f"{GENERAL}?lang=es"
    mine = fields(drafter.get(spanish)) | {"aims": "Nosotros", "services-0-name": "Uno"}
    fill(drafter, GENERAL, **{"aims": "Nosaltres", "services-0-name": "Primer"})

    response = drafter.post(spanish, mine)
    assert response.status_code == 409
    drafter.post(spanish, fields(response))

    draft.refresh_from_db()
    assert draft.general["aims"] == {"ca": "Nosaltres", "es": "Nosotros"}
    assert draft.general["services"][0]["name"] == {"ca": "Primer", "es": "Uno"}


def test_stale_head_shows_both(drafter, draft):
    mine = fields(drafter.get(HEAD)) | {"valid_until": "2031-01-01"}
    fill(drafter, HEAD, valid_until="2030-01-01", source_language="es")
    response = drafter.post(HEAD, mine)
    assert response.status_code == 409
    page = words(response)
    assert "What is saved now 2030-01-01" in page
    assert "What is saved now Spanish" in page


def test_publication_meanwhile_keeps_the_words_on_the_page(drafter, draft):
    mine = fields(drafter.get(GENERAL)) | {"aims": "Too late"}
    Edition.objects.filter(pk=draft.pk).update(valid_until="2030-01-01")
    publish(edition=draft, by=None, at=builders.NOW, evidence=Evidence())

    response = drafter.post(GENERAL, mine)

    assert response.status_code == 409
    assert "This edition has been published" in words(response)
    assert "Too late" in response.content.decode()
    assert ">Save<" not in response.content.decode()


def test_without_a_draft_there_is_nothing_to_edit(drafter, charter):
    response = drafter.get(GENERAL, follow=True)
    assert response.redirect_chain[-1][0] == LIBRARY
    assert "There is no draft" in words(response)


# --- what is missing ----------------------------------------------------------------


def test_page_of_a_draft_counts_what_is_missing(drafter, draft):
    fill(drafter, GENERAL, aims="", rights="")
    page = words(drafter.get(GENERAL))
    assert "Title and validity 1 missing" in page
    assert "General and legal information 2 missing" in page
    assert "3 things are still missing" in page


def test_checklist_leads_to_the_place_to_mend(drafter, draft):
    draft.commitments.all().delete()
    Edition.objects.filter(pk=draft.pk).update(general={}, complementary={}, redress={})
    draft.refresh_from_db()
    page = drafter.get(LIBRARY).content.decode()
    for problem in problems_of(draft):
        assert problem.message in page.replace("&quot;", '"')
    for address in (
        f"{HEAD}#id_valid_from",
        f"{GENERAL}#id_aims",
        f"{GENERAL}#services",
        f"{LIBRARY}sections/quality/#commitments",
        f"{LIBRARY}sections/complementary/#id_phone",
    ):
        assert f'href="{address}"' in page
        target, _, anchor = address.partition("#")
        assert f'id="{anchor}"' in drafter.get(target).content.decode()
