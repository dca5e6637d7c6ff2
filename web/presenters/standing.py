"""How a commitment stands, from the figures of its indicators."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.functional import Promise as LazyText
from django.utils.translation import ngettext, ngettext_lazy

# The first of these among a commitment's figures is how it stands. One figure that
# is not met is a promise not kept. One that is met tells of the promise whatever the
# others are silent about; each of them says so where it stands. Without a verdict,
# what keeps most from knowing comes first.
ORDER = (
    "unmet",
    "met",
    "suspended",
    "not_computable",
    "no_data_yet",
    "too_few_cases",
    "no_cases",
    "not_evaluated",
)
VERDICTS = frozenset({"met", "unmet"})
# Tone, icon and words, in the order in which they are told.
COUNTS: dict[str, tuple[str, str, LazyText]] = {
    "met": ("good", "met", ngettext_lazy("%(n)s met", "%(n)s met", "n")),
    "unmet": ("bad", "unmet", ngettext_lazy("%(n)s not met", "%(n)s not met", "n")),
    "no_data_yet": (
        "quiet",
        "no-data",
        ngettext_lazy("%(n)s without data yet", "%(n)s without data yet", "n"),
    ),
    "too_few_cases": (
        "quiet",
        "too-few",
        ngettext_lazy("%(n)s with too few cases", "%(n)s with too few cases", "n"),
    ),
    "no_cases": (
        "quiet",
        "no-cases",
        ngettext_lazy("%(n)s without cases", "%(n)s without cases", "n"),
    ),
    "not_computable": (
        "quiet",
        "not-computable",
        ngettext_lazy("%(n)s cannot be computed", "%(n)s cannot be computed", "n"),
    ),
    "not_evaluated": (
        "quiet",
        "not-evaluated",
        ngettext_lazy("%(n)s not evaluated", "%(n)s not evaluated", "n"),
    ),
    "suspended": (
        "warn",
        "suspended",
        ngettext_lazy("%(n)s suspended", "%(n)s suspended", "n"),
    ),
}


@dataclass(frozen=True, slots=True)
class StatusCount:
    """How many commitments stand in one way."""

    status: str
    tone: str
    icon: str
    words: str


def standing_of(statuses: Iterable[str]) -> str:
    """
    Say how a commitment stands from its indicators' latest statuses.

    A commitment that nothing measures is not evaluated.
    """
    found = set(statuses)
    return next((status for status in ORDER if status in found), "not_evaluated")


def count_words(status: str, n: int) -> str:
    """Say how many commitments stand in a way."""
    _tone, _icon, words = COUNTS[status]
    return str(words % {"n": n})


def silent_words(statuses: Sequence[str]) -> str:
    """
    Say of how many of a commitment's indicators nobody can tell; empty if of none.

    Where all are silent, how the commitment stands says it.
    """
    silent = sum(status not in VERDICTS for status in statuses)
    if silent in {0, len(statuses)}:
        return ""
    return ngettext(
        "%(silent)s of its %(n)s indicators has no verdict",
        "%(silent)s of its %(n)s indicators have no verdict",
        silent,
    ) % {"silent": silent, "n": len(statuses)}


def counts_of(statuses: Iterable[str]) -> list[StatusCount]:
    """Count commitments by how they stand, verdicts first."""
    found = Counter(statuses)
    return [
        StatusCount(status, tone, icon, count_words(status, found[status]))
        for status, (tone, icon, _words) in COUNTS.items()
        if found[status]
    ]
