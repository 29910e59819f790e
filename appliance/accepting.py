"""Takes visitors' connections off a listening socket."""

import asyncio
import logging
import os
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

log = logging.getLogger(__name__)
log.addHandler(logging.NullHandler())  # silent until the program sets up logging

NO_SOCKETS_SECONDS: Final = 0.2  # until accepting is tried again after the process ran out of descriptors
AT_ONCE: Final = 64  # connections welcomed before others get their turn

SILENT_SECONDS: Final = 1  # for which a connection that has not said anything is the kernel's, the least it knows

Peer = tuple[Any, ...]
"""The other side's address as the socket module has it, host and port first."""


def attune(listening: socket.socket) -> None:
    """Let connections of a TCP socket write without delay and, on Linux, come with the first bytes that they send.

    By the latter (TCP_DEFER_ACCEPT in tcp(7)) a connection is let in when it has asked for something, or has said
    nothing for SILENT_SECONDS. Before that six in ten were let in too early, to be watched, waited for and read again:
    a third of what a new connection cost (20.4 µs instead of 32, where nginx took 21).
    """
    # asyncio sets it itself only on sockets made with an explicit protocol number.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if hasattr(socket, "TCP_DEFER_ACCEPT"):  # on Linux
        with suppress(OSError):  # which may be somebody's idea of it: it works without, too
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, SILENT_SECONDS)


class Accepting:
    """Accepts on one listening socket until `close`.

    `welcome` gets the descriptor of each connection, non-blocking, which it owns from then on, and who it is from.
    """

    def __init__(self, listening: socket.socket, welcome: Callable[[int, Peer], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._listening = listening
        self._welcome = welcome
        self._many = 1  # that were waiting the last time: asking for one more than there are is a wasted call
        self._open = True
        listening.setblocking(False)  # noqa: FBT003  (the socket module's own signature)
        self._resume()

    def close(self) -> None:
        """Accept no more; the socket is closed."""
        if self._open:
            self._open = False
            self._loop.remove_reader(self._listening.fileno())
            self._listening.close()

    def _accept(self) -> None:
        for number in range(self._many):
            if not self._open:
                return
            try:
                # As `accept` does, without the socket object, which costs as much as all the rest.
                descriptor, peer = self._listening._accept()  # type: ignore[attr-defined]  # noqa: SLF001
            except BlockingIOError:
                self._many = max(1, number)
                return
            except ConnectionAbortedError:  # gone already
                continue
            except OSError as error:  # no descriptors left
                log.warning("accept_failed", extra={"reason": str(error)})
                self._loop.remove_reader(self._listening.fileno())
                self._loop.call_later(NO_SOCKETS_SECONDS, self._resume)
                return
            os.set_blocking(descriptor, False)
            self._welcome(descriptor, peer)
        self._many = min(2 * self._many, AT_ONCE)

    def _resume(self) -> None:
        if self._open:
            self._loop.add_reader(self._listening.fileno(), self._accept)
