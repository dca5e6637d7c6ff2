"""Why a final figure was restated, as the ledger says it where no person does."""

LATE_EVENTS = "late or corrected events"
CHANGED_RULE = "changed calendar or rule"
FELL_DUE = "open cases fell due"
HEARD = "a feed that was silent and speaks again"
SUSPENDED = "suspension recorded or lifted"
# A line that was measured of nothing, and one that has been measured since.
DECLARED = "declared by hand"
MEASURED = "measured since it was declared"
