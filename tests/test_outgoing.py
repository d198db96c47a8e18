"""Posting outwards: only where it may go, to what was checked, and never for long."""

import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from receiver import LOOPBACK, Receiver, receiving
from service.config import Config, load_config
from service.errors import ConfigError
from service.outgoing import Unreachable, post, require_allowed

SENT = b'{"type": "x"}'


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


def names(monkeypatch: pytest.MonkeyPatch, **known: list[str]) -> list[str]:
    """Let names mean these addresses, and no others be known; returns who was asked for."""
    asked: list[str] = []

    def look_up(host: str, port: int, **_: Any) -> list[Any]:
        asked.append(host)
        found = known.get(host.partition(".")[0])
        if not found:
            raise socket.gaierror
        families = {True: socket.AF_INET6, False: socket.AF_INET}
        return [(families[":" in a], socket.SOCK_STREAM, 6, "", (a, port)) for a in found]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return asked


def test_it_is_posted_as_it_is(receiver: Receiver) -> None:
    receiver.statuses, receiver.answer = [201], b"kept"
    answer = post(f"{receiver.address}?a=b", SENT, {"webhook-id": "one"}, LOOPBACK)
    assert (answer.status, answer.body, answer.taken) == (201, b"kept", True)
    (heard,) = receiver.heard
    assert (heard.path, heard.body) == ("/hook?a=b", SENT)
    assert heard.headers["host"] == f"127.0.0.1:{receiver.server_port}"
    assert heard.headers["webhook-id"] == "one"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(status: int, receiver: Receiver) -> None:
    receiver.statuses, receiver.headers = [status], {"Location": receiver.address}
    answer = post(receiver.address, SENT, {}, LOOPBACK)
    assert (answer.status, answer.taken) == (status, False)
    assert len(receiver.heard) == 1


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.9.9.9", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1"),
        *("169.254.169.254", "100.64.0.1", "192.0.0.8", "198.18.0.1", "224.0.0.1", "240.0.0.1"),
        *("255.255.255.255", "[::1]", "[::]", "[fe80::1]", "[fc00::1]", "[fd12::1]", "[ff02::1]"),
        *("[fec0::1]", "[::ffff:127.0.0.1]", "[::ffff:10.0.0.1]", "[64:ff9b::7f00:1]"),
        *("[64:ff9b::a00:1]", "[2002:7f00:1::]", "[2001:0:4136:e378:8000:63bf:f5ff:fffe]"),
        *("localhost", "0x7f.1", "2130706433", "127.1", "0177.0.0.1", "[::127.0.0.1]"),
    ],
)
def test_what_is_not_public_is_refused(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(*_: object) -> None:
        raise AssertionError("it was connected to")

    monkeypatch.setattr(socket.socket, "connect", connect)
    answer = post(f"http://{address}:9/x", SENT, {}, ())
    assert answer.status is None
    assert "not public" in answer.problem
    with pytest.raises(Unreachable, match="FRONTDESK_WEBHOOK_NETWORKS"):
        require_allowed(f"https://{address}/x", ())


def test_who_saves_an_address_is_not_told_what_a_name_means(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names(monkeypatch, wiki=["10.0.0.7"])
    with pytest.raises(Unreachable) as refused:
        require_allowed("https://wiki.house/x", ())
    assert "10.0.0.7" not in str(refused.value)


def test_public_addresses_and_unknown_names_may_be_saved(monkeypatch: pytest.MonkeyPatch) -> None:
    public = ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "64:ff9b::808:808"]
    names(monkeypatch, hooks=public)
    require_allowed("https://hooks.example/x", ())
    require_allowed("https://later.example/x", ())
    require_allowed("https://hooks.example:8443/x?y", ())
    told = post("http://later.example/x", SENT, {}, ())
    assert told.problem == "the name is not known"


def test_a_name_that_means_a_private_address_beside_a_public_one_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names(monkeypatch, hooks=["93.184.215.14", "10.0.0.7"])
    assert "10.0.0.7" in post("http://hooks.example/x", SENT, {}, ()).problem
    with pytest.raises(Unreachable):
        require_allowed("http://hooks.example/x", (ip_network("10.1.0.0/16"),))
    require_allowed("http://hooks.example/x", (ip_network("10.0.0.0/24"),))


def test_what_was_checked_is_what_is_connected_to(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name is looked up once a try: asked again, it might mean something else."""
    asked = names(monkeypatch, hooks=["127.0.0.1"])
    address = f"http://hooks.example:{receiver.server_port}/x"
    assert post(address, SENT, {}, LOOPBACK).taken
    assert asked == ["hooks.example"]
    assert receiver.heard[0].headers["host"] == f"hooks.example:{receiver.server_port}"


def test_the_next_address_of_a_name_is_tried_when_one_takes_no_connection(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    names(monkeypatch, hooks=["127.0.0.2", "127.0.0.1"])  # it listens on the second only
    assert post(f"http://hooks.example:{receiver.server_port}/", SENT, {}, LOOPBACK).taken


def test_proxies_of_the_surroundings_are_not_used(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert post(receiver.address, SENT, {}, LOOPBACK).taken


def test_who_hangs_is_left_in_time(receiver: Receiver) -> None:
    receiver.hangs()
    started = time.monotonic()
    answer = post(receiver.address, SENT, {}, LOOPBACK, 0.2)
    assert (answer.status, answer.problem) == (None, "no answer within 0 s")
    assert 0.2 <= answer.took <= time.monotonic() - started < 5


TRICKLES = {
    "headers": (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
    "status": (b"HTTP/1.1 ", b"1"),
}


@pytest.mark.parametrize("part", TRICKLES)
def test_who_answers_byte_by_byte_prolongs_nothing(part: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        ended = threading.Event()

        def trickle() -> None:
            accepted, _ = listening.accept()
            first, more = TRICKLES[part]
            with accepted:
                try:
                    accepted.sendall(first)
                    while not ended.wait(0.02):
                        accepted.sendall(more)
                except OSError:
                    pass

        thread = threading.Thread(target=trickle)
        thread.start()
        answer = post(f"http://127.0.0.1:{listening.getsockname()[1]}/", SENT, {}, LOOPBACK, 0.3)
        ended.set()
        thread.join()
    assert answer.status is None
    assert answer.took < 5


def test_of_an_answer_only_the_beginning_is_read(receiver: Receiver) -> None:
    receiver.statuses, receiver.answer = [500], b"x" * 5_000_000
    assert post(receiver.address, SENT, {}, LOOPBACK).body == b"x" * 1024


def test_an_answer_that_breaks_off_is_an_answer(receiver: Receiver) -> None:
    receiver.statuses, receiver.headers = [200], {"Transfer-Encoding": "chunked"}
    receiver.answer = b"zz\r\nno chunk"
    assert post(receiver.address, SENT, {}, LOOPBACK).taken


def test_what_is_no_http_is_told_without_the_address() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=_say, args=(listening, b"SSH-2.0-OpenSSH\r\n\r\n")).start()
        port = listening.getsockname()[1]
        answer = post(f"http://127.0.0.1:{port}/token", SENT, {}, LOOPBACK)
    assert answer.problem == "the answer is not HTTP (BadStatusLine)"
    refused = post(f"http://127.0.0.1:{port}/token", SENT, {}, LOOPBACK)
    assert refused.problem == "connection refused"


def _say(listening: socket.socket, words: bytes) -> None:
    accepted, _ = listening.accept()
    with accepted:
        accepted.recv(1000)
        accepted.sendall(words)


@pytest.mark.parametrize(
    ("written", "low", "high"),
    [
        ("120", 120, 120),
        ("99999999999999999999", 999_999_999, 999_999_999),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0, 0),
        ("Wed, 21 Oct 2099 07:28:00 GMT", 1e9, 1e10),
    ],
)
def test_how_long_to_wait_is_understood(
    written: str, low: float, high: float, receiver: Receiver
) -> None:
    receiver.statuses, receiver.headers = [503], {"Retry-After": written}
    asked = post(receiver.address, SENT, {}, LOOPBACK).retry_after
    assert asked is not None
    assert low <= asked <= high


@pytest.mark.parametrize(
    "written", ["soon", "-5", "", "١٢", "Wed, 21 Oct 99999999999999999999 07:28:00 GMT"]
)
def test_what_tells_no_time_to_wait_is_passed_over(written: str, receiver: Receiver) -> None:
    receiver.statuses = [503]
    receiver.headers = {"Retry-After": written.encode().decode("latin-1")}
    assert post(receiver.address, SENT, {}, LOOPBACK).retry_after is None


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Of ``hooks.example``, signed by itself."""
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-days", "2", "-subj", "/CN=hooks.example"),
            *("-addext", "subjectAltName=DNS:hooks.example"),
            *("-keyout", str(tmp_path / "key.pem"), "-out", str(tmp_path / "certificate.pem")),
        ],
        check=True,
        capture_output=True,
    )
    return tmp_path / "certificate.pem"


def test_certificates_are_verified(
    receiver: Receiver, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_name("key.pem"))
    receiver.socket = context.wrap_socket(
        receiver.socket, server_side=True, do_handshake_on_connect=False
    )
    names(monkeypatch, hooks=["127.0.0.1"], other=["127.0.0.1"])
    unknown = post(f"https://hooks.example:{receiver.server_port}/x", SENT, {}, LOOPBACK)
    assert unknown.problem.startswith("the certificate is not to be trusted: self-signed")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    wrong = post(f"https://other.example:{receiver.server_port}/x", SENT, {}, LOOPBACK)
    assert "other.example" in wrong.problem
    assert receiver.heard == []
    known = post(f"https://hooks.example:{receiver.server_port}/x", SENT, {}, LOOPBACK)
    assert (known.status, known.problem) == (204, "")
    plain = post(f"https://hooks.example:{_closed_port()}/x", SENT, {}, LOOPBACK)
    assert plain.problem == "connection refused"
    with receiving() as without:
        spoken = post(f"https://hooks.example:{without.server_port}/x", SENT, {}, LOOPBACK)
        assert spoken.problem.startswith("TLS failed: ")


def _closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_networks_are_read_from_the_settings() -> None:
    config = load_config({"FRONTDESK_WEBHOOK_NETWORKS": "10.1.0.0/16, fd00::/8,192.168.1.7"})
    assert config.networks == tuple(
        ip_network(n) for n in ("10.1.0.0/16", "fd00::/8", "192.168.1.7")
    )
    assert Config().networks == ()
    with pytest.raises(ConfigError, match=r"'10\.1\.2\.3/16' is no network such as"):
        load_config({"FRONTDESK_WEBHOOK_NETWORKS": "10.1.2.3/16"})
