"""What a page in Qt's window is told from outside, by the protocol of Chromium's developer tools.

Playwright cannot be used for that: it asks for several browsers in one, which Qt does not have.
"""

import json
import socket
from urllib.parse import urlsplit

import httpx
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, Event, Request, TextMessage

SOON = 30.0  # seconds for an answer
PIECE = 65_536  # bytes


def go(port: int, address: str) -> None:
    """Have the first page of the window show another address, as a link in it would."""
    page = next(each for each in httpx.get(f"http://127.0.0.1:{port}/json").json() if each["type"] == "page")
    where = urlsplit(page["webSocketDebuggerUrl"])
    command = {"id": 1, "method": "Page.navigate", "params": {"url": address}}
    with socket.create_connection(("127.0.0.1", port), SOON) as stream:
        talk = WSConnection(ConnectionType.CLIENT)
        stream.sendall(talk.send(Request(host=where.netloc, target=where.path)))
        _await(stream, talk, AcceptConnection)
        stream.sendall(talk.send(TextMessage(json.dumps(command))))
        _await(stream, talk, TextMessage)


def _await(stream: socket.socket, talk: WSConnection, kind: type[Event]) -> None:
    while not any(isinstance(event, kind) for event in talk.events()):
        talk.receive_data(stream.recv(PIECE) or None)
