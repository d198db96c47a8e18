"""People who work the console, in the SQLite store.

Passwords arrive hashed. Every change is noted in the audit log within its transaction. Sessions and
tokens are in ``sessions``, the second factor in ``second_factor``. Never logs a password.
"""

import sqlite3

from service.errors import Conflict, Forbidden, NotFound
from service.records.people import Operator, Role
from service.sqlite.audit import note
from service.sqlite.base import Part
from service.sqlite.commit import Transaction
from service.sqlite.ids import new_id
from service.sqlite.outbox import ticket_happened
from service.sqlite.rows import OPERATOR, operator_from
from service.sqlite.thread import opened
from service.sqlite.ticket_rows import tell_ticket

OPERATOR_BY_ID = f"{OPERATOR} WHERE id = ?"
OPERATOR_BY_EMAIL = f"{OPERATOR} WHERE email_key = ?"
OPERATORS = f"{OPERATOR} ORDER BY created_at, rowid"
NEW_OPERATOR = """
INSERT INTO operator (id, email, email_key, name, role, password_hash, created_at)
VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (email_key) DO NOTHING
"""
OTHER_ADMINS = """
SELECT count(*) FROM operator WHERE role = 'admin' AND disabled = 0 AND id <> ?
"""
LAST_SEEN = "SELECT operator_id, max(seen_at) AS at FROM session GROUP BY operator_id"
RELEASE_TICKETS = """
UPDATE ticket SET status = 'open', owner_id = NULL, claimed_at = NULL, updated_at = ?
WHERE owner_id = ? AND status = 'claimed' RETURNING id, conversation_id
"""


class Operators(Part):
    """Adds, changes, disables and enables operators."""

    def add_operator(self, email: str, name: str, role: Role, password_hash: str) -> Operator:
        """``Conflict`` when the address is taken (compared without case)."""
        operator_id, email, at = new_id("opr"), email.strip(), self._now()
        with self._writing() as write:
            added = write.connection.execute(
                NEW_OPERATOR, (operator_id, email, _key(email), name, role, password_hash, at)
            )
            if not added.rowcount:
                raise Conflict(f"There is an operator {email} already.", field="email")
            note(write, "operator.add", operator_id, at, f"{email}, {role}")
            return find_operator(write.connection, operator_id)

    def operators(self) -> list[Operator]:
        """All of them, the oldest first."""
        with self._reading() as db:
            return [operator_from(row) for row in db.execute(OPERATORS)]

    def last_seen(self) -> dict[str, str]:
        """When operators who are signed in were there last, by operator."""
        with self._reading() as db:
            return {row["operator_id"]: row["at"] for row in db.execute(LAST_SEEN)}

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

    def set_password_hash(
        self,
        operator_id: str,
        password_hash: str,
        *,
        deed: str = "operator.password",
        instead_of: str | None = None,
    ) -> None:
        """Replace the password's hash; every session of the operator ends."""
        with self._writing() as write:
            find_operator(write.connection, operator_id)
            require_password(write.connection, operator_id, instead_of)
            write.connection.execute(
                "UPDATE operator SET password_hash = ? WHERE id = ?", (password_hash, operator_id)
            )
            write.connection.execute("DELETE FROM session WHERE operator_id = ?", (operator_id,))
            note(write, deed, operator_id, self._now())

    def rename_operator(
        self, operator_id: str, name: str, *, deed: str = "operator.name"
    ) -> Operator:
        """Change the name that customers and colleagues read."""
        with self._writing() as write:
            before = find_operator(write.connection, operator_id)
            if before.name != name:
                write.connection.execute(
                    "UPDATE operator SET name = ? WHERE id = ?", (name, operator_id)
                )
                note(write, deed, operator_id, self._now(), name)
            return find_operator(write.connection, operator_id)

    def set_role(self, operator_id: str, role: Role) -> Operator:
        """Change what somebody may do, at once; ``Conflict`` for the last admin."""
        with self._writing() as write:
            before = find_operator(write.connection, operator_id)
            if before.role != role:
                if role != "admin":
                    _require_other_admin(write.connection, before)
                write.connection.execute(
                    "UPDATE operator SET role = ? WHERE id = ?", (role, operator_id)
                )
                note(write, "operator.role", operator_id, self._now(), f"{before.role} to {role}")
            return find_operator(write.connection, operator_id)

    def disable_operator(self, operator_id: str) -> None:
        """No more sign-in; sessions and tokens end at once. Claimed tickets become open again.
        ``Conflict`` for the last admin."""
        at = self._now()
        with self._writing() as write:
            db = write.connection
            _require_other_admin(db, find_operator(db, operator_id))
            db.execute("UPDATE operator SET disabled = 1 WHERE id = ?", (operator_id,))
            db.execute("DELETE FROM session WHERE operator_id = ?", (operator_id,))
            db.execute("DELETE FROM api_token WHERE operator_id = ?", (operator_id,))
            for row in db.execute(RELEASE_TICKETS, (at, operator_id)).fetchall():
                _release(write, row["id"], row["conversation_id"], at)
            note(write, "operator.disable", operator_id, at)

    def enable_operator(self, operator_id: str) -> Operator:
        """Let a disabled operator sign in again, with the password that he had."""
        with self._writing() as write:
            before = find_operator(write.connection, operator_id)
            if before.disabled:
                write.connection.execute(
                    "UPDATE operator SET disabled = 0 WHERE id = ?", (operator_id,)
                )
                note(write, "operator.enable", operator_id, self._now())
            return find_operator(write.connection, operator_id)


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


def require_password(db: sqlite3.Connection, operator_id: str, checked: str | None) -> None:
    """``Forbidden`` when the password that was checked is void by now; None was not checked.

    A check takes its time, and whoever has learned a password could outrun its reset in it.
    """
    if checked is None:
        return
    row = db.execute("SELECT password_hash FROM operator WHERE id = ?", (operator_id,)).fetchone()
    if row["password_hash"] != checked:
        raise Forbidden("The password was changed meanwhile.")


def _require_other_admin(db: sqlite3.Connection, operator: Operator) -> None:
    """A desk without an admin could be given one by nobody who works in the console."""
    if operator.role != "admin" or operator.disabled:
        return
    if not db.execute(OTHER_ADMINS, (operator.id,)).fetchone()[0]:
        raise Conflict("This is the last admin. Make somebody else an admin first.")


def _key(email: str) -> str:
    return email.strip().casefold()


def _release(write: Transaction, ticket_id: str, conversation_id: str, at: str) -> None:
    with opened(write, conversation_id, at) as thread:
        thread.pass_to("waiting")
    ticket_happened(write, "ticket.released", tell_ticket(write, ticket_id, at), at)
