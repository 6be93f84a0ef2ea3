"""An HTTP relay on 127.0.0.1 in front of a real S3 server, which fails where rules tell it to.

In a process of its own (the tested program may hold Python's lock while it waits for an answer)::

    with fault_relay.started(endpoint) as relay:
        relay.set_rules([Rule("503", verbs="GET", probability=0.05)], seed=7)
        ...
        assert relay.report()["injected"]["503"] > 0

In this process, where rules call hooks::

    with fault_relay.relaying(endpoint) as relay:
        relay.set_rules([Rule("after", first=17, count=1, hook=kill_the_writer)])

A program behind the relay can change the rules as well: Remote(address of the control).
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import random
import re
import socket
import struct
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, BinaryIO
from urllib.parse import unquote, urlsplit

import daemon
from http_message import Message, read_answer, read_exactly, read_head

HOST = "127.0.0.1"
DRIP_BYTES, DRIP_SECONDS = 1, 0.25


@dataclass(frozen=True)
class Request:
    """What a rule and its hook see of a request."""

    number: int  # 1 is the first since set_rules()
    method: str
    key: str  # decoded path behind the bucket; empty: the bucket
    query: str
    length: int  # of the body


Hook = Callable[[Request], None]


@dataclass
class Rule:
    """Let `fault` (a name in FAULTS) happen to the requests that match."""

    fault: str
    verbs: str = ""  # "GET PUT": either of them; empty: any
    key: str = ""  # regular expression, found somewhere in the key
    first: int = 1  # of the matching requests, the first one that fails, from 1
    count: int | None = None  # how many fail at most; None: no bound
    probability: float = 1.0
    hook: Hook | None = None  # called by "before" and "after"
    matched: int = 0
    injected: int = 0

    def applies(self, request: Request, dice: random.Random) -> bool:
        if self.verbs and request.method not in self.verbs.split():
            return False
        if not re.search(self.key, request.key):
            return False
        self.matched += 1
        if self.matched < self.first or (self.count is not None and self.injected >= self.count):
            return False
        if self.probability < 1.0 and dice.random() >= self.probability:
            return False
        self.injected += 1
        return True


class Exchange:
    """One request of a client and what becomes of it."""

    def __init__(self, relay: Relay, link: Link, request: Request, message: Message) -> None:
        self.relay, self.link, self.request, self.message = relay, link, request, message
        self.hook: Hook | None = None

    def forward(self) -> Message:
        """Pass the request on and return the server's answer."""
        return self.link.ask(self.message, self.request.method)

    def send(self, answer: Message) -> None:
        self.link.client.sendall(answer.wire())

    def call_hook(self) -> None:
        assert self.hook is not None, "this rule needs a hook"
        self.hook(self.request)


class Link:
    """A connection of a client, and the connection to the server that belongs to it."""

    def __init__(self, relay: Relay, client: socket.socket) -> None:
        self.relay, self.client = relay, client
        self.incoming: BinaryIO = client.makefile("rb")
        self._server: socket.socket | None = None
        self._answers: BinaryIO | None = None

    def ask(self, message: Message, method: str) -> Message:
        reused = self._server is not None
        try:
            return self._ask_once(message, method)
        except OSError:
            self.close_server()
            if not reused:  # else the server may have closed an idle connection
                raise
            return self._ask_once(message, method)

    def _ask_once(self, message: Message, method: str) -> Message:
        if self._server is None:
            self._server = socket.create_connection(self.relay.target)
            self._server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._answers = self._server.makefile("rb")
        assert self._answers is not None
        self._server.sendall(message.wire())
        return read_answer(self._answers, method)

    def close(self, reset: bool) -> None:
        self.close_server()
        if reset:  # as a machine does that has gone
            with contextlib.suppress(OSError):
                linger = struct.pack("ii", 1, 0)
                self.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.incoming.close()
        self.client.close()

    def close_server(self) -> None:
        if self._server is not None and self._answers is not None:
            self._answers.close()
            self._server.close()
        self._server = self._answers = None


class EndConnectionError(Exception):
    """This connection of a client is over, by a reset or in order."""

    def __init__(self, reset: bool = True) -> None:
        super().__init__()
        self.reset = reset


def _refusal(status: str, code: str, text: str) -> Callable[[Exchange], None]:
    def act(exchange: Exchange) -> None:
        body = (
            f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code>'
            f"<Message>{text}</Message><Resource>{exchange.request.key}</Resource></Error>"
        )
        answer = Message(f"HTTP/1.1 {status}", [("Content-Type", "application/xml")], body.encode())
        if exchange.request.method == "HEAD":
            answer.body = b""
        exchange.send(answer)

    return act


def _bad_gateway(exchange: Exchange) -> None:
    """As proxies answer: not XML."""
    body = b"<html><body><h1>502 Bad Gateway</h1></body></html>"
    exchange.send(Message("HTTP/1.1 502 Bad Gateway", [("Content-Type", "text/html")], body))


def _lose_answer(exchange: Exchange) -> None:
    exchange.forward()
    raise EndConnectionError


def _reset(_exchange: Exchange) -> None:
    raise EndConnectionError


def _truncate(exchange: Exchange) -> None:
    """The length stays, half of the body (or of the head, where there is no body) comes."""
    answer = exchange.forward()
    length = len(answer.body) or len(answer.head())
    exchange.link.client.sendall(answer.wire()[: -((length + 1) // 2)])
    raise EndConnectionError(reset=False)


def _shorten(exchange: Exchange) -> None:
    """Half of the body, and a length that fits it."""
    answer = exchange.forward()
    answer.body = answer.body[: len(answer.body) // 2]
    exchange.send(answer)


def _corrupt(exchange: Exchange) -> None:
    exchange.send(exchange.forward().flipped())


def _corrupt_upload(exchange: Exchange) -> None:
    exchange.message = exchange.message.flipped()
    exchange.send(exchange.forward())


def _stall(exchange: Exchange) -> None:
    exchange.relay.wait_until_closed(exchange.link.client)
    raise EndConnectionError


def _drip(exchange: Exchange) -> None:
    """A byte now and then: never silent, never done."""
    answer = exchange.forward()
    data = answer.wire()
    for begin in range(0, len(data), DRIP_BYTES):
        if exchange.relay.closing.wait(DRIP_SECONDS):
            raise EndConnectionError
        exchange.link.client.sendall(data[begin : begin + DRIP_BYTES])


def _refuse(exchange: Exchange) -> None:
    # The asking client last: what it asks next must find everything refused.
    exchange.relay.refuse(last=exchange.link.client)
    raise EndConnectionError


def _before(exchange: Exchange) -> None:
    exchange.call_hook()
    raise EndConnectionError


def _after(exchange: Exchange) -> None:
    exchange.forward()
    exchange.call_hook()
    raise EndConnectionError


FAULTS: dict[str, Callable[[Exchange], None]] = {
    "500": _refusal("500 Internal Server Error", "InternalError", "We encountered an error."),
    "502": _bad_gateway,
    "503": _refusal("503 Slow Down", "SlowDown", "Please reduce your request rate."),
    "denied": _refusal("403 Forbidden", "AccessDenied", "Access Denied."),
    "expired": _refusal("400 Bad Request", "ExpiredToken", "The provided token has expired."),
    "skewed": _refusal(
        "403 Forbidden", "RequestTimeTooSkewed", "The difference of the clocks is too large."
    ),
    "full": _refusal("507 Insufficient Storage", "InsufficientStorage", "The disk is full."),
    "quota": _refusal("403 Forbidden", "QuotaExceeded", "The bucket is full."),
    "404": _refusal("404 Not Found", "NoSuchKey", "The specified key does not exist."),
    "no-bucket": _refusal("404 Not Found", "NoSuchBucket", "The bucket does not exist."),
    "412": _refusal("412 Precondition Failed", "PreconditionFailed", "A condition did not hold."),
    "lose-answer": _lose_answer,
    "reset": _reset,
    "truncate": _truncate,
    "shorten": _shorten,
    "corrupt": _corrupt,
    "corrupt-upload": _corrupt_upload,
    "stall": _stall,
    "drip": _drip,
    "refuse": _refuse,
    "before": _before,
    "after": _after,
}


@dataclass
class _State:
    """Rules in force and what they did."""

    rules: list[Rule] = field(default_factory=list)
    dice: random.Random = field(default_factory=random.Random)
    requests: int = 0
    injected: Counter[str] = field(default_factory=Counter)


Answering = Callable[[Link, Message], None]


class Relay:
    """Listens on a port of its own and passes everything on, but for what its rules say."""

    def __init__(self, endpoint: str) -> None:
        parts = urlsplit(endpoint)
        assert parts.hostname is not None
        assert parts.port is not None
        self.target = (parts.hostname, parts.port)
        self.closing = threading.Event()
        self._lock = threading.Lock()
        self._state = _State()
        self._active = 0
        self._clients: set[socket.socket] = set()
        self._socket = socket.create_server((HOST, 0), backlog=1024)
        self._port: int = self._socket.getsockname()[1]
        self._control_socket = socket.create_server((HOST, 0))
        self._start(self._accept, self._socket, self._answer)
        self._start(self._accept, self._control_socket, self._control)

    @property
    def endpoint(self) -> str:
        return f"http://{HOST}:{self._port}"

    @property
    def control(self) -> str:
        """Where a Remote asks; never refused."""
        return f"http://{HOST}:{self._control_socket.getsockname()[1]}"

    def set_rules(self, rules: Sequence[Rule], seed: int = 0) -> None:
        """The first rule that applies to a request decides. All counts start again."""
        for rule in rules:
            assert rule.fault in FAULTS, rule.fault
        with self._lock:
            self._state = _State(list(rules), random.Random(seed))

    def report(self) -> dict[str, Any]:
        """Requests since set_rules(), those under way, faults by kind."""
        with self._lock:
            state = self._state
            return {
                "requests": state.requests,
                "active": self._active,
                "injected": dict(state.injected),
            }

    def wait_until_idle(self, seconds: float = 300.0) -> None:
        """Until every request that was passed on has been answered."""
        deadline = time.monotonic() + seconds
        while self.report()["active"]:
            assert time.monotonic() < deadline, "requests still under way"
            time.sleep(0.002)

    def wait_until_closed(self, client: socket.socket) -> None:
        """Until the relay or the client ends."""
        client.settimeout(0.1)
        while not self.closing.is_set():
            try:
                if not client.recv(1):
                    return
            except TimeoutError:
                continue

    def refuse(self, last: socket.socket | None = None) -> None:
        """Break all connections and refuse new ones, as the machine of a stopped server does.

        The caller breaks `last` itself.
        """
        with self._lock:
            listener, self._socket = self._socket, socket.socket()
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)  # wakes accept(), which close() does not
        listener.close()
        # Bound, but not listening: nobody else gets the port meanwhile.
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind((HOST, self._port))
        with self._lock:
            clients = [each for each in self._clients if each is not last]
        for client in clients:
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)

    def accept_again(self) -> None:
        """The end of refuse()."""
        self._socket.listen(1024)
        self._start(self._accept, self._socket, self._answer)

    def close(self) -> None:
        self.closing.set()
        self.refuse()
        self._socket.close()
        with contextlib.suppress(OSError):
            self._control_socket.shutdown(socket.SHUT_RDWR)
        self._control_socket.close()

    @staticmethod
    def _start(target: Callable[..., None], *arguments: object) -> None:
        threading.Thread(target=target, args=arguments, daemon=True).start()

    def _accept(self, listener: socket.socket, answer: Answering) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                with self._lock:
                    refused = listener not in (self._socket, self._control_socket)
                    if listener is self._socket:
                        self._clients.add(client)
                if refused:  # accepted while refuse() began
                    client.close()
                else:
                    self._start(self._serve, client, answer)

    def _serve(self, client: socket.socket, answer: Answering) -> None:
        link = Link(self, client)
        reset = False
        try:
            while (message := read_head(link.incoming)) is not None:
                length = int(message.header("content-length") or "0")
                message.body = read_exactly(link.incoming, length)
                answer(link, message)
        except EndConnectionError as end:
            reset = end.reset
        except (OSError, ValueError):
            reset = True
        finally:
            with self._lock:
                self._clients.discard(client)
            link.close(reset)

    def _answer(self, link: Link, message: Message) -> None:
        method, target, _ = message.start.split(" ", 2)
        path, _, query = target.partition("?")
        key = unquote(path).lstrip("/").partition("/")[2]
        with self._lock:
            state = self._state
            state.requests += 1
            request = Request(state.requests, method, key, query, len(message.body))
            rule = next((each for each in state.rules if each.applies(request, state.dice)), None)
            if rule is not None:
                state.injected[rule.fault] += 1
            self._active += 1
        exchange = Exchange(self, link, request, message)
        try:
            if rule is None:
                exchange.send(exchange.forward())
            else:
                exchange.hook = rule.hook
                FAULTS[rule.fault](exchange)
        finally:
            with self._lock:
                self._active -= 1

    def _control(self, link: Link, message: Message) -> None:
        what = message.start.split(" ")[1].lstrip("/")
        if what == "rules":
            wanted = json.loads(message.body)
            self.set_rules([Rule(**each) for each in wanted["rules"]], wanted["seed"])
        elif what == "accept":
            self.accept_again()
        body = json.dumps(self.report()).encode()
        answer = Message("HTTP/1.1 200 OK", [("Content-Type", "application/json")], body)
        link.client.sendall(answer.wire())


@contextlib.contextmanager
def relaying(endpoint: str) -> Iterator[Relay]:
    """A relay in this process: for programs in others."""
    relay = Relay(endpoint)
    try:
        yield relay
    finally:
        relay.close()


@dataclass(frozen=True)
class Remote:
    """A relay in another process, told over HTTP."""

    control: str
    endpoint: str = ""

    def set_rules(self, rules: Sequence[Rule], seed: int = 0) -> None:
        wanted = []
        for rule in rules:
            assert rule.hook is None, "a hook works in the relay's own process only"
            fields = asdict(rule)
            del fields["hook"]
            wanted.append(fields)
        self._ask("rules", {"rules": wanted, "seed": seed})

    def report(self) -> dict[str, Any]:
        return self._ask("report", None)

    def accept_again(self) -> None:
        self._ask("accept", None)

    def _ask(self, what: str, content: object) -> dict[str, Any]:
        parts = urlsplit(self.control)
        connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=300)
        try:
            connection.request("POST", f"/{what}", body=json.dumps(content))
            answer: dict[str, Any] = json.loads(connection.getresponse().read())
            return answer
        finally:
            connection.close()


@contextlib.contextmanager
def started(endpoint: str) -> Iterator[Remote]:
    """A relay in a process of its own, which ends with this block (or with this process)."""
    command = [sys.executable, __file__, endpoint]
    with daemon.announced(command) as places:
        yield Remote(*places.split())


def main() -> None:
    parser = argparse.ArgumentParser(description="A relay that ends when its standard input does")
    parser.add_argument("endpoint", help="http://host:port of the server")
    with relaying(parser.parse_args().endpoint) as relay:
        print(relay.control, relay.endpoint, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
