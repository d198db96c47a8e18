"""Operators' sessions and the tokens of programs, in the SQLite store; kept only hashed.

When one was used last is written at most every few minutes, so that reading stays reading.
"""

import contextlib
import sqlite3
from datetime import timedelta

from service.accounts import ApiToken, Session
from service.errors import NotFound, StoreError
from service.records.people import Operator
from service.sqlite.audit import note
from service.sqlite.base import Part, iso
from service.sqlite.ids import hashed, new_id, new_token
from service.sqlite.operators import require_password, working_operator
from service.sqlite.rows import operator_from

TOUCH = timedelta(minutes=5)
DEVICE_LONGEST = 300
VISITOR = """
SELECT o.*, s.seen_at AS last_used, s.address AS last_address
FROM session AS s JOIN operator AS o ON o.id = s.operator_id
WHERE s.token_hash = ? AND s.expires_at > ? AND o.disabled = 0
"""
BEARER = """
SELECT o.*, ifnull(t.used_at, '') AS last_used
FROM api_token AS t JOIN operator AS o ON o.id = t.operator_id
WHERE t.token_hash = ? AND o.disabled = 0
"""
NEW_SESSION = """
INSERT INTO session
  (token_hash, id, operator_id, device, address, created_at, seen_at, expires_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""
SESSIONS = """
SELECT id, operator_id, device, address, created_at, seen_at, expires_at,
  token_hash = :current AS current
FROM session WHERE operator_id = :operator AND expires_at > :now
ORDER BY current DESC, seen_at DESC
"""
TOKENS = """
SELECT t.id, t.operator_id, o.name AS operator_name, t.name, t.created_at, t.used_at
FROM api_token AS t JOIN operator AS o ON o.id = t.operator_id
WHERE :operator = '' OR t.operator_id = :operator ORDER BY t.created_at DESC, t.id
"""
KNOWN_ADDRESS = "SELECT 1 FROM session WHERE operator_id = ? AND address = ? LIMIT 1"


class Sessions(Part):
    """Knows whose a session or a token is; lists and ends them."""

    def create_session(
        self,
        operator_id: str,
        *,
        days: int = 14,
        device: str = "",
        address: str = "",
        password_hash: str | None = None,
    ) -> str:
        """A session token, kept only hashed."""
        token, now = new_token("fds"), self._clock()
        at, until = iso(now), iso(now + timedelta(days=days))
        with self._writing() as write:
            working_operator(write.connection, operator_id)
            require_password(write.connection, operator_id, password_hash)
            write.connection.execute("DELETE FROM session WHERE expires_at <= ?", (at,))
            row = (hashed(token), new_id("ses"), operator_id, device[:DEVICE_LONGEST])
            write.connection.execute(NEW_SESSION, (*row, address, at, at, until))
            note(write, "session.begin", operator_id, at)
        return token

    def session_operator(self, token: str, *, address: str = "") -> Operator | None:
        """Whose session it is; none when unknown, expired or disabled. Notes, now and then, that
        it was used, and from where."""
        with self._reading() as db:
            row = db.execute(VISITOR, (hashed(token), self._now())).fetchone()
        if row is None:
            return None
        if self._is_old(row["last_used"]) or (address and address != row["last_address"]):
            seen = (self._now(), address or row["last_address"], hashed(token))
            self._touch("UPDATE session SET seen_at = ?, address = ? WHERE token_hash = ?", seen)
        return operator_from(row)

    def delete_session(self, token: str) -> None:
        """End a session; an unknown one has ended already."""
        with self._writing() as write:
            ended = write.connection.execute(
                "DELETE FROM session WHERE token_hash = ? RETURNING operator_id", (hashed(token),)
            ).fetchone()
            if ended:
                note(write, "session.end", ended["operator_id"], self._now())

    def sessions(self, operator_id: str, current: str = "") -> list[Session]:
        """The sessions of an operator, that of the token ``current`` first."""
        asked = {"operator": operator_id, "current": hashed(current), "now": self._now()}
        with self._reading() as db:
            rows = db.execute(SESSIONS, asked).fetchall()
        return [Session(**{**dict(row), "current": bool(row["current"])}) for row in rows]

    def end_session(self, operator_id: str, session_id: str) -> None:
        """End one session of an operator; ``NotFound`` for one that is not the operator's."""
        with self._writing() as write:
            ended = write.connection.execute(
                "DELETE FROM session WHERE id = ? AND operator_id = ?", (session_id, operator_id)
            )
            if not ended.rowcount:
                raise NotFound("There is no such session, or it has ended.")
            note(write, "session.revoke", session_id, self._now())

    def end_sessions(
        self, operator_id: str, *, but: str = "", deed: str = "operator.sign_out"
    ) -> int:
        """End all sessions of an operator, except that of the token ``but``; how many it were."""
        with self._writing() as write:
            working_operator(write.connection, operator_id)
            ended = write.connection.execute(
                "DELETE FROM session WHERE operator_id = ? AND token_hash <> ?",
                (operator_id, hashed(but)),
            ).rowcount
            note(write, deed, operator_id, self._now(), str(ended))
        return int(ended)

    def knows_address(self, operator_id: str, address: str) -> bool:
        """Whether the operator has a session from this address."""
        with self._reading() as db:
            return db.execute(KNOWN_ADDRESS, (operator_id, address)).fetchone() is not None

    def create_api_token(self, operator_id: str, name: str = "") -> str:
        """A token ``fdk_…`` for programs, kept only hashed."""
        token, token_id, at = new_token("fdk"), new_id("tok"), self._now()
        with self._writing() as write:
            working_operator(write.connection, operator_id)
            write.connection.execute(
                "INSERT INTO api_token (token_hash, id, operator_id, name, created_at)"
                " VALUES (?, ?, ?, ?, ?)",
                (hashed(token), token_id, operator_id, name, at),
            )
            note(write, "token.add", token_id, at, name)
        return token

    def api_token_operator(self, token: str) -> Operator | None:
        """Whose token it is; none when unknown or disabled. Notes, now and then, its use."""
        with self._reading() as db:
            row = db.execute(BEARER, (hashed(token),)).fetchone()
        if row is None:
            return None
        if self._is_old(row["last_used"]):
            used = (self._now(), hashed(token))
            self._touch("UPDATE api_token SET used_at = ? WHERE token_hash = ?", used)
        return operator_from(row)

    def api_tokens(self, operator_id: str = "") -> list[ApiToken]:
        """The tokens of an operator, or of all, the newest first."""
        with self._reading() as db:
            rows = db.execute(TOKENS, {"operator": operator_id}).fetchall()
        return [ApiToken(**dict(row)) for row in rows]

    def revoke_api_token(self, token_id: str, operator_id: str = "") -> None:
        """End a token at once; with an operator only if it is that one's, else ``NotFound``."""
        with self._writing() as write:
            gone = write.connection.execute(
                "DELETE FROM api_token WHERE id = ? AND (? = '' OR operator_id = ?) RETURNING name",
                (token_id, operator_id, operator_id),
            ).fetchone()
            if gone is None:
                raise NotFound("There is no such token, or it was revoked.")
            note(write, "token.revoke", token_id, self._now(), gone["name"])

    def _is_old(self, last_used: str) -> bool:
        return last_used < iso(self._clock() - TOUCH)

    def _touch(self, sql: str, values: tuple[str, ...]) -> None:
        # Who may read must not be turned away because nothing can be written at the moment.
        with contextlib.suppress(StoreError, sqlite3.Error), self._writing() as write:
            write.connection.execute(sql, values)
