"""How fast events go in, against COPY into a table with the same constraints."""

import csv
import io
import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.db import connection
from django.test import Client
from django.utils import timezone

from bench.rows import side_by_side
from bench.town import END, Town
from indicators.models import Stream
from indicators.services.files import import_file
from indicators.services.intake import event_digest
from indicators.services.mapping import FileMapping
from indicators.services.streams import issue_token

COPY = """
COPY bench_copy (organisation_id, stream_id, external_id, case_key, type, occurred_at,
                 attributes, digest, received_at) FROM STDIN
"""
# The same columns, indexes and keys as the log: what is left is only the database.
TWIN = """
CREATE TABLE bench_copy (LIKE indicators_serviceevent INCLUDING ALL);
CREATE TRIGGER bench_copy_belongs AFTER INSERT ON bench_copy
    REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION indicators_serviceevent_belongs();
INSERT INTO bench_copy OVERRIDING USER VALUE SELECT * FROM indicators_serviceevent;
ANALYZE bench_copy;
"""
MAPPING = """
timezone = "UTC"
case = "case"
id = "id"
attributes = ["channel"]
[long]
type = "type"
at = "at"
"""


class Feed:
    """
    Requests that were never sent before: new cases, each opened and closed.

    :param seed: another feed, other cases.
    """

    def __init__(self, town: Town, events: int, seed: str) -> None:
        self.town = town
        self.events = events
        self.seed = seed
        self._dice = random.Random(seed)
        self._cases = 0

    def batch(self, number: int) -> tuple[Stream, list[dict[str, Any]]]:
        """Return the events of one request and their stream; streams take turns."""
        stream = self.town.streams[number % len(self.town.streams)]
        found: list[dict[str, Any]] = []
        while len(found) < self.events:
            found += self._case()
        return stream, found[: self.events]

    def _case(self) -> list[dict[str, Any]]:
        self._cases += 1
        case = f"{self.seed}-{self._cases:08}"
        closed = datetime(END.year, END.month, END.day, tzinfo=UTC) - timedelta(
            seconds=self._dice.randrange(60 * 86_400)
        )
        opened = closed - timedelta(seconds=self._dice.randrange(20 * 86_400))
        return [
            {
                "id": f"{case}/{type_}",
                "case": case,
                "type": type_,
                "at": at.isoformat(),
                "attributes": {"channel": "web"},
            }
            for type_, at in (("opened", opened), ("closed", closed))
        ]


@dataclass(frozen=True, slots=True)
class Api:
    """The HTTP endpoint, asked in this process."""

    client: Client
    keys: dict[int, str]

    def send(self, stream: Stream, body: bytes) -> None:
        """
        Post a request.

        :raises RuntimeError: if any of its events was not recorded.
        """
        answer = self.client.post(
            f"/api/v1/organisations/bench/streams/{stream.code}/events",
            body,
            content_type="application/x-ndjson",
            headers={"Authorization": f"Bearer {self.keys[stream.pk]}"},
        )
        receipt = answer.json()
        if answer.status_code != 200 or receipt["recorded"] != receipt["received"]:
            msg = f"events were not recorded: {receipt}"
            raise RuntimeError(msg)


def open_api(town: Town) -> Api:
    """Issue a key for every stream."""
    now = timezone.now()
    keys = {
        stream.pk: issue_token(stream=stream, label="bench", at=now)
        for stream in town.streams
    }
    return Api(Client(SERVER_NAME="localhost"), keys)


@contextmanager
def twin() -> Iterator[None]:
    """Keep a table to measure COPY with; it holds what the log holds now."""
    with connection.cursor() as cursor:
        cursor.execute(TWIN)
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE bench_copy")


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds for as many events by the API and by COPY beside it."""

    events: int
    ours: float
    copy: float

    @property
    def ratio(self) -> float:
        """The API's events a second in parts of those of COPY."""
        return self.copy / self.ours

    def raw(self, name: str) -> dict[str, float]:
        """Return events a second, named."""
        return {
            f"{name}_events_s": self.events / self.ours,
            f"{name}_copy_events_s": self.events / self.copy,
        }


def pace(town: Town, api: Api, *, events: int, turns: int, seed: str) -> Pace:
    """Send requests by the API, each beside a COPY of as many rows."""
    feed, twins = Feed(town, events, seed), Feed(town, events, f"{seed}-copy")
    requests = [_request(*feed.batch(turn)) for turn in range(turns)]
    texts = [_text(*twins.batch(turn)) for turn in range(turns)]
    ours, copy = side_by_side(
        lambda turn: api.send(*requests[turn]), lambda turn: _copy(texts[turn]), turns
    )
    return Pace(events, ours, copy)


def _request(stream: Stream, events: list[dict[str, Any]]) -> tuple[Stream, bytes]:
    return stream, "\n".join(map(json.dumps, events)).encode()


def _text(stream: Stream, events: list[dict[str, Any]]) -> str:
    """Return events as COPY reads them: nothing of this is measured."""
    now = timezone.now().isoformat()
    lines = []
    for event in events:
        at = datetime.fromisoformat(event["at"])
        attributes = event["attributes"]
        digest = event_digest(event["case"], event["type"], at, None, attributes, None)
        cells = [stream.organisation_id, stream.pk, event["id"], event["case"]]
        cells += [event["type"], event["at"], json.dumps(attributes), digest, now]
        lines.append("\t".join(map(str, cells)) + "\n")
    return "".join(lines)


def _copy(text: str) -> None:
    with connection.cursor() as cursor:
        cursor.copy_expert(COPY, io.StringIO(text))


def from_file(town: Town, *, events: int, turns: int) -> Pace:
    """Import CSV files, each beside a COPY of as many rows."""
    feed, twins = Feed(town, events, "file"), Feed(town, events, "file-copy")
    mapping = FileMapping.from_toml(MAPPING)
    with TemporaryDirectory() as folder:
        files = [
            _file(Path(folder) / f"{turn}.csv", *feed.batch(turn))
            for turn in range(turns)
        ]
        texts = [_text(*twins.batch(turn)) for turn in range(turns)]

        def ours(turn: int) -> None:
            stream, path = files[turn]
            import_file(stream=stream, path=path, mapping=mapping, at=timezone.now())

        found = side_by_side(ours, lambda turn: _copy(texts[turn]), turns)
    return Pace(events, *found)


def _file(
    path: Path, stream: Stream, events: list[dict[str, Any]]
) -> tuple[Stream, Path]:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "case", "type", "at", "channel"])
        writer.writerows(
            [event["id"], event["case"], event["type"], event["at"], "web"]
            for event in events
        )
    return stream, path
