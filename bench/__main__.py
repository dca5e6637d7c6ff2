"""
Measure everything, beside servers of our own: ``make bench``.

``BENCH_SIZE`` is ``small`` or ``full``. Prints a table, keeps it in ``bench/results``
and ends well whatever the figures are: a slow machine is no fault.
"""

import os
import sys
from pathlib import Path

import django
from django.core.management import call_command
from django.utils import timezone

RESULTS = Path(__file__).parent / "results"


def main() -> int:
    django.setup()
    call_command("migrate", verbosity=0)
    # Models can be imported from here on.
    from bench import machine, report  # noqa: PLC0415
    from bench.course import run  # noqa: PLC0415
    from bench.measured.analyst import ask  # noqa: PLC0415
    from bench.measured.live import celery_workers  # noqa: PLC0415
    from bench.sizes import SIZES  # noqa: PLC0415

    name = os.environ.get("BENCH_SIZE") or "small"
    if name not in SIZES:
        print(f"BENCH_SIZE is one of {', '.join(SIZES)}", file=sys.stderr)
        return 2
    began = timezone.now()
    described = machine.described(began)
    stem = f"{began:%Y-%m-%d}-{machine.name(described)}-{name}"
    rows = []
    for row in run(SIZES[name], workers=celery_workers, ask=ask):
        rows.append(row)
        print(f"  {row.what}: {report.shown(row.value, row.unit)}", flush=True)
        # Each time: a run may take an hour, and be cut.
        report.write(rows, described, size=name, folder=RESULTS, stem=stem)
    print(f"\n{report.table(rows)}\n{RESULTS / stem}.md")
    return 0


if __name__ == "__main__":
    sys.exit(main())
