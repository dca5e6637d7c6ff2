"""
Working time: when a term is due, and how much of it has passed.

Everything here is exact to the microsecond and works on integers inside: an instant
is a number of microseconds since 1970 (UTC), a day its proleptic ordinal. A calendar
compiles, once per object and only when asked, to sorted runs of counting time with
their prefix sums; a term is then a binary search in them, whatever its length.

Three rules hold everywhere:

* ``due_at`` is the *first instant that is too late*.
* A wall time means the first instant at which the clock of the zone shows that time
  or a later one. So a time that a change of clock skips is the instant of the jump,
  and a time that happens twice is its first occurrence. The other way round, an
  instant has the latest wall time that the clock has shown so far: civil time may
  stand still, but never runs back.
* A calendar knows how far it knows. Whatever needs a day outside that range raises
  :class:`BeyondCalendarError`: not computable, never "weekends only".

Source: Ley 39/2015 (BOE-A-2015-10565), article 30, for the default rules.
"""

from engine.worktime.batches import (
    NO_END,
    NOT_COMPUTABLE,
    PauseArrays,
    days_of,
    due_many,
    elapsed_many,
    to_instants,
    to_micros,
)
from engine.worktime.calendars import (
    DayKind,
    DayState,
    HoursFrom,
    WorkCalendar,
    changed_days,
)
from engine.worktime.civil import (
    RESOLUTION,
    BeyondCalendarError,
    Line,
    Pause,
    WorktimeError,
)
from engine.worktime.deadlines import due_at, elapsed
from engine.worktime.definitions import CalendarError, Holiday, Level
from engine.worktime.derivations import Derivation, DerivationKind, Step, StepKind
from engine.worktime.entries import entered_at
from engine.worktime.explaining import explain_due, explain_elapsed, explain_notice
from engine.worktime.notices import kept_from, latest_start
from engine.worktime.terms import CutOff, DayOne, Ends, Entry, Term, TermError, Unit

__all__ = [
    "NOT_COMPUTABLE",
    "NO_END",
    "RESOLUTION",
    "BeyondCalendarError",
    "CalendarError",
    "CutOff",
    "DayKind",
    "DayOne",
    "DayState",
    "Derivation",
    "DerivationKind",
    "Ends",
    "Entry",
    "Holiday",
    "HoursFrom",
    "Level",
    "Line",
    "Pause",
    "PauseArrays",
    "Step",
    "StepKind",
    "Term",
    "TermError",
    "Unit",
    "WorkCalendar",
    "WorktimeError",
    "changed_days",
    "days_of",
    "due_at",
    "due_many",
    "elapsed",
    "elapsed_many",
    "entered_at",
    "explain_due",
    "explain_elapsed",
    "explain_notice",
    "kept_from",
    "latest_start",
    "to_instants",
    "to_micros",
]
