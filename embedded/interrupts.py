"""Requests to stop, as something that can be asked rather than something that strikes."""

import os
import signal
from types import FrameType, TracebackType
from typing import Self

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """
    Counts the requests to stop; the work in hand looks when it suits it.

    A supervisor started by make also stops when make is killed outright, since
    nobody could stop it from that terminal any more.
    """

    def __init__(self) -> None:
        self._count = 0
        self.last: int | None = None
        self._make = os.getppid() if "MAKELEVEL" in os.environ else None

    def __enter__(self) -> Self:
        for sign in SIGNALS:
            if sign == signal.SIGHUP and signal.getsignal(sign) is signal.SIG_IGN:
                continue  # started under nohup
            signal.signal(sign, self._note)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for sign in SIGNALS:
            signal.signal(sign, signal.SIG_IGN)  # the end is near in any case

    def asked(self) -> bool:
        return self._count > 0 or self._left_by_make()

    def hurried(self) -> bool:
        return self._count > 1 or self._left_by_make()

    def _note(self, sign: int, frame: FrameType | None) -> None:
        self._count += 1
        self.last = sign

    def _left_by_make(self) -> bool:
        return self._make is not None and os.getppid() != self._make
