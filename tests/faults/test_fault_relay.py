"""The relay itself, between Python's HTTP client and a small server: every fault does happen."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import fault_relay
import pytest
from fault_relay import FAULTS, Relay, Request, Rule

BODY = bytes(range(256)) * 4
Answer = tuple[int, bytes]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    seen: list[tuple[str, bytes]]

    def _answer(self, body: bytes) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self.seen.append((f"{self.command} {self.path}", self.rfile.read(length)))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_GET(self) -> None:
        if self.path.endswith("chunked"):
            self.seen.append((f"GET {self.path}", b""))
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n")
        else:
            self._answer(BODY)

    def do_HEAD(self) -> None:
        self._answer(BODY)

    def do_PUT(self) -> None:
        self._answer(b"")

    def log_message(self, *_: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        self.seen: list[tuple[str, bytes]] = []
        handler = type("Recording", (Handler,), {"seen": self.seen})
        super().__init__(("127.0.0.1", 0), handler)


@pytest.fixture
def backend() -> Iterator[Server]:
    with Server() as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def relay(backend: Server) -> Iterator[Relay]:
    with fault_relay.relaying(f"http://127.0.0.1:{backend.server_port}") as started:
        yield started


def connect(relay: Relay, timeout: float = 60.0) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", int(relay.endpoint[17:]), timeout=timeout)


def ask(connection: http.client.HTTPConnection, method: str, key: str, body: bytes = b"") -> Answer:
    connection.request(method, f"/bucket/{key}", body=body or None)
    answer = connection.getresponse()
    return answer.status, answer.read()


def injected(relay: Relay, fault: str) -> int:
    count: int = relay.report()["injected"].get(fault, 0)
    return count


def test_passes_everything_on_through_one_connection(relay: Relay, backend: Server) -> None:
    connection = connect(relay)
    for _ in range(3):
        assert ask(connection, "GET", "a%20b/c?x=1") == (200, BODY)
        assert ask(connection, "PUT", "p", b"hello") == (200, b"")
        assert ask(connection, "HEAD", "h") == (200, b"")
        assert ask(connection, "GET", "chunked") == (200, b"abcde")
    assert backend.seen[:2] == [("GET /bucket/a%20b/c?x=1", b""), ("PUT /bucket/p", b"hello")]
    relay.wait_until_idle()
    assert relay.report() == {"requests": 12, "active": 0, "injected": {}}


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ("500", 500, b"InternalError"),
        ("502", 502, b"Bad Gateway"),
        ("503", 503, b"SlowDown"),
        ("denied", 403, b"AccessDenied"),
        ("expired", 400, b"ExpiredToken"),
        ("skewed", 403, b"RequestTimeTooSkewed"),
        ("full", 507, b"InsufficientStorage"),
        ("quota", 403, b"QuotaExceeded"),
        ("404", 404, b"NoSuchKey"),
        ("no-bucket", 404, b"NoSuchBucket"),
        ("412", 412, b"PreconditionFailed"),
    ],
)
def test_answers_instead_of_the_server(
    relay: Relay, backend: Server, fault: str, status: int, code: bytes
) -> None:
    relay.set_rules([Rule(fault, count=1)])
    connection = connect(relay)
    answered, body = ask(connection, "PUT", "x", b"data")
    assert answered == status
    assert code in body
    assert backend.seen == []
    assert ask(connection, "PUT", "x", b"data") == (200, b"")  # the same connection
    assert injected(relay, fault) == 1


def test_the_answer_is_lost_after_the_server_did_it(relay: Relay, backend: Server) -> None:
    relay.set_rules([Rule("lose-answer")])
    with pytest.raises(ConnectionResetError):
        ask(connect(relay), "PUT", "x", b"data")
    assert backend.seen == [("PUT /bucket/x", b"data")]
    assert injected(relay, "lose-answer") == 1


def test_a_reset_before_the_server_hears_of_it(relay: Relay, backend: Server) -> None:
    relay.set_rules([Rule("reset")])
    with pytest.raises(ConnectionResetError):
        ask(connect(relay), "PUT", "x", b"data")
    assert backend.seen == []
    assert injected(relay, "reset") == 1


def test_bodies_that_end_early(relay: Relay) -> None:
    relay.set_rules([Rule("truncate", key="half"), Rule("shorten", key="short")])
    with pytest.raises(http.client.IncompleteRead) as caught:
        ask(connect(relay), "GET", "half")
    assert caught.value.partial == BODY[: len(BODY) // 2]
    with socket.create_connection(("127.0.0.1", int(relay.endpoint[17:])), timeout=60) as raw:
        raw.sendall(b"PUT /bucket/half HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
        head = b"".join(iter(lambda: raw.recv(100), b""))
    assert head.startswith(b"HTTP/1.1 200")  # no body: the head itself ends early
    assert not head.endswith(b"\r\n\r\n")
    assert ask(connect(relay), "GET", "short") == (200, BODY[: len(BODY) // 2])
    assert relay.report()["injected"] == {"truncate": 2, "shorten": 1}


def test_one_bit_changes(relay: Relay, backend: Server) -> None:
    relay.set_rules([Rule("corrupt", verbs="GET"), Rule("corrupt-upload", verbs="PUT")])
    _, body = ask(connect(relay), "GET", "x")
    assert len(body) == len(BODY)
    assert sum(a != b for a, b in zip(body, BODY, strict=True)) == 1
    ask(connect(relay), "PUT", "x", b"data")
    assert backend.seen[-1] == ("PUT /bucket/x", b"da\x64a")
    assert relay.report()["injected"] == {"corrupt": 1, "corrupt-upload": 1}


def test_a_stall_and_a_drip(relay: Relay) -> None:
    relay.set_rules([Rule("stall", key="stall"), Rule("drip", key="drip")])
    with pytest.raises(TimeoutError):
        ask(connect(relay, timeout=0.3), "GET", "stall")
    connection = socket.create_connection(("127.0.0.1", int(relay.endpoint[17:])), timeout=60)
    started = time.monotonic()
    connection.sendall(b"GET /bucket/drip HTTP/1.1\r\nHost: x\r\n\r\n")
    assert b"".join(connection.recv(1) for _ in range(3)) == b"HTT"
    assert time.monotonic() - started >= 2 * fault_relay.DRIP_SECONDS
    connection.close()
    assert relay.report()["injected"] == {"stall": 1, "drip": 1}


def test_refused_until_it_accepts_again(relay: Relay, backend: Server) -> None:
    kept = connect(relay)
    assert ask(kept, "GET", "x") == (200, BODY)
    relay.set_rules([Rule("refuse", count=1)])
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        ask(connect(relay), "GET", "x")
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        ask(kept, "GET", "x")
    for _ in range(3):
        with pytest.raises(ConnectionRefusedError):
            ask(connect(relay), "GET", "x")
    relay.accept_again()
    assert ask(connect(relay), "GET", "x") == (200, BODY)
    assert len(backend.seen) == 2
    assert injected(relay, "refuse") == 1


def test_hooks_at_the_kth_request(relay: Relay, backend: Server) -> None:
    calls: list[tuple[Request, int]] = []

    def hook(request: Request) -> None:
        calls.append((request, len(backend.seen)))

    for fault, seen in (("before", 2), ("after", 3)):
        backend.seen.clear()
        relay.set_rules([Rule(fault, first=3, count=1, hook=hook)])
        connection = connect(relay)
        for _ in range(2):
            ask(connection, "GET", "x")
        with pytest.raises(ConnectionResetError):
            ask(connection, "PUT", "y", b"data")
        assert calls.pop() == (Request(3, "PUT", "y", "", 4), seen)


def test_rules_choose_by_verb_key_number_and_chance(relay: Relay) -> None:
    connection = connect(relay)
    relay.set_rules([Rule("500", verbs="GET HEAD", key="^data/", first=2, count=2)])
    asked = [("PUT", "data/1"), ("GET", "other")] + [("GET", "data/1")] * 4
    assert [ask(connection, *each)[0] for each in asked] == [200, 200, 200, 500, 500, 200]

    def statuses(seed: int) -> list[int]:
        relay.set_rules([Rule("503", probability=0.3)], seed)
        return [ask(connection, "GET", "x")[0] for _ in range(60)]

    first = statuses(1)
    assert first == statuses(1)
    assert first != statuses(2)
    assert 5 < first.count(503) < 40


def test_every_fault_is_tested_here() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    assert [name for name in FAULTS if f'"{name}"' not in text] == []


def test_in_a_process_of_its_own(backend: Server) -> None:
    with fault_relay.started(f"http://127.0.0.1:{backend.server_port}") as remote:
        remote.set_rules([Rule("503", count=1)], seed=3)
        connection = http.client.HTTPConnection("127.0.0.1", int(remote.endpoint[17:]), timeout=60)
        assert ask(connection, "GET", "x")[0] == 503
        assert ask(connection, "GET", "x") == (200, BODY)
        assert remote.report()["injected"] == {"503": 1}
        assert remote.report()["requests"] == 2
        connection.close()
