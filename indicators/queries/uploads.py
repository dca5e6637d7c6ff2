"""Read the files of events that people gave, and the mappings that they kept."""

from collections.abc import Collection

from indicators.enums import FileState
from indicators.models import EventFile, FileRefusal, SavedMapping, Stream


def files_of(stream: Stream) -> list[EventFile]:
    """Return the files of a stream, newest first."""
    return list(
        EventFile.objects.filter(stream=stream)
        .select_related("uploaded_by")
        .order_by("-pk")
    )


def same_as(file: EventFile) -> EventFile | None:
    """Return the last earlier file of the same content that was imported, if any."""
    return (
        EventFile.objects.filter(
            stream_id=file.stream_id,
            digest=file.digest,
            state=FileState.DONE,
            pk__lt=file.pk,
        )
        .order_by("-pk")
        .first()
    )


def fitting_mappings(stream: Stream, header: Collection[str]) -> list[SavedMapping]:
    """Return the kept mappings whose columns a file has, newest first."""
    there = set(header)
    saved = SavedMapping.objects.filter(stream=stream).order_by("-saved_at", "-pk")
    return [mapping for mapping in saved if there.issuperset(mapping.columns)]


def first_refusals(
    file: EventFile, most: int
) -> tuple[list[FileRefusal], list[FileRefusal]]:
    """Return the first conflicts of a file and its first other refusals."""
    refusals = file.refusals.order_by("line", "pk")
    conflicts = refusals.filter(code="conflict")[:most]
    return list(conflicts), list(refusals.exclude(code="conflict")[:most])
