"""People who work the console, their sessions and tokens, in the SQLite store.

Passwords arrive hashed; tokens are kept only hashed. Never logs either.
"""

import sqlite3
from datetime import timedelta

from service.errors import Conflict, Forbidden, NotFound
from service.records import Operator, Role
from service.sqlite.base import Part, iso
from service.sqlite.commit import Transaction
from service.sqlite.ids import hashed, new_id, new_token
from service.sqlite.rows import OPERATOR, operator_from
from service.sqlite.thread import opened
from service.sqlite.ticket_rows import tell_ticket

OPERATOR_BY_ID = f"{OPERATOR} WHERE id = ?"
OPERATOR_BY_EMAIL = f"{OPERATOR} WHERE email_key = ?"
OPERATORS = f"{OPERATOR} ORDER BY created_at, rowid"
VISITOR = """
SELECT o.* FROM session AS s JOIN operator AS o ON o.id = s.operator_id
WHERE s.token_hash = ? AND s.expires_at > ? AND o.disabled = 0
"""
BEARER = """
SELECT o.* FROM api_token AS t JOIN operator AS o ON o.id = t.operator_id
WHERE t.token_hash = ? AND o.disabled = 0
"""
NEW_OPERATOR = """
INSERT INTO operator (id, email, email_key, name, role, password_hash, created_at)
VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (email_key) DO NOTHING
"""
RELEASE_TICKETS = """
UPDATE ticket SET status = 'open', owner_id = NULL, claimed_at = NULL, updated_at = ?
WHERE owner_id = ? AND status = 'claimed' RETURNING id, conversation_id
"""


class Operators(Part):
    """Adds and disables operators; knows whose a session or a token is."""

    def add_operator(self, email: str, name: str, role: Role, password_hash: str) -> Operator:
        """``Conflict`` when the address is taken (compared without case)."""
        operator_id, email = new_id("opr"), email.strip()
        with self._writing() as write:
            added = write.connection.execute(
                NEW_OPERATOR,
                (operator_id, email, _key(email), name, role, password_hash, self._now()),
            )
            if not added.rowcount:
                raise Conflict(f"There is an operator {email} already.", field="email")
            return find_operator(write.connection, operator_id)

    def operators(self) -> list[Operator]:
        """All of them, the oldest first."""
        with self._reading() as db:
            return [operator_from(row) for row in db.execute(OPERATORS)]

    def operator(self, operator_id: str) -> Operator:
        """One operator, disabled or not."""
        with self._reading() as db:
            return find_operator(db, operator_id)

    def operator_by_email(self, email: str) -> Operator:
        """One operator by address, compared without case."""
        with self._reading() as db:
            row = db.execute(OPERATOR_BY_EMAIL, (_key(email),)).fetchone()
        if row is None:
            raise NotFound(f"There is no operator {email}.")
        return operator_from(row)

    def password_hash(self, operator_id: str) -> str:
        """What ``set_password_hash`` kept last."""
        with self._reading() as db:
            row = db.execute(
                "SELECT password_hash FROM operator WHERE id = ?", (operator_id,)
            ).fetchone()
        if row is None:
            raise NotFound(f"There is no operator {operator_id}.")
        return str(row["password_hash"])

    def set_password_hash(self, operator_id: str, password_hash: str) -> None:
        """Replace the password's hash."""
        with self._writing() as write:
            find_operator(write.connection, operator_id)
            write.connection.execute(
                "UPDATE operator SET password_hash = ? WHERE id = ?", (password_hash, operator_id)
            )

    def disable_operator(self, operator_id: str) -> None:
        """No more sign-in; sessions and tokens end at once. Claimed tickets become open again."""
        at = self._now()
        with self._writing() as write:
            db = write.connection
            find_operator(db, operator_id)
            db.execute("UPDATE operator SET disabled = 1 WHERE id = ?", (operator_id,))
            db.execute("DELETE FROM session WHERE operator_id = ?", (operator_id,))
            db.execute("DELETE FROM api_token WHERE operator_id = ?", (operator_id,))
            for row in db.execute(RELEASE_TICKETS, (at, operator_id)).fetchall():
                _release(write, row["id"], row["conversation_id"], at)

    def create_session(self, operator_id: str, *, days: int = 14) -> str:
        """A session token, kept only hashed."""
        token, now = new_token("fds"), self._clock()
        with self._writing() as write:
            working_operator(write.connection, operator_id)
            write.connection.execute("DELETE FROM session WHERE expires_at <= ?", (iso(now),))
            write.connection.execute(
                "INSERT INTO session (token_hash, operator_id, created_at, expires_at)"
                " VALUES (?, ?, ?, ?)",
                (hashed(token), operator_id, iso(now), iso(now + timedelta(days=days))),
            )
        return token

    def session_operator(self, token: str) -> Operator | None:
        """Whose session it is; none when unknown, expired or disabled."""
        with self._reading() as db:
            row = db.execute(VISITOR, (hashed(token), self._now())).fetchone()
        return operator_from(row) if row else None

    def delete_session(self, token: str) -> None:
        """End a session; an unknown one has ended already."""
        with self._writing() as write:
            write.connection.execute("DELETE FROM session WHERE token_hash = ?", (hashed(token),))

    def create_api_token(self, operator_id: str) -> str:
        """A token ``fdk_…`` for programs, kept only hashed."""
        token = new_token("fdk")
        with self._writing() as write:
            working_operator(write.connection, operator_id)
            write.connection.execute(
                "INSERT INTO api_token (token_hash, operator_id, created_at) VALUES (?, ?, ?)",
                (hashed(token), operator_id, self._now()),
            )
        return token

    def api_token_operator(self, token: str) -> Operator | None:
        """Whose token it is; none when unknown or disabled."""
        with self._reading() as db:
            row = db.execute(BEARER, (hashed(token),)).fetchone()
        return operator_from(row) if row else None


def find_operator(db: sqlite3.Connection, operator_id: str) -> Operator:
    """One operator; ``NotFound`` when there is none."""
    row = db.execute(OPERATOR_BY_ID, (operator_id,)).fetchone()
    if row is None:
        raise NotFound(f"There is no operator {operator_id}.")
    return operator_from(row)


def working_operator(db: sqlite3.Connection, operator_id: str) -> Operator:
    """One operator who may act; ``Forbidden`` when disabled meanwhile."""
    operator = find_operator(db, operator_id)
    if operator.disabled:
        raise Forbidden("This operator is disabled.")
    return operator


def _key(email: str) -> str:
    return email.strip().casefold()


def _release(write: Transaction, ticket_id: str, conversation_id: str, at: str) -> None:
    with opened(write, conversation_id, at) as thread:
        thread.pass_to("waiting")
    tell_ticket(write, ticket_id, at)
