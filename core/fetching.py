"""
Ask other servers, without being led where nobody should look.

The name is resolved once; every address it has must be public, or in a network that the
installation allows, and the connection goes to that very address. Redirects are not
followed. Time and size are limited as a whole, however slowly the bytes drip in.
"""

import io
import ipaddress
import socket
import ssl
import time
from collections.abc import Collection
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPException, HTTPResponse
from typing import Any, cast
from urllib.parse import SplitResult, urlsplit

PORTS = {"https": 443, "http": 80}
CHUNK = 1 << 16
# All of IPv6 that is given out as public: nothing that translates, or came before.
GIVEN_OUT = ipaddress.IPv6Network("2000::/3")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class FetchError(Exception):
    """An answer that did not come; says why, and never repeats the question."""


@dataclass(frozen=True, slots=True)
class Rules:
    """
    What may be asked, and how much of an answer is taken.

    :ivar plain_http: whether an address may do without TLS.
    :ivar networks: networks that are not public and may be asked nevertheless.
    :ivar seconds: for everything, from resolving the name to the last byte.
    """

    plain_http: bool = False
    networks: Collection[Network] = ()
    seconds: float = 30.0
    most_bytes: int = 16 << 20


def check_address(url: str, rules: Rules) -> SplitResult:
    """
    Make sure that an address is one that may be asked, as far as its words tell.

    :raises FetchError: in words, if it is not.
    """
    try:
        parts = urlsplit(url)
        port_is_one = parts.port is None or parts.port > 0
    except ValueError as error:
        msg = "the address is none"
        raise FetchError(msg) from error
    if not url.isascii() or any(sign <= " " for sign in url) or not port_is_one:
        msg = "the address is none"
        raise FetchError(msg)
    if parts.scheme != "https" and not (parts.scheme == "http" and rules.plain_http):
        msg = "the address must begin with https://"
        raise FetchError(msg)
    if not parts.hostname or parts.username is not None:
        msg = "the address must name a host, and no user"
        raise FetchError(msg)
    return parts


def fetch(url: str, rules: Rules, *, accept: str = "*/*") -> bytes:
    """
    Return what a server answers to a GET.

    :raises FetchError: if the address may not be asked, or the answer is not 200, too
        large, too slow or broken.
    """
    parts = check_address(url, rules)
    until = time.monotonic() + rules.seconds
    try:
        with _connected(parts, rules, until) as connection:
            connection.sendall(_request(parts, accept))
            response = HTTPResponse(cast("socket.socket", _Paced(connection, until)))
            response.begin()
            return _body(response, rules)
    except FetchError:
        raise
    except TimeoutError as error:
        msg = f"{parts.hostname} took longer than {rules.seconds:g} seconds"
        raise FetchError(msg) from error
    except ssl.SSLError as error:
        msg = f"{parts.hostname} cannot be trusted: {error.reason or 'no TLS'}"
        raise FetchError(msg) from error
    except (OSError, HTTPException, ValueError) as error:
        msg = f"{parts.hostname} did not answer: {type(error).__name__}"
        raise FetchError(msg) from error


def _connected(parts: SplitResult, rules: Rules, until: float) -> socket.socket:
    host = cast("str", parts.hostname)
    port = parts.port or PORTS[parts.scheme]
    address = _allowed(host, port, rules)
    connection = socket.create_connection((address, port), timeout=_left(until))
    if parts.scheme == "http":
        return connection
    try:
        connection.settimeout(_left(until))
        return ssl.create_default_context().wrap_socket(
            connection, server_hostname=host
        )
    except BaseException:
        connection.close()
        raise


def _allowed(host: str, port: int, rules: Rules) -> str:
    """Return the address to connect to; all that the name has must be allowed."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        msg = f"{host} cannot be found"
        raise FetchError(msg) from error
    addresses = [str(item[4][0]) for item in found]
    for text in addresses:
        if not _may_be_asked(ipaddress.ip_address(text.partition("%")[0]), rules):
            msg = f"{host} is not on the public network: it may not be asked"
            raise FetchError(msg)
    return addresses[0]


def _may_be_asked(address: Address, rules: Rules) -> bool:
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    if any(address in network for network in rules.networks):
        return True
    # Addresses of IPv4 in other clothes lead where those lead.
    if isinstance(address, ipaddress.IPv6Address) and (
        address not in GIVEN_OUT or address.sixtofour or address.teredo
    ):
        return False
    return address.is_global and not address.is_multicast


def _request(parts: SplitResult, accept: str) -> bytes:
    path = parts.path or "/"
    query = f"?{parts.query}" if parts.query else ""
    host = parts.netloc.rpartition("@")[2]
    return (
        f"GET {path}{query} HTTP/1.1\r\nHost: {host}\r\nAccept: {accept}\r\n"
        "Accept-Encoding: identity\r\nUser-Agent: Paraula\r\nConnection: close\r\n\r\n"
    ).encode()


def _body(response: HTTPResponse, rules: Rules) -> bytes:
    if HTTPStatus.MULTIPLE_CHOICES <= response.status < HTTPStatus.BAD_REQUEST:
        msg = f"the answer was {response.status}: redirects are not followed"
        raise FetchError(msg)
    if response.status != HTTPStatus.OK:
        msg = f"the answer was {response.status}"
        raise FetchError(msg)
    if response.getheader("Content-Encoding", "identity").lower() != "identity":
        msg = "the answer is compressed, though it was asked not to be"
        raise FetchError(msg)
    body = bytearray()
    while chunk := response.read(CHUNK):
        body += chunk
        if len(body) > rules.most_bytes:
            msg = f"the answer is larger than {rules.most_bytes} bytes"
            raise FetchError(msg)
    if response.length:
        msg = "the answer was cut off"
        raise FetchError(msg)
    return bytes(body)


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


class _Paced:
    """A connection that waits for every byte only as long as is left in all."""

    def __init__(self, connection: socket.socket, until: float) -> None:
        self._raw = _PacedBytes(connection, until)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self._raw)


class _PacedBytes(io.RawIOBase):
    def __init__(self, connection: socket.socket, until: float) -> None:
        self._connection = connection
        self._until = until

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._connection.settimeout(_left(self._until))
        return self._connection.recv_into(buffer)
