"""An HTTP gateway in front of a real S3 server, in a process of its own: on an address of either
kind, below a path.

As reverse proxies do, it takes the path off and tells the server in X-Forwarded-Prefix, which
SeaweedFS counts as signed. Requests outside the path get a 404::

    with gateway.started("http://127.0.0.1:8333", host="::1", prefix="/storage/s3") as endpoint:
        assert endpoint == "http://[::1]:40000/storage/s3"
"""

from __future__ import annotations

import argparse
import contextlib
import socket
import socketserver
import sys
import threading
from collections.abc import Iterator
from typing import BinaryIO, cast
from urllib.parse import urlsplit

import daemon
from http_message import Message, read_answer, read_exactly, read_head


class Connection(socketserver.StreamRequestHandler):
    """Of one client; each has a connection to the server of its own."""

    disable_nagle_algorithm = True
    server: Gateway

    def handle(self) -> None:
        with (
            contextlib.suppress(OSError, ValueError),
            socket.create_connection(self.server.target) as server,
        ):
            server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            asked, answers = cast("BinaryIO", self.rfile), server.makefile("rb")
            while (message := read_head(asked)) is not None:
                length = int(message.header("content-length") or "0")
                message.body = read_exactly(asked, length)
                method, target, version = message.start.split(" ", 2)
                if not target.startswith(self.server.prefix + "/"):
                    self.wfile.write(Message("HTTP/1.1 404 Not Found", []).wire())
                    continue
                if self.server.prefix:
                    message.headers.append(("X-Forwarded-Prefix", self.server.prefix))
                inner = target.removeprefix(self.server.prefix)
                message.start = f"{method} {inner} {version}"
                server.sendall(message.wire())
                self.wfile.write(read_answer(answers, method).wire())


class Gateway(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, endpoint: str, host: str, prefix: str) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        parts = urlsplit(endpoint)
        assert parts.port is not None
        self.target = (str(parts.hostname), parts.port)
        self.prefix = prefix
        super().__init__((host, 0), Connection)


@contextlib.contextmanager
def started(endpoint: str, host: str = "127.0.0.1", prefix: str = "") -> Iterator[str]:
    """The endpoint that clients use; ends with this block (or with this process)."""
    command = [sys.executable, __file__, endpoint, host, prefix]
    with daemon.announced(command) as port:
        shown = f"[{host}]" if ":" in host else host
        yield f"http://{shown}:{int(port)}{prefix}"


def main() -> None:
    parser = argparse.ArgumentParser(description="A gateway that ends when its standard input does")
    parser.add_argument("endpoint", help="http://host:port of the server")
    parser.add_argument("host", help="address to listen on")
    parser.add_argument("prefix", help="path that belongs to the server; may be empty")
    chosen = parser.parse_args()
    with Gateway(chosen.endpoint, chosen.host, chosen.prefix) as gateway:
        threading.Thread(target=gateway.serve_forever, daemon=True).start()
        print(gateway.server_address[1], flush=True)
        sys.stdin.read()
        gateway.shutdown()


if __name__ == "__main__":
    main()
