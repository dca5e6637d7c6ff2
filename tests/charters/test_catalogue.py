"""Finding charters with the words that people type."""

from datetime import date

import pytest

from charters.queries.catalogue import search, shown
from tests import builders

ON = date(2026, 11, 2)
TITLES = {
    "library": {
        "ca": "Biblioteca municipal: préstec de llibres",
        "es": "Biblioteca municipal: préstamo de libros",
        "it": "Biblioteca comunale: prestito di libri",
        "en": "Municipal library: lending of books",
    },
    "permits": {
        "ca": "Llicències d'obres i tràmits urbanístics, col·legis",
        "es": "Licencias de obras y trámites urbanísticos",
        "it": "Permessi edilizi e pratiche urbanistiche",
        "en": "Building permits and planning applications",
    },
}


@pytest.fixture
def catalogue(town):
    for number, (slug, title) in enumerate(TITLES.items()):
        document = builders.charter_document(
            slug=slug,
            indicators=[builders.indicator(f"IND-{number}")],
            languages=("ca", "es", "it", "en"),
        )
        document["edition"]["title"] = title
        document["general"]["services"][0]["description"] = {}
        document["complementary"]["responsible_unit"] = {"ca": "Ajuntament"}
        builders.published(document, of=town)


def find(words, language="ca", **options):
    found = search(words=words, on=ON, language=language, **options)
    return [edition.charter.slug for edition in found]


@pytest.mark.parametrize(
    ("words", "slug"),
    [
        ("préstec", "library"),
        ("PRESTEC", "library"),
        ("préstecs", "library"),
        ("llibre", "library"),
        ("bibliot", "library"),
        ("tràmit", "permits"),
        ("tramits", "permits"),
        ("llicencia obra", "permits"),
        ("col·legi", "permits"),
        ("préstamos", "library"),
        ("libro", "library"),
        ("trámite", "permits"),
        ("urbanistico", "permits"),
        ("licencia de obra", "permits"),
        ("tràmits d'obres", "permits"),
        ("prestiti", "library"),
        ("permesso", "permits"),
        ("pratica edilizia", "permits"),
        ("the libraries", "library"),
        ("book", "library"),
        ("permit application", "permits"),
        ("books préstec", "library"),
    ],
)
def test_accents_case_inflection_and_last_letters_are_forgiven(catalogue, words, slug):
    assert find(words) == [slug]


@pytest.mark.parametrize(
    "words", ["", "  ", "!!!", "de", "la", "' & | ! ( ) :*", "<->", "\\", "½"]
)
def test_without_a_word_that_says_something_everything_is_found(catalogue, words):
    assert find(words) == ["library", "permits"]


@pytest.mark.parametrize("words", ["hospital", "biblioteca hospital", "x" * 5_000])
def test_every_word_must_be_there(catalogue, words):
    assert find(words) == []


def test_titles_come_in_order_of_the_readers_language(catalogue):
    assert find("", "ca") == ["library", "permits"]
    assert find("", "en") == ["permits", "library"]


def test_a_charter_is_found_in_one_organisation_if_asked(catalogue):
    other = builders.organisation("other")
    builders.published(builders.charter_document(), of=other)
    assert find("", organisation="other") == ["library"]
    assert len(find("")) == 3


def test_drafts_and_editions_to_come_are_not_shown_and_expired_ones_are(
    catalogue, town
):
    builders.draft(builders.charter_document(slug="draft", indicators=[]), of=town)
    assert len(shown(on=ON)) == 2
    assert len(shown(on=date(2025, 1, 1))) == 0
    assert len(shown(on=date(2040, 1, 1))) == 2


def test_only_the_edition_shown_is_found(catalogue, town):
    document = builders.charter_document(
        slug="library",
        valid_from="2027-01-01",
        valid_until="2029-01-01",
        indicators=[builders.indicator("IND-0")],
    )
    document["edition"]["title"] = {"ca": "Mediateca", "es": "Mediateca"}
    builders.published(document, of=town)
    assert find("mediateca") == []
    assert [
        e.number for e in search(words="mediateca", on=date(2027, 1, 1), language="ca")
    ] == [2]
    assert list(search(words="llibres", on=date(2027, 1, 1), language="ca")) == []


def test_the_catalogue_costs_one_query(catalogue, django_assert_num_queries):
    with django_assert_num_queries(1):
        [
            (e.charter.slug, e.organisation.slug)
            for e in search(words="de", on=ON, language="ca")
        ]
