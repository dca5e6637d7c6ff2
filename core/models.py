"""The record of who wrote what."""

from django.db import models


class AuditEntry(models.Model):
    """
    One act of writing. Append-only: the database refuses changes and deletions.

    Identifiers are plain numbers: this app knows no other, and an entry must
    survive what it speaks of.
    """

    organisation_id = models.BigIntegerField(null=True)
    actor_id = models.BigIntegerField(null=True)
    verb = models.CharField(max_length=60)
    subject = models.CharField(max_length=200)
    details = models.JSONField(default=dict)
    recorded_at = models.DateTimeField()

    class Meta:
        indexes = [
            # Serves an organisation's audit trail, newest first.
            models.Index(
                fields=["organisation_id", "-recorded_at"], name="audit_by_organisation"
            )
        ]

    def __str__(self) -> str:
        return f"{self.recorded_at:%Y-%m-%d %H:%M} {self.verb} {self.subject}"
