"""The audit log over HTTP, what gets into it, and an old database that gets one."""

import csv
import io
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database

from calls import Caller, start
from conftest import PASSWORD
from service.audit import Actor, AuditQuery, act_as, acting
from service.config import Config
from service.records.people import Operator
from service.sqlite.migrations.order import MIGRATIONS
from service.sqlite.store import SqliteStore
from service.store import Store
from test_release import write_release

AUDIT = "/api/v1/audit"


def log(admin: Caller, query: str = "") -> list[dict[str, Any]]:
    return list((admin.get(f"{AUDIT}{query}").json or {})["entries"])


def test_who_did_what_from_where(admin: Caller, operator: Caller, olga: Operator) -> None:
    body = {"intent": "greeting", "text": "hi"}
    operator.post("/api/v1/templates", {"name": "waving", **body})
    saved, *_ = log(admin)
    assert (saved["deed"], saved["text"]) == ("template.save", "saved a template")
    assert saved["who"] == {"id": olga.id, "name": "Olga", "role": "operator"}
    assert (saved["subject"], saved["address"]) == ("waving", "127.0.0.1")


def test_refused_sign_ins_are_noted_without_what_was_typed(
    admin: Caller, client: Caller, olga: Operator
) -> None:
    for email in (olga.email, "MyPassword1!"):
        body = {"email": email, "password": "hunter2-typed"}
        client.post("/api/v1/sessions", body, environ_overrides={"REMOTE_ADDR": "192.0.2.66"})
    stranger, known = log(admin, "?deed=session.refused")
    assert (known["subject"], known["address"]) == (olga.id, "192.0.2.66")
    assert (stranger["subject"], stranger["who"]["name"]) == ("", "")
    everything = admin.get(f"{AUDIT}.csv").text
    assert "hunter2" not in everything
    assert "MyPassword1" not in everything


def test_no_secret_and_no_message_is_in_the_log(
    admin: Caller, operator: Caller, client: Caller, olga: Operator
) -> None:
    customer = start(client, customer={"name": "Zoe Quixotry", "email": "zoe@shop.example"})
    message = customer.say("quixotry parcel")["message"]["id"]
    operator.post(f"/api/v1/messages/{message}/correction", {"intent": "greeting"})
    settled = {"messages": [message], "intent": "gift_card"}
    assert operator.post("/api/v1/labels/settle", settled).status_code == 201
    token = (operator.post("/api/v1/tokens", {"name": "till", "password": PASSWORD}).json or {})[
        "token"
    ]
    made = (admin.post(f"/api/v1/people/{olga.id}/password").json or {})["password"]
    text = admin.get(f"{AUDIT}.csv").text
    assert "labels.settle" in text
    assert "operator.password" in text
    for secret in ("quixotry", "zoe@", token, made, PASSWORD):
        assert secret not in text


def test_the_log_is_filtered_by_person_deed_and_time(
    admin: Caller, operator: Caller, olga: Operator
) -> None:
    operator.put("/api/v1/account", {"name": "Olga B"})
    mine = log(admin, f"?operator={olga.id}")
    assert [entry["deed"] for entry in mine] == ["account.name", "session.begin"]
    assert log(admin, "?from=2999-01-01") == []
    assert len(log(admin, "?to=2999-01-01")) > 3
    for wrong in ("deed=nothing", "from=yesterday", "limit=0", "before=-1"):
        assert admin.get(f"{AUDIT}?{wrong}").status_code == 422


def test_the_log_is_read_page_by_page(admin: Caller, store: Store) -> None:
    for n in range(7):
        store.note("trial.begin", f"rel_{n}")
    seen: list[str] = []
    before = 0
    while True:
        told = admin.get(f"{AUDIT}?deed=trial.begin&limit=3&before={before}").json or {}
        seen += [entry["subject"] for entry in told["entries"]]
        if not told["more"]:
            break
        before = told["entries"][-1]["id"]
    assert seen == [f"rel_{n}" for n in reversed(range(7))]


def test_the_table_is_whole_and_no_formula(
    admin: Caller, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.web.audit.PAGE", 2)
    own = {"password": PASSWORD}
    admin.post("/api/v1/tokens", {**own, "name": '=HYPERLINK("http://evil.example")'})
    admin.post("/api/v1/tokens", {**own, "name": 'a, "b"\nc'})
    response = admin.get(f"{AUDIT}.csv")
    assert "attachment" in response.headers["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(response.text)))
    assert len(rows) == len(store.audit(AuditQuery(), 100))
    names = [row["detail"] for row in rows if row["deed"] == "token.add"]
    assert names == ['a, "b"\nc', '\'=HYPERLINK("http://evil.example")']


def test_promotions_and_trials_are_noted(
    admin: Caller, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (write_release(config.releases).id for _ in range(2))
    for release in (first, second):
        admin.post(f"/api/v1/releases/{release}/promote")
    admin.post(f"/api/v1/releases/{second}x/promote")
    admin.post("/api/v1/releases/rollback")
    trial = {"mode": "shadow", "share": 0.2}
    admin.post(f"/api/v1/releases/{second}/trial", trial)
    admin.delete("/api/v1/releases/trial")
    done = [(e["deed"], e["subject"]) for e in log(admin)]
    assert done[:5] == [
        ("trial.stop", second),
        ("trial.begin", second),
        ("release.rollback", first),
        ("release.promote", second),
        ("release.promote", first),
    ]


def test_nothing_can_be_changed_or_taken_out(store: Store, config: Config) -> None:
    store.note("trial.begin", "rel_1")
    with sqlite3.connect(config.database) as db:
        for sql in ("DELETE FROM audit", "UPDATE audit SET name = 'x'"):
            with pytest.raises(sqlite3.IntegrityError, match="only added to"):
                db.execute(sql)
    db.close()


def test_nobody_acts_for_somebody_else_on_the_same_thread(operator: Caller, client: Caller) -> None:
    act_as(Actor("opr_before", "Before"))
    client.get("/api/v1/site")
    assert acting().operator_id is None
    operator.get("/api/v1/tickets")
    assert acting().operator_id is None


OLD = """
INSERT INTO operator (id, email, email_key, name, role, password_hash, created_at, disabled)
VALUES ('opr_a', 'Ada@x.example', 'ada@x.example', 'Ada', 'admin', 'h', '2026-01-01', 0),
  ('opr_o', 'o@x.example', 'o@x.example', 'Olga', 'operator', 'h', '2026-01-02', 1);
INSERT INTO api_token (token_hash, operator_id, created_at) VALUES
  ('2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae', 'opr_a', '2026-01-01'),
  ('x', 'opr_a', '2026-01-01');
INSERT INTO session (token_hash, operator_id, created_at, expires_at) VALUES
  ('2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae', 'opr_a', '2026-01-01',
   '2999-01-01');
INSERT INTO alarm (id, kind, subject, words, value, peak, usual, began_at, seen_at, acknowledged_by)
VALUES ('alm_1', 'drift', 's', 'w', 1, 1, 1, '2026-01-01', '2026-01-01', 'opr_o');
"""


def test_an_old_database_keeps_its_people_sessions_and_tokens(tmp_path: Path) -> None:
    path = tmp_path / "desk.db"
    db = Database(path)
    MIGRATIONS.apply(db, stop_before="m008_accounts")
    db.executescript(OLD)
    db.conn.commit()
    db.close()
    store = SqliteStore.open(path)
    ada, olga = store.operators()
    assert (ada.role, olga.role, olga.disabled) == ("admin", "operator", True)
    assert store.session_operator("foo") == store.api_token_operator("foo") == ada
    assert len({token.id for token in store.api_tokens()}) == 2
    assert store.sessions(ada.id)[0].id.startswith("ses_")
    assert store.alarm("alm_1").acknowledged_name == "Olga"
    assert store.set_role(olga.id, "lead").role == "lead"
    store.close()
    with sqlite3.connect(path) as plain:
        assert plain.execute("PRAGMA foreign_key_check").fetchall() == []
        assert plain.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        with pytest.raises(sqlite3.IntegrityError):
            plain.execute("UPDATE operator SET role = 'root'")
    plain.close()
