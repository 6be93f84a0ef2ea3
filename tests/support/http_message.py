"""HTTP/1.1 messages, read whole and written again: for relays that look into them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO


@dataclass
class Message:
    """A request or an answer: the first line, the headers as they came, the whole body."""

    start: str
    headers: list[tuple[str, str]]
    body: bytes = b""
    bodiless: bool = False  # an answer to HEAD: Content-Length, but nothing follows

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key.lower() == name), "")

    def wire(self) -> bytes:
        """As it goes over the wire; Content-Length is the body's."""
        return self.head() + self.body

    def head(self) -> bytes:
        headers = list(self.headers)
        if self.is_answer and not self.bodiless:
            headers = [each for each in headers if each[0].lower() != "content-length"]
            headers.append(("Content-Length", str(len(self.body))))
        lines = [self.start, *(f"{name}: {value}" for name, value in headers)]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    @property
    def is_answer(self) -> bool:
        return self.start.startswith("HTTP/")

    def flipped(self) -> Message:
        """The same with one bit of the body changed."""
        body = bytearray(self.body)
        if body:
            body[len(body) // 2] ^= 0x10
        return Message(self.start, self.headers, bytes(body), self.bodiless)


class ClosedError(OSError):
    """The other side has closed the connection."""


def read_head(stream: BinaryIO) -> Message | None:
    """None when the connection ends before a message begins."""
    start = stream.readline(1 << 16)
    if not start:
        return None
    headers = []
    while (line := stream.readline(1 << 16)) not in (b"\r\n", b"\n"):
        if not line.endswith(b"\n"):
            raise ClosedError("closed within a head")
        name, _, value = line.decode("latin-1").partition(":")
        headers.append((name, value.strip()))
    return Message(start.decode("latin-1").rstrip("\r\n"), headers)


def read_exactly(stream: BinaryIO, length: int) -> bytes:
    body = stream.read(length)
    if len(body) != length:
        raise ClosedError("closed within a body")
    return body


def read_chunks(stream: BinaryIO) -> bytes:
    """A body in Transfer-Encoding: chunked."""
    body = b""
    while size := int(stream.readline(1 << 10).split(b";")[0] or b"0", 16):
        body += read_exactly(stream, size)
        stream.readline(1 << 10)
    while stream.readline(1 << 16) not in (b"\r\n", b"\n", b""):
        pass
    return body


def read_answer(stream: BinaryIO, method: str) -> Message:
    while True:
        answer = read_head(stream)
        if answer is None:
            raise ClosedError("the server closed the connection without an answer")
        status = int(answer.start.split()[1])
        if status >= 200:
            break
    if method == "HEAD" or status in (204, 304):
        answer.bodiless = True
    elif answer.header("transfer-encoding").lower() == "chunked":
        answer.body = read_chunks(stream)
        answer.headers = [
            (name, value)
            for name, value in answer.headers
            if name.lower() not in ("transfer-encoding", "trailer")
        ]
    else:
        answer.body = read_exactly(stream, int(answer.header("content-length") or "0"))
    return answer
