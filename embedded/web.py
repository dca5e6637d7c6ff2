"""The web server's socket and its first page."""

import http.client
import socket
from pathlib import Path
from urllib.parse import urlsplit

from embedded.errors import StartError

HOST = "127.0.0.1"
REDIRECTS = 3
PATIENCE = 2  # seconds for one try; who waits looks elsewhere between two


def reserve(port: int) -> socket.socket:
    """
    Bind the port before anything is started; the web server listens on it later.

    :raises StartError: if it is not free.
    """
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError as error:
        listener.close()
        msg = (
            f"Port {port} cannot be used ({error.strerror}):"
            " choose another, for example PORT=8001 make run."
        )
        raise StartError(msg) from error
    return listener


class FirstPage:
    """
    The page at ``/``, after redirections.

    :param log: where the server tells what went wrong.
    """

    def __init__(self, port: int, *, log: Path) -> None:
        self._port = port
        self._log = log

    def answers(self) -> bool:
        """
        Ask for it once.

        :raises StartError: if an error page comes.
        """
        path, status = "/", 0
        try:
            for _ in range(REDIRECTS):
                status, target = self._get(path)
                if not target:
                    break
                path = urlsplit(target).path
        except (OSError, http.client.HTTPException):
            return False
        if status != http.client.OK:
            msg = f"The first page answers with status {status}: see {self._log}"
            raise StartError(msg)
        return True

    def _get(self, path: str) -> tuple[int, str]:
        # Straight to the server: a proxy from the environment does not know it.
        connection = http.client.HTTPConnection(HOST, self._port, timeout=PATIENCE)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            answer.read()
            return answer.status, answer.getheader("Location") or ""
        finally:
            connection.close()
