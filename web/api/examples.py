"""Examples of what the interface for machines takes and answers."""

EVENT = {
    "id": "E-1",
    "case": "2026/123",
    "type": "opened",
    "at": "2026-01-05T09:12:00+01:00",
    "attributes": {"channel": "web"},
}
CLOSED = {
    "id": "E-2",
    "case": "2026/123",
    "type": "closed",
    "at": "2026-01-09T13:40:00+01:00",
}
DELIVERY = {
    "ticket": {
        "number": "10081",
        "state": "open",
        "created_at": "2026-01-05T08:12:00.282Z",
        "updated_at": "2026-01-05T08:12:00.333Z",
    },
    "article": {"id": 104},
}
DELIVERED = {
    "received": 1,
    "recorded": 1,
    "replayed": 0,
    "refused": [],
    "watermark": "2026-01-05T08:12:00.282000Z",
}
RECEIPT = {
    "received": 3,
    "recorded": 1,
    "replayed": 1,
    "refused": [
        {
            "line": 3,
            "id": "E-9",
            "code": "unknown_type",
            "detail": "stream prestecs declares no type 'opend'",
        }
    ],
    "watermark": "2026-01-05T08:12:00Z",
}
DEADLINE = {
    "organisation": "vilalzina",
    "calendar": None,
    "due_at": "2026-12-20T23:00:00+00:00",
    "last_day": "2026-12-20",
    "derivation": {
        "kind": "due",
        "unit": "calendar_days",
        "zone": "Europe/Madrid",
        "total": "2",
        "total_exact": 2,
        "term": {
            "amount": "2",
            "unit": "calendar_days",
            "day_one": "next",
            "roll": True,
            "entry": "as_is",
            "ends": "day",
        },
        "start": "2026-12-18T09:00:00+00:00",
        "counted_from": "2026-12-18T09:00:00+00:00",
        "end": None,
        "used_up_at": None,
        "due_at": "2026-12-20T23:00:00+00:00",
        "kept_from": None,
        "steps": [
            {"day": "2026-12-18", "kind": "start", "counted": "0", "exact": 0},
            {"day": "2026-12-19", "kind": "day_one", "counted": "1", "exact": 1},
            {"day": "2026-12-20", "kind": "counted", "counted": "1", "exact": 1},
        ],
        "after": [],
    },
}
EXPLANATION: dict[str, object] = {
    "format": "paraula-explanation/1",
    "case": "2026/123",
    "source": "prestecs",
    "zone": "Europe/Madrid",
    "as_of": "2026-03-02T09:00:00+00:00",
    "ignored": "no_start",
    "start": None,
    "conditions": [],
    "findings": [],
}
