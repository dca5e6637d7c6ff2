"""Keep the catalogue's index."""

from collections.abc import Iterator
from typing import Any

from django.contrib.postgres.search import SearchVector
from django.db.models import Value

from charters.models import CatalogueEntry, Edition
from charters.queries.catalogue import CONFIGURATIONS, Fold
from core.text import LANGUAGES


def index(edition: Edition) -> None:
    """
    Write what a published edition is found by, in each language it speaks.

    Titles weigh more than the rest. Replaces what was there.
    """
    CatalogueEntry.objects.filter(edition=edition).delete()
    for language in LANGUAGES:
        title = edition.title.get(language, "")
        body = " ".join(_words(edition.snapshot, language))
        if not (title or body):
            continue
        configuration = CONFIGURATIONS[language]
        CatalogueEntry.objects.create(
            organisation=edition.organisation,
            edition=edition,
            language=language,
            document=SearchVector(Fold(Value(title)), config=configuration, weight="A")
            + SearchVector(Fold(Value(body)), config=configuration, weight="C"),
        )


def _words(node: Any, language: str) -> Iterator[str]:
    """Yield every passage of a snapshot that is written in ``language``."""
    if isinstance(node, dict):
        if language in node and isinstance(node[language], str):
            yield node[language]
            return
        for value in node.values():
            yield from _words(value, language)
    elif isinstance(node, list):
        for value in node:
            yield from _words(value, language)
