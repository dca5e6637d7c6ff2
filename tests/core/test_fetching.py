"""Ask a real server that answers well, badly, slowly, without end, or elsewhere."""

import ipaddress
import socket
import ssl
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from core.fetching import FetchError, Rules, check_address, fetch

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))
RULES = Rules(plain_http=True, networks=LOOPBACK, seconds=5, most_bytes=1_000)


@contextmanager
def server(answer, context=None):
    """Serve; ``answer`` is told the handler and writes what it likes."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            asked.append((self.path, dict(self.headers)))
            answer(self)
            self.close_connection = True

        def log_message(self, *_words):
            pass

    asked = []
    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running.daemon_threads = True
    if context is not None:
        running.socket = context.wrap_socket(running.socket, server_side=True)
    thread = threading.Thread(target=running.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{running.server_port}", asked
    finally:
        running.shutdown()
        running.server_close()
        thread.join()


def whole(status, body=b"", **headers):
    def answer(handler):
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def raw(data):
    return lambda handler: handler.wfile.write(data)


def refused(url, rules=RULES):
    with pytest.raises(FetchError) as error:
        fetch(url, rules)
    return str(error.value)


def test_an_answer_is_its_body():
    with server(whole(200, b"[1]")) as (url, asked):
        assert fetch(f"{url}/a?b=c%20d", RULES, accept="application/json") == b"[1]"
    path, headers = asked[0]
    assert path == "/a?b=c%20d"
    assert headers["Accept"] == "application/json"
    assert headers["Host"] == url.removeprefix("http://")


def test_a_body_in_pieces_or_until_the_end_is_put_together():
    pieces = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"
    for data in (pieces, b"HTTP/1.0 200 OK\r\n\r\nabc"):
        with server(raw(data)) as (url, _asked):
            assert fetch(url, RULES) == b"abc"


@pytest.mark.parametrize("status", [201, 204, 400, 404, 429, 500, 503])
def test_only_200_is_an_answer(status):
    with server(whole(status)) as (url, _asked):
        assert refused(url) == f"the answer was {status}"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed_wherever_it_leads(status):
    with server(whole(200, b"secret")) as (inside, asked):
        elsewhere = whole(status, Location=f"{inside}/admin")
        with server(elsewhere) as (url, _asked):
            assert "redirects are not followed" in refused(url)
    assert asked == []


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\na",
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nA: " + b"b" * 70_000 + b"\r\n\r\n",
    ],
    ids=["nothing", "nonsense", "cut", "chunk", "gzip", "headers", "header"],
)
def test_what_is_no_whole_answer_is_refused(data):
    with server(raw(data)) as (url, _asked):
        assert refused(url)


@pytest.mark.parametrize("announced", [True, False])
def test_no_more_is_read_than_was_allowed(announced):
    sent = []

    def answer(handler):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        if announced:
            handler.wfile.write(b"Content-Length: 1000000000\r\n")
        handler.wfile.write(b"\r\n")
        try:
            for _turn in range(1_000):
                handler.wfile.write(b"x" * 100_000)
                sent.append(1)
        except OSError:
            pass

    with server(answer) as (url, _asked):
        assert refused(url) == "the answer is larger than 1000 bytes"
    assert len(sent) < 1_000


@pytest.mark.parametrize("after", [b"", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_bytes_that_drip_in_are_not_waited_for(after):
    """Each comes in time, but all of them together do not."""
    over = threading.Event()

    def answer(handler):
        try:
            handler.wfile.write(after)
            while not over.wait(0.05):
                handler.wfile.write(b"H")
                handler.wfile.flush()
        except OSError:
            pass

    rules = Rules(plain_http=True, networks=LOOPBACK, seconds=0.5)
    with server(answer) as (url, _asked):
        began = time.monotonic()
        try:
            assert "took longer than 0.5 seconds" in refused(url, rules)
        finally:
            over.set()
        assert time.monotonic() - began < 20


def test_nobody_there_is_a_failure_in_words():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    assert "did not answer: ConnectionRefusedError" in refused(
        f"http://127.0.0.1:{port}"
    )


def test_a_name_that_nobody_knows_is_a_failure_in_words(monkeypatch):
    def unknown(*_names, **_options):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert refused("https://city.example/") == "city.example cannot be found"


def test_a_server_that_speaks_no_tls_is_not_trusted():
    with server(whole(200)) as (url, _asked):
        words = refused(url.replace("http:", "https:"))
    assert "cannot be trusted" in words


# A key and the certificate that city.example signed for itself, good until 2126.
CERTIFIED = Path(__file__).parent / "city_example.pem"


@pytest.mark.real_clock
def test_a_server_is_trusted_by_its_name_and_asked_at_its_address(monkeypatch):
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(CERTIFIED)
    trusting = ssl.create_default_context(cafile=str(CERTIFIED))
    monkeypatch.setattr(ssl, "create_default_context", lambda: trusting)
    here = {"city.example", "other.example"}
    monkeypatch.setattr(socket, "getaddrinfo", only_for(here, at_loopback))
    with server(whole(200, b"ok"), context=serving) as (url, asked):
        port = url.rpartition(":")[2]
        assert fetch(f"https://city.example:{port}/a", RULES) == b"ok"
        words = refused(f"https://other.example:{port}/a")
    assert "other.example cannot be trusted" in words
    assert [path for path, _headers in asked] == ["/a"]


def at_loopback(_host, port, **_options):
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]


def test_a_name_is_resolved_once_and_that_address_is_asked(monkeypatch):
    """A second look could be answered otherwise (DNS rebinding)."""
    looks = []

    def resolved(host, port, **options):
        looks.append(host)
        return at_loopback(host, port, **options)

    with server(whole(200, b"ok")) as (url, asked):
        monkeypatch.setattr(socket, "getaddrinfo", only_for({"city.example"}, resolved))
        assert fetch(url.replace("127.0.0.1", "city.example"), RULES) == b"ok"
    assert looks == ["city.example"]
    assert asked[0][1]["Host"].startswith("city.example:")


def only_for(hosts, resolved):
    true = socket.getaddrinfo
    return lambda name, *rest, **options: (
        resolved(name, *rest, **options)
        if name in hosts
        else true(name, *rest, **options)
    )


INSIDE = [
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "224.0.0.1",
    "255.255.255.255",
    "192.0.2.1",
    "::1",
    "::",
    "fe80::1",
    "fe80::1%lo",
    "fc00::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "2001:0:7f00:1::",
    "64:ff9b:1::a00:1",
    "::127.0.0.1",
    "::ffff:0:a00:1",
    "fec0::1",
    "5f00::1",
    "4000::1",
    "1fff:ffff::1",
]


@pytest.mark.parametrize("address", INSIDE)
def test_what_is_not_public_is_never_connected_to(address, monkeypatch):
    monkeypatch.setattr(socket, "create_connection", unexpected)
    answers = [(0, 0, 0, "", ("93.184.216.34", 443)), (0, 0, 0, "", (address, 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_names, **_options: answers)
    assert "not on the public network" in refused("https://city.example/", Rules())


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "2606:2800:220::1", "2a00:1450::1"]
)
def test_what_is_public_is_connected_to(address, monkeypatch):
    asked = []

    def connect(to, **_options):
        asked.append(to)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", connect)
    answers = [(0, 0, 0, "", (address, 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_names, **_options: answers)
    assert "did not answer" in refused("https://city.example/", Rules())
    assert asked == [(address, 443)]


def unexpected(*_arguments, **_options):
    raise AssertionError("it was connected to")


@pytest.mark.parametrize("host", ["127.1", "0x7f000001", "2130706433", "017700000001"])
def test_addresses_in_other_writings_are_known(host, monkeypatch):
    monkeypatch.setattr(socket, "create_connection", unexpected)
    words = refused(f"http://{host}/", Rules(plain_http=True))
    assert "not on the public network" in words or "cannot be found" in words


def test_a_network_that_is_allowed_is_asked_and_no_other(monkeypatch):
    monkeypatch.setattr(socket, "create_connection", unexpected)
    rules = Rules(plain_http=True, networks=(ipaddress.ip_network("10.20.0.0/16"),))
    assert "not on the public network" in refused("http://10.21.0.1/", rules)
    with pytest.raises(AssertionError, match="connected to"):
        fetch("http://10.20.0.1/", rules)


def test_the_address_is_not_repeated_with_its_key():
    with server(whole(500)) as (url, _asked):
        assert "sesame" not in refused(f"{url}/requests.json?api_key=sesame")


@pytest.mark.parametrize(
    "url",
    [
        "http://city.example/",
        "ftp://city.example/",
        "file:///etc/passwd",
        "https://",
        "https:///path",
        "https://user:word@city.example/",
        "https://city.example:99999/",
        "https://city.example:0/",
        "https://city.example/a b",
        "https://city.example/a\r\nb",
        "https://ciutat·lliure.example/",
        "https://[::1",
        "",
    ],
)
def test_only_plain_https_addresses_may_be_asked(url):
    with pytest.raises(FetchError):
        check_address(url, Rules())
