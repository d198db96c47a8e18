"""Too much of anything: large, deep, compressed, slow, or many requests from one address."""

import gzip
import json
import shutil
import socket
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from calls import Caller, Customer, start
from conftest import PASSWORD, add_person
from hostile import API
from live import LiveServer
from service.app import MAX_BODY
from service.arriving import HURRY_SECONDS, LONGEST_SECONDS, Arriving
from service.config import Config
from service.records.people import Operator
from service.store import Store, open_store

CONVERSATIONS = 1000


@pytest.fixture
def customer(client: Caller) -> Customer:
    return start(client)


def send(customer: Customer, raw: bytes, **headers: str) -> Any:
    told = {"Authorization": f"Bearer {customer.token}", **headers}
    client, path = customer.caller.client, f"{customer.path}/messages"
    return client.post(path, data=raw, content_type="application/json", headers=told)


# --- what one request holds ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "around", ["[%s]", '{"text":%s}', '{"client_id":"a","text":"b","choice":%s}']
)
@pytest.mark.parametrize("levels", [1_000, 10_000, 400_000])
def test_json_that_is_too_deep_is_refused(around: str, levels: int, customer: Customer) -> None:
    deep = "[" * levels + "]" * levels
    answer = send(customer, (around % deep).encode())
    assert answer.status_code == 422
    assert len(answer.data) < 2000
    assert customer.say("hello")["action"] == "answer"


def test_a_body_that_is_too_large_is_refused_before_it_is_read(customer: Customer) -> None:
    body = json.dumps({"client_id": "a", "text": "x" * MAX_BODY}).encode()
    answer = send(customer, body)
    assert answer.status_code == 413
    assert answer.json["code"] == "too_large"


def test_nothing_is_unpacked(customer: Customer) -> None:
    """A bomb stays a small body that is no JSON."""
    bomb = gzip.compress(json.dumps({"client_id": "a", "text": " " * 50_000_000}).encode())
    assert len(bomb) < 100_000
    answer = send(customer, bomb, **{"Content-Encoding": "gzip"})
    assert answer.status_code == 422
    assert customer.messages()[-1]["author"] == "desk"


def test_of_very_many_mistakes_some_are_told(customer: Customer) -> None:
    """Else a small request would be answered by a large one, and cost seconds."""
    body = {"client_id": "a", "text": "b", **{f"f{n}": n for n in range(60_000)}}
    raw = json.dumps(body).encode()
    assert len(raw) < MAX_BODY
    answer = send(customer, raw)
    assert answer.status_code == 422
    assert 0 < len(answer.json["errors"]) <= 100
    long = send(customer, json.dumps({"x" * 900_000: 1}).encode())
    assert len(long.data) < 5_000


@pytest.mark.parametrize("path", ["/api/v1/site", "/console", "/nowhere", "/static/widget.js"])
def test_a_body_where_none_belongs_does_no_harm(path: str, app: Flask) -> None:
    answer = app.test_client().get(path, data=b"x" * 2 * MAX_BODY)
    assert answer.status_code in (200, 404, 413)


SEARCHES = (
    "q=" + "(" * 5000,
    "q=" + '"a" ' * 2000,
    "q=" + "tag:x " * 2000,
    "q=" + "a" * 100_000,
    "q=a" + "%CC%81" * 5000,
    "q=" + "%F0%9F%92%A5" * 400,
    "q=%00",
    "q=%ED%A0%80",
    "q=NEAR(a b, 5) OR * AND -",
    "q=' OR 1=1 --",
    "offset=999999999",
    "limit=200&order=oldest&q=%",
)


@pytest.mark.parametrize("query", SEARCHES, ids=lambda query: query[:20])
def test_no_search_is_a_fault_of_the_desks(query: str, operator: Caller, client: Caller) -> None:
    start(client, customer={"name": "Uma"}).say("this is broken")
    for path in ("tickets", "examples"):
        answer = operator.get(f"{API}/{path}?{query}")
        assert answer.status_code in (200, 422), answer.text[:300]


# --- who takes long ------------------------------------------------------------------------------


def test_whoever_takes_longest_is_hung_up_on_when_there_are_too_many() -> None:
    now = 0.0
    with ExitStack() as open_:
        pairs = [[open_.enter_context(end) for end in socket.socketpair()] for _ in range(6)]
        arriving = Arriving(8, lambda: now)
        for here, _ in pairs[:5]:
            arriving.begin(here)
        assert arriving.hurry() == 0  # many, but for no time yet
        arriving.end(pairs[0][0])
        now = HURRY_SECONDS + 0.1
        arriving.begin(pairs[5][0])
        assert arriving.hurry() == 3  # two may wait: the one that has just come, and one more
        assert [here.recv(1) for here, _ in pairs[1:4]] == [b""] * 3
        for _, there in pairs[4:]:
            there.send(b"x")
        assert [here.recv(1) for here, _ in pairs[4:]] == [b"x"] * 2
        pairs[1][0].send(b"y")
        assert pairs[1][1].recv(1) == b"y"  # can still be answered
        assert arriving.hurry() == 0
        now = LONGEST_SECONDS + 0.1
        assert arriving.hurry() == 1


@pytest.fixture
def home(tmp_path: Path, first_database: Path) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    shutil.copy(first_database, home / "desk.db")
    store = open_store(Config(home=home))
    add_person(store, "olga@desk.example", "operator")
    store.close()
    return home


HALVES = (
    b"GET /healthz HTTP/1.1\r\nHost: desk\r\nX-Slow: ",
    b"POST /api/v1/conversations HTTP/1.1\r\nHost: desk\r\nContent-Type: application/json\r\n"
    b"Content-Length: 500\r\n\r\n{",
    b"",
)


def test_slow_requests_take_no_thread_from_others(home: Path) -> None:
    with LiveServer(home, threads="8") as server, ExitStack() as open_:
        path, token = server.start_conversation()
        stream = server.stream(path, token)
        other = open_.enter_context(closing(server.connect(timeout=30)))
        bodiless = {"Authorization": f"Bearer {token}", "Content-Length": "0"}
        other.request("GET", f"{path}/events", headers=bodiless)  # as some proxies pass it on
        for half in HALVES * 5:
            line = open_.enter_context(socket.create_connection(("127.0.0.1", server.port)))
            line.sendall(half)
        connection = open_.enter_context(closing(server.connect(timeout=30)))
        assert server.call("GET", "/healthz", connection=connection)[0] == 200
        body = {"client_id": "a", "text": "it is broken"}
        assert server.call("POST", f"{path}/messages", body, token=token)[0] == 201
        for each in (stream, other.getresponse()):  # no stream is a slow request
            while b"it is broken" not in (line := each.readline()):
                assert line


# --- many from one address -----------------------------------------------------------------------


@pytest.mark.slow
def test_an_office_works_on_behind_the_address_that_opens_a_thousand_conversations(
    home: Path,
) -> None:
    """Customers and operators behind one address are no attack."""
    with LiveServer(home, threads="32") as server:
        connection = server.connect()
        for _ in range(CONVERSATIONS):
            status, _, told = server.call("POST", "/api/v1/conversations", connection=connection)
            assert status == 201, told
        body = {"client_id": "a", "text": "it is broken"}
        path = f"/api/v1/conversations/{told['conversation']['id']}"
        assert server.call("POST", f"{path}/messages", body, token=told["token"])[0] == 201
        sign_in = {"email": "olga@desk.example", "password": PASSWORD}
        status, headers, _ = server.call("POST", "/api/v1/sessions", sign_in)
        assert status == 201
        connection.request(
            "GET", "/api/v1/tickets", headers={"Cookie": headers["Set-Cookie"].split(";")[0]}
        )
        assert len(json.loads(connection.getresponse().read())["tickets"]) == 1
        connection.close()


def test_guesses_at_one_account_leave_the_others_of_the_office_alone(
    client: Caller, store: Store, olga: Operator
) -> None:
    ben = add_person(store, "ben@desk.example", "operator")
    for _ in range(30):
        client.post(f"{API}/sessions", {"email": ben.email, "password": "wrong"})
    guessed = client.post(f"{API}/sessions", {"email": ben.email, "password": PASSWORD})
    assert guessed.status_code == 429
    assert int(guessed.headers["Retry-After"]) > 0
    told = client.post(f"{API}/sessions", {"email": olga.email, "password": PASSWORD})
    assert told.status_code == 201
