"""How a commitment stands, from the figures of its indicators."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.functional import Promise as LazyText
from django.utils.translation import ngettext, ngettext_lazy

from indicators.models import Result

# How a commitment stands that only declared figures tell of, and what such a figure
# adds to it. None makes a promise kept: that is for what is measured. One that admits
# that the target was not met keeps it from counting as kept.
DECLARED = "declared"
DECLARED_UNMET = "declared_unmet"
# The first of these among a commitment's figures is how it stands. One figure that
# is not met is a promise not kept. One that is met tells of the promise whatever the
# others are silent about; each of them says so where it stands. Without a verdict,
# what keeps most from knowing comes first.
ORDER = (
    "unmet",
    DECLARED_UNMET,
    "met",
    DECLARED,
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
    DECLARED: (
        "info",
        "declared",
        ngettext_lazy(
            "%(n)s declared, not measured", "%(n)s declared, not measured", "n"
        ),
    ),
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


def contribution_of(line: Result | None) -> str:
    """Return what an indicator's latest figure adds to how its commitment stands."""
    if line is None:
        return "no_data_yet"
    if line.declared_id is None or line.status not in VERDICTS:
        return line.status
    return DECLARED if line.status == "met" else DECLARED_UNMET


def standing_of(statuses: Iterable[str]) -> str:
    """
    Say how a commitment stands from what its indicators' latest figures add.

    A commitment that nothing measures is not evaluated.

    :param statuses: see :func:`contribution_of`.
    """
    known = set(statuses)
    found = next((status for status in ORDER if status in known), "not_evaluated")
    return DECLARED if found == DECLARED_UNMET else found


def count_words(status: str, n: int) -> str:
    """Say how many commitments stand in a way."""
    _tone, _icon, words = COUNTS[status]
    return str(words % {"n": n})


def silent_words(statuses: Sequence[str]) -> str:
    """
    Say of how many of a commitment's indicators nobody can tell, or nobody measured.

    Empty if of none. Where all are so, how the commitment stands says it.
    """
    told = {DECLARED, DECLARED_UNMET}
    declared = sum(status in told for status in statuses)
    silent = sum(status not in VERDICTS | told for status in statuses)
    said = []
    if silent not in {0, len(statuses)}:
        said.append(
            ngettext(
                "%(silent)s of its %(n)s indicators has no verdict",
                "%(silent)s of its %(n)s indicators have no verdict",
                silent,
            )
            % {"silent": silent, "n": len(statuses)}
        )
    if declared not in {0, len(statuses)}:
        said.append(
            ngettext(
                "%(declared)s of its %(n)s indicators is declared, not measured",
                "%(declared)s of its %(n)s indicators are declared, not measured",
                declared,
            )
            % {"declared": declared, "n": len(statuses)}
        )
    return "; ".join(said)


def counts_of(statuses: Iterable[str]) -> list[StatusCount]:
    """Count commitments by how they stand, verdicts first."""
    found = Counter(statuses)
    return [
        StatusCount(status, tone, icon, count_words(status, found[status]))
        for status, (tone, icon, _words) in COUNTS.items()
        if found[status]
    ]
