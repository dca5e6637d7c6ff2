"""What is found out about a case: the parts of an explanation."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from engine.cases import Event, Fact, Outcome, Promise, Suspension
from engine.rules import Condition, Limit, Sense
from engine.worktime import Derivation

SECOND = "second_limit"


class Use(StrEnum):
    """What an event of a case was taken for."""

    START = "start"
    START_NOT_TAKEN = "start_not_taken"  # another event of its type was
    CLOCK = "clock"  # the limit runs from here
    CLOCK_NOT_TAKEN = "clock_not_taken"
    PAUSE = "pause"
    PAUSE_NOT_TAKEN = "pause_not_taken"  # the clock stood already
    RESUME = "resume"
    RESUME_NOT_TAKEN = "resume_not_taken"  # the clock was running
    STOP = "stop"
    STOP_EARLY = "stop_early"  # before the start
    STOP_UNDONE = "stop_undone"  # by a reopening
    STOP_NOT_TAKEN = "stop_not_taken"  # another event of its type was
    REOPENING = "reopening"
    REOPENING_NOT_TAKEN = "reopening_not_taken"  # nothing had ended
    EXTENSION = "extension"
    EXTENSION_NOT_TAKEN = (
        "extension_not_taken"  # the case was due, or had ended, before
    )
    WITHDRAWAL = "withdrawal"
    WITHDRAWAL_LATE = "withdrawal_late"  # the promise was broken before
    WITHDRAWAL_NOT_TAKEN = "withdrawal_not_taken"  # the case had ended before
    VOID = "void"
    MERGED = "merged"
    DUPLICATE = "duplicate"
    ANSWER = "answer"
    ANSWER_NOT_TAKEN = "answer_not_taken"
    NUMERATOR = "numerator"
    DENOMINATOR = "denominator"
    DONE = "done"
    PLANNED = "planned"


class Ignored(StrEnum):
    """Why a case is none of an indicator's business."""

    NO_EVENTS = "no_events"
    NO_PROMISE = "no_promise"  # nothing is published about the indicator
    NO_START = "no_start"
    NOT_MEANT = "not_meant"  # a condition of the rule does not hold


@dataclass(frozen=True, slots=True)
class UsedEvent:
    """An event of the case with what it was taken for; usually one thing, or none."""

    event: Event
    uses: tuple[Use, ...] = ()


@dataclass(frozen=True, slots=True)
class Checked:
    """
    A condition and what the case says of it.

    :param path: where it stands in the rule, such as ``where[0]``.
    :param found: what it was compared with; ``None`` if the case does not say.
    """

    path: str
    condition: Condition
    found: str | None
    holds: bool


@dataclass(frozen=True, slots=True)
class PauseFound:
    """
    A stretch in which the clock stood still.

    :param until: ``None``: it still does.
    :param by: the event that began it; ``ended_by``: the one that ended it, if it was
        not the end of the case that did.
    :param reopened: the case was thought to have ended meanwhile.
    :param capped: it counts as a pause for no longer than the rule allows.
    """

    since: datetime
    until: datetime | None
    by: Event
    ended_by: Event | None
    reopened: bool = False
    capped: bool = False


@dataclass(frozen=True, slots=True)
class LimitFound:
    """
    A limit that the case is under, and what comes of it.

    :param path: where it stands in the rule: ``limit``, ``limits[1].limit``,
        ``second_limit`` or ``extension.limit``.
    :param conditions: those by which it was chosen.
    :param extended_by: the event that put it in the place of another.
    :param due_at: first instant that is too late, or of a minimum notice the first
        that is good; ``None`` if there is none (yet).
    :param deadline: the days that lead there; ``None`` if no term does, or if they
        are too many to tell.
    """

    path: str
    limit: Limit
    due_at: datetime | None
    deadline: Derivation | None = None
    conditions: tuple[Checked, ...] = ()
    extended_by: Event | None = None

    @property
    def is_notice(self) -> bool:
        """Whether more time is better."""
        return self.limit.sense is Sense.AT_LEAST


@dataclass(frozen=True, slots=True)
class Timing:
    """
    The time of a case as its promise counts it.

    :param zone: whose days are counted: the calendar's, where there is one.
    :param since: from when the limit runs; ``None``: it does not yet.
    :param end: when the case ended; ``None``: it has not.
    :param limits: in the order in which they come to hold: an extended case has the
        one before, too.
    :param spent: what passed from ``since`` to ``end``, for what is measured in time.
    """

    zone: ZoneInfo
    since: datetime | None
    end: datetime | None
    pauses: tuple[PauseFound, ...]
    limits: tuple[LimitFound, ...]
    spent: Derivation | None = None

    @property
    def limit(self) -> LimitFound | None:
        """The limit that holds first of all: the extended one, if there is one."""
        own = [found for found in self.limits if found.path != SECOND]
        return own[-1] if own else None

    @property
    def second(self) -> LimitFound | None:
        """What must hold where the first limit is missed."""
        return next((found for found in self.limits if found.path == SECOND), None)


@dataclass(frozen=True, slots=True)
class Crowd:
    """More cases came in a day (or month) than was promised for."""

    per: str
    from_on: date
    came: int
    at_most: int


@dataclass(frozen=True, slots=True)
class Finding:
    """
    One contribution of a case, with everything that led to it.

    :param fact: what the judge found.
    :param outcome: the same as seen at the explanation's instant.
    :param reason: why it is excluded or cannot be computed.
    :param promise: the one in force when it began; ``None`` if none was.
    :param start: the event that it begins with; of a case without one, its stop.
    :param conditions: those of the rule, up to the first that decides.
    :param timing: for what runs from a start to a stop, as far as the calendar knows.
    :param suspensions: those that take it out of the promise.
    """

    fact: Fact
    outcome: Outcome
    reason: str
    promise: Promise | None
    start: Event
    events: tuple[UsedEvent, ...]
    conditions: tuple[Checked, ...] = ()
    timing: Timing | None = None
    suspensions: tuple[Suspension, ...] = ()
    crowd: Crowd | None = None


@dataclass(frozen=True, slots=True)
class CaseExplanation:
    """
    Why a case counts as it does, at an instant.

    :param findings: one for most kinds of indicator; several where what happens in
        a case counts, not the case; none if it is not counted at all.
    :param ignored: why there is none.
    :param start: of an ignored case, where there is one; so ``conditions``.
    """

    case: str
    source: str
    zone: ZoneInfo
    as_of: datetime
    findings: tuple[Finding, ...]
    ignored: Ignored | None = None
    start: Event | None = None
    conditions: tuple[Checked, ...] = ()
