"""Find charters."""

import re
from datetime import date

from django.contrib.postgres.search import SearchQuery
from django.db import models
from django.db.models import (
    Exists,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    TextField,
    Value,
)
from django.db.models.lookups import Exact

from charters.enums import EditionState
from charters.models import CatalogueEntry, Edition

# PostgreSQL's built-in configurations, all in the distribution of every platform.
CONFIGURATIONS = {
    "ca": "catalan",
    "es": "spanish",
    "it": "italian",
    "en": "english",
}
WORD = re.compile(r"\w+", re.UNICODE)
MOST_WORDS, LONGEST_WORD = 12, 100


class Fold(models.Func):
    """Lower case without accents: the SQL function of the first migration."""

    function = "core_fold"
    output_field = TextField()


class NodeCount(models.Func):
    """How many words and operators a search query holds."""

    function = "numnode"
    output_field = IntegerField()


def shown(*, on: date) -> QuerySet[Edition]:
    """
    Return one edition per charter, the one the public sees on a day.

    Expired ones are among them: they stay public and are marked as expired.
    """
    newest = (
        Edition.objects.filter(
            charter=OuterRef("charter"),
            state=EditionState.PUBLISHED,
            valid_from__lte=on,
        )
        .order_by("-valid_from")
        .values("pk")[:1]
    )
    return Edition.objects.filter(pk=Subquery(newest)).select_related(
        "charter", "organisation"
    )


def search(
    *, words: str, on: date, language: str, organisation: str = ""
) -> QuerySet[Edition]:
    """
    Return the charters that hold every one of ``words``.

    Accents, case and inflection are forgiven, the last letters may be missing; a
    word counts in whatever language of the charter it is found. A word that says
    nothing by itself ("de", "the") keeps out no charter of its language.

    :param words: as typed by a citizen; without any word everything is returned.
    :param organisation: slug, to search one organisation only.
    """
    found = shown(on=on)
    if organisation:
        found = found.filter(organisation__slug=organisation)
    for word in WORD.findall(words)[:MOST_WORDS]:
        found = found.filter(Exists(_entries_with(word[:LONGEST_WORD])))
    title = models.F(f"title__{language}")
    return found.order_by(title, "charter__slug")


def _entries_with(word: str) -> QuerySet[CatalogueEntry]:
    matches = Q()
    for code, configuration in CONFIGURATIONS.items():
        query = SearchQuery(
            Fold(Value(f"{word}:*")), config=configuration, search_type="raw"
        )
        # PostgreSQL drops stop words: a query of nothing would match nothing.
        says_nothing = Q(Exact(NodeCount(query), 0))
        matches |= Q(language=code) & (Q(document=query) | says_nothing)
    return CatalogueEntry.objects.filter(matches, edition=OuterRef("pk"))
