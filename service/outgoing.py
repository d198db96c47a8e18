"""Posts to an address that an admin gave, and to nowhere else: not into the desk's own networks.

Used by `service.courier`, and by the web when an address is saved. A name is looked up once, what
it means is checked, and exactly that is connected to, so that a name which means something else a
moment later leads nowhere. No redirect is followed, no proxy used, certificates are verified, and
all of it ends within a time, however slowly somebody answers; only the look-up of a name takes what
the machine's resolver takes.
"""

import http.client
import io
import ipaddress
import socket
import ssl
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import SplitResult, urlsplit

from service.config import Network
from service.webhooks import ANSWER_BYTES

SECONDS = 15.0  # that one try may take in all
CONNECT_SECONDS = 5.0  # of these, for each address of a name
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Found = tuple[int, tuple[Any, ...]]  # the family and what to connect to
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # IPv4 as networks without it reach it
# Special by IANA's registries, or ways into IPv4 that nobody needs; not all Pythons know all.
SPECIAL = tuple(
    ipaddress.ip_network(network)
    for network in (
        *("192.0.0.0/24", "192.88.99.0/24", "64:ff9b:1::/48", "2001::/23", "2002::/16"),
        *("3fff::/20", "5f00::/16"),
    )
)
ALLOWING = "FRONTDESK_WEBHOOK_NETWORKS can allow that"
PORTS = {"http": 80, "https": 443}


class Unreachable(Exception):
    """Nothing is sent there; says why, without the address."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: a status, or the problem that there was none. ``retry_after`` in seconds."""

    status: int | None
    problem: str = ""
    body: bytes = b""
    retry_after: float | None = None
    took: float = 0.0

    @property
    def taken(self) -> bool:
        """Whether the receiver has it."""
        return self.status is not None and 200 <= self.status < 300


def post(
    address: str,
    body: bytes,
    headers: Mapping[str, str],
    allowed: Sequence[Network],
    seconds: float = SECONDS,
) -> Answer:
    """Post it once; never raises for what the other side, or the way there, does."""
    started = time.monotonic()
    try:
        status, answer, retry_after = _post(address, body, headers, allowed, started + seconds)
    except Unreachable as error:
        return Answer(None, str(error), took=time.monotonic() - started)
    except TimeoutError:
        told = f"no answer within {seconds:.0f} s"
        return Answer(None, told, took=time.monotonic() - started)
    except ssl.SSLCertVerificationError as error:
        told = f"the certificate is not to be trusted: {error.verify_message}"
        return Answer(None, told, took=time.monotonic() - started)
    except OSError as error:
        return Answer(None, _words(error), took=time.monotonic() - started)
    except (http.client.HTTPException, ValueError) as error:  # their words may quote the address
        told = f"the answer is not HTTP ({type(error).__name__})"
        return Answer(None, told, took=time.monotonic() - started)
    return Answer(status, "", answer, retry_after, time.monotonic() - started)


def require_allowed(address: str, allowed: Sequence[Network]) -> None:
    """Raise ``Unreachable`` when the address leads into a network that is not allowed.

    A name that is not known is let pass: it may be known later, and every try checks anew. What a
    name means is not told: who asks need not know the house's networks.
    """
    parts = urlsplit(address)
    try:
        found = _look_up(parts)
    except Unreachable:
        return
    try:
        _check(found, allowed)
    except Unreachable:
        raise Unreachable(f"it leads to what is not public; {ALLOWING}") from None


def _post(
    address: str,
    body: bytes,
    headers: Mapping[str, str],
    allowed: Sequence[Network],
    deadline: float,
) -> tuple[int, bytes, float | None]:
    parts = urlsplit(address)
    host = parts.hostname or ""
    found = _look_up(parts)
    _check(found, allowed)
    plain = _connect(found, deadline)
    try:
        used = plain
        if parts.scheme == "https":
            plain.settimeout(_left(deadline))
            used = ssl.create_default_context().wrap_socket(plain, server_hostname=host)
        with used:
            return _exchange(parts, body, headers, _Bounded(used, deadline))
    finally:
        plain.close()


def _exchange(
    parts: SplitResult, body: bytes, headers: Mapping[str, str], bounded: "_Bounded"
) -> tuple[int, bytes, float | None]:
    connection = http.client.HTTPConnection(parts.hostname or "", _port(parts))
    connection.default_port = PORTS[parts.scheme]  # which the header Host leaves out
    connection.sock = bounded
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection.request("POST", path, body, {**headers, "Connection": "close"})
    response = connection.getresponse()
    asked = _retry_after(response.headers.get("Retry-After"))
    return response.status, _beginning(response), asked


def _beginning(response: http.client.HTTPResponse) -> bytes:
    """The first bytes of the answer; what goes wrong from here on takes nothing back."""
    read = b""
    try:
        while len(read) < ANSWER_BYTES and (more := response.read1(ANSWER_BYTES - len(read))):
            read += more
    except (OSError, http.client.HTTPException, ValueError):
        pass
    return read


def _look_up(parts: SplitResult) -> list[Found]:
    try:
        rows = socket.getaddrinfo(parts.hostname, _port(parts), type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Unreachable("the name is not known") from None
    return [(row[0], row[4]) for row in rows]


def _check(found: Sequence[Found], allowed: Sequence[Network]) -> None:
    """All that the name means must be allowed: which of it is used is left to chance."""
    for _, (host, *_) in found:
        address = ipaddress.ip_address(str(host).partition("%")[0])
        if not _is_public(address) and not any(address in network for network in allowed):
            raise Unreachable(f"it leads to {address}, which is not public; {ALLOWING}")


def _is_public(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address):
        if address in NAT64:
            return _is_public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
        if address.ipv4_mapped or address.is_site_local:
            return False
    special = address.is_multicast or address.is_reserved or address.is_unspecified
    listed = any(address in network for network in SPECIAL)
    return address.is_global and not special and not listed


def _connect(found: Sequence[Found], deadline: float) -> socket.socket:
    """A connection to the first of them that takes one."""
    problem: OSError = OSError("no address")
    for family, where in found:
        made = socket.socket(family, socket.SOCK_STREAM)
        try:
            made.settimeout(min(CONNECT_SECONDS, _left(deadline)))
            made.connect(where)
        except OSError as error:
            made.close()
            problem = error
        else:
            return made
    raise problem


class _Bounded:
    """A socket as `http.client` uses it, which ends at a deadline. Closing it is the caller's."""

    def __init__(self, used: socket.socket, deadline: float) -> None:
        self.used = used
        self.deadline = deadline

    def sendall(self, sent: bytes) -> None:
        self.used.settimeout(_left(self.deadline))
        self.used.sendall(sent)

    def makefile(self, *_: Any) -> io.BufferedReader:
        return io.BufferedReader(_Reading(self.used, self.deadline))

    def close(self) -> None:
        pass


class _Reading(io.RawIOBase):
    """Reads from a socket until a deadline: who sends a byte now and then does not prolong it."""

    def __init__(self, used: socket.socket, deadline: float) -> None:
        super().__init__()
        self.used = used
        self.deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self.used.settimeout(_left(self.deadline))
        return self.used.recv_into(buffer)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _port(parts: SplitResult) -> int:
    return parts.port or PORTS[parts.scheme]


def _retry_after(written: str | None) -> float | None:
    """Seconds, from seconds or a date; None for what is neither."""
    if not written:
        return None
    if written.isascii() and written.isdigit():
        return float(written[:9])
    try:
        moment = parsedate_to_datetime(written)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return max(0.0, (moment - datetime.now(UTC)).total_seconds())
    except (ValueError, OverflowError):
        return None


def _words(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return f"TLS failed: {(error.reason or 'broken').replace('_', ' ').lower()}"
    return (error.strerror or type(error).__name__).lower()
