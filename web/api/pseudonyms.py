"""What is answered where case numbers cannot be made their pseudonyms."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

from indicators.queries.pseudonyms import UnknownSecretError
from web.api.problems import ProblemError

logger = logging.getLogger(__name__)


@contextmanager
def case_secret_needed() -> Iterator[None]:
    """
    Do what cannot be done without the secret of a stream's case numbers.

    :raises ProblemError: 503 if the installation lacks it: the request is as good as
        ever, and only whoever runs the installation can mend it.
    """
    try:
        yield
    except UnknownSecretError as error:
        # Which secret it is, is nothing for senders.
        logger.warning("a request cannot be served: %s", error)
        raise ProblemError(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "the secret of this stream's case numbers is missing: whoever runs the"
            " installation must give it back; then send it again",
            code="case_secret_missing",
        ) from error
