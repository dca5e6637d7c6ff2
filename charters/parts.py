"""
How the apps above take part in an edition's life without being imported here.

Each app registers a :class:`Part` when Django is ready. Exchange, copying and
publication then call every part in the order of the installed apps.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from accounts.models import User
from charters.models import Charter, Edition

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Problem:
    """
    Something that keeps an edition from being published.

    :ivar section: one of the five sections, or ``edition``.
    :ivar subject: what it is about: a field's path or a code.
    :ivar message: translated words for the person who can mend it.
    """

    section: str
    subject: str
    message: str


@dataclass(slots=True)
class Loading:
    """One import in progress: who, when, and what they should be told."""

    by: User | None
    at: datetime
    notes: list[str] = field(default_factory=list)


class Part(Protocol):
    """What an app adds to an edition."""

    def snapshot(self, edition: Edition, document: Document) -> None:
        """Add the app's content to the exchange document, in place."""

    def load(self, edition: Edition, document: Document, loading: Loading) -> None:
        """Create the app's rows of a draft from the exchange document."""

    def problems(self, edition: Edition) -> list[Problem]:
        """List what keeps the app's content from being published."""

    def published(self, edition: Edition, at: datetime) -> None:
        """Do what follows from publication, in its transaction."""

    def changed(self, charter: Charter, commitment: str, at: datetime) -> None:
        """
        Do what follows when a published commitment binds on other days than before.

        In the transaction that suspends it or lets it hold again.
        """


_parts: list[Part] = []


def register(part: Part) -> None:
    """Add a part; called once from each app's ``ready``."""
    _parts.append(part)


def parts() -> tuple[Part, ...]:
    """Return the registered parts, lowest app first."""
    return tuple(_parts)
