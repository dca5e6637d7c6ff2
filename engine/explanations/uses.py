"""
What each event of a case was taken for.

The walks are those of :mod:`engine.cases`, kept in step by the tests: what they find
is compared with what the judge found.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from engine.cases import Event, Reading
from engine.explanations.findings import Use, UsedEvent
from engine.rules import EventPick, PauseRule, Rule


class Uses:
    """The events of a case, and what each is taken for."""

    def __init__(self, events: Sequence[Event]) -> None:
        self.events = events
        # By identity: two events may be equal in all they say.
        self._uses: dict[int, list[Use]] = {id(event): [] for event in events}

    def told(self) -> tuple[UsedEvent, ...]:
        """Return every event, in order."""
        return tuple(
            UsedEvent(event, tuple(self._uses[id(event)])) for event in self.events
        )

    def add(self, event: Event | None, use: Use) -> None:
        """Note what an event is taken for."""
        if event is not None:
            self._uses[id(event)].append(use)

    def of_case(self, reading: Reading, rule: Rule) -> None:
        """Note what begins a case, and what takes it out whenever it comes."""
        if rule.kind.is_timed or rule.by_daily_duration:
            self.pick(rule.start, reading.start, Use.START, Use.START_NOT_TAKEN)
        else:
            self.pick(rule.answer, reading.start, Use.ANSWER, Use.ANSWER_NOT_TAKEN)
        self.endings(rule)

    def endings(self, rule: Rule) -> None:
        """Note what makes a case void."""
        for use, types in (
            (Use.VOID, rule.void),
            (Use.MERGED, rule.merged),
            (Use.DUPLICATE, rule.duplicate),
        ):
            self._each(types, use)

    def _each(self, types: frozenset[str], use: Use) -> None:
        for event in self.events:
            if event.type in types:
                self.add(event, use)

    def pick(
        self, pick: EventPick, chosen: Event | None, taken: Use, not_: Use
    ) -> None:
        """Note which event of some types is taken, and which are not."""
        for event in self.events:
            if event is chosen:
                self.add(event, taken)
            elif event.type in pick.types:  # what "*" takes was not meant for it
                self.add(event, not_)

    def pauses(
        self, rule: PauseRule, end: datetime | None
    ) -> Iterator[tuple[Event, Event | None]]:
        """
        Note and yield what begins and ends the pauses of a rule.

        :param end: when the case ended: what comes later moves no clock.
        """
        began: Event | None = None
        for event in self.events:
            if event.type in rule.begins and began is None:
                began = event
                runs = end is None or event.at < end
                self.add(event, Use.PAUSE if runs else Use.PAUSE_NOT_TAKEN)
            elif event.type in rule.ends and began is not None:
                stands = end is None or (began.at < end and event.at <= end)
                self.add(event, Use.RESUME if stands else Use.RESUME_NOT_TAKEN)
                yield began, event
                began = None
            elif event.type in rule.begins:
                self.add(event, Use.PAUSE_NOT_TAKEN)
            elif event.type in rule.ends:
                self.add(event, Use.RESUME_NOT_TAKEN)
        if began is not None:
            yield began, None

    def stops(self, start: Event, rule: Rule) -> Iterator[tuple[Event, Event]]:
        """Note the stop, and yield the stops that were undone with what undid them."""
        stop: Event | None = None
        for event in self.events:
            if rule.stop.takes(event.type):
                if event.at < start.at and rule.stop_before_start != "kept":
                    self.add(event, Use.STOP_EARLY)
                elif stop is None or rule.stop.last:
                    self._stop_not_taken(stop, rule)
                    stop = event
                else:
                    self._stop_not_taken(event, rule)
            elif event.type in rule.reopened and stop is not None:
                self.add(stop, Use.STOP_UNDONE)
                self.add(event, Use.REOPENING)
                yield stop, event
                stop = None
            elif event.type in rule.reopened:
                self.add(event, Use.REOPENING_NOT_TAKEN)
        self.add(stop, Use.STOP)

    def _stop_not_taken(self, event: Event | None, rule: Rule) -> None:
        if event is not None and event.type in rule.stop.types:
            self.add(event, Use.STOP_NOT_TAKEN)

    def extension(
        self, types: frozenset[str], due: datetime | None, end: datetime | None
    ) -> Event | None:
        """
        Note what extends a case that was due; return the first that does.

        :param end: when the case ended: what comes later extends nothing.
        """
        first: Event | None = None
        for event in self.events:
            if event.type not in types:
                continue
            in_time = (
                due is not None and event.at < due and (end is None or event.at <= end)
            )
            self.add(event, Use.EXTENSION if in_time else Use.EXTENSION_NOT_TAKEN)
            if in_time and first is None:
                first = event
        return first

    def withdrawal(self, rule: Rule, *, taken: bool, late: bool = False) -> None:
        """
        Note the withdrawal.

        :param taken: it came before the case had ended.
        :param late: it came after the case was due.
        """
        first = next(
            (item for item in self.events if item.type in rule.withdrawn), None
        )
        use = Use.WITHDRAWAL_LATE if late else Use.WITHDRAWAL
        self.pick(
            EventPick(rule.withdrawn),
            first if taken else None,
            use,
            Use.WITHDRAWAL_NOT_TAKEN,
        )
