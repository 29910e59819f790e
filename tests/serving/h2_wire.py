"""HTTP/2 by hand: frames as bytes, for saying what no well-behaved client says."""

import struct
from typing import Self

from hpack import Decoder, Encoder

from tests.serving.visitors import SITE, connect

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM = ACK = 1
END_HEADERS, PADDED, PRIORITISED = 4, 8, 32

Field = tuple[bytes, bytes]
Frame = tuple[int, int, int, bytes]  # kind, flags, stream, payload

GET: list[Field] = [(b":method", b"GET"), (b":scheme", b"http"), (b":authority", SITE), (b":path", b"/")]


def frame(kind: int, flags: int = 0, stream: int = 0, payload: bytes = b"") -> bytes:
    return struct.pack(">I", len(payload))[1:] + bytes((kind, flags)) + struct.pack(">I", stream) + payload


def block(fields: list[Field] = GET) -> bytes:
    """Without the dynamic table, so that blocks may be sent in any order."""
    return bytes(Encoder().encode([(name, value, True) for name, value in fields], huffman=False))


def ask(stream: int = 1, fields: list[Field] = GET, flags: int = END_STREAM | END_HEADERS) -> bytes:
    return frame(HEADERS, flags, stream, block(fields))


def settings(*pairs: tuple[int, int]) -> bytes:
    return frame(SETTINGS, payload=b"".join(struct.pack(">HI", *pair) for pair in pairs))


def number(value: int) -> bytes:
    return struct.pack(">I", value)


def with_path(path: bytes) -> list[Field]:
    return [*GET[:3], (b":path", path)]


class Wire:
    """One connection, its preface sent."""

    def __init__(self, port: int, begin: bytes = PREFACE + settings()) -> None:
        self.socket = connect(port)
        self.socket.settimeout(8)
        self.decoder = Decoder()
        self.buffer = b""
        self.send(begin)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, *frames: bytes) -> None:
        self.socket.sendall(b"".join(frames))

    def frame(self) -> Frame | None:
        """The next frame; None at the end."""
        try:
            while len(self.buffer) < 9 or len(self.buffer) < 9 + int.from_bytes(self.buffer[:3], "big"):
                data = self.socket.recv(1 << 17)
                if not data:
                    return None
                self.buffer += data
        except ConnectionError:
            return None
        size = 9 + int.from_bytes(self.buffer[:3], "big")
        raw, self.buffer = self.buffer[:size], self.buffer[size:]
        return raw[3], raw[4], int.from_bytes(raw[5:9], "big"), raw[9:]

    def until(self, *kinds: int) -> Frame:
        """The next frame of one of these kinds."""
        while (found := self.frame()) is not None:
            if found[0] in kinds:
                return found
        raise EOFError("the connection was closed")

    def outcome(self) -> tuple[str, int]:
        """What became of the connection: `goaway`, `reset` or `status`, and its code."""
        while (found := self.frame()) is not None:
            kind, _, _, payload = found
            if kind == GOAWAY:
                return "goaway", int.from_bytes(payload[4:8], "big")
            if kind == RST_STREAM:
                return "reset", int.from_bytes(payload, "big")
            if kind == HEADERS:
                return "status", int(dict(self.decoder.decode(payload, raw=True))[b":status"])
        return "end", 0

    def body(self) -> bytes:
        """The body of the next reply, as far as windows let it come."""
        self.until(HEADERS)
        body, flags = b"", 0
        while not flags & END_STREAM:
            _, flags, _, payload = self.until(DATA)
            body += payload
        return body
