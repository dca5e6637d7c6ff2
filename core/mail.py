"""Send letters by e-mail."""

from dataclasses import dataclass
from smtplib import SMTPException

from django.core.mail import EmailMessage

# So that nobody's absence note answers a machine (RFC 3834).
HEADERS = {"Auto-Submitted": "auto-generated"}


class MailError(Exception):
    """A letter could not be handed over; it may be tried again."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A plain text with its subject, in the language of whoever reads it."""

    subject: str
    text: str


def send(letter: Letter, *, to: str) -> None:
    """
    Hand a letter over to the mail server of the settings.

    :raises MailError: if the server does not take it.
    """
    subject = " ".join(letter.subject.split())  # a header has one line
    message = EmailMessage(subject, letter.text, to=[to], headers=HEADERS)
    try:
        message.send()
    except (SMTPException, OSError) as error:
        raise MailError(str(error)) from error
