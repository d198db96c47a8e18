"""Two-factor sign-in of operators, in the SQLite store.

The secret is kept as it is, for the server must compute codes from it, and a key beside it in the
same file would protect nothing; recovery codes are kept hashed. What was used once is used up, in
the transaction that asks.
"""

import sqlite3
from collections.abc import Sequence

from service.accounts import SecondFactor
from service.errors import Conflict
from service.sqlite.audit import note
from service.sqlite.base import Part
from service.sqlite.ids import hashed
from service.sqlite.operators import find_operator, working_operator

FACTOR = """
SELECT totp_secret, totp_since,
  (SELECT count(*) FROM recovery_code WHERE operator_id = operator.id) AS codes
FROM operator WHERE id = ?
"""
CONFIRM = """
UPDATE operator SET totp_since = ?, totp_step = ?
WHERE id = ? AND totp_since IS NULL AND totp_secret = ?
"""
CLEAR = "UPDATE operator SET totp_secret = NULL, totp_since = NULL, totp_step = 0 WHERE id = ?"


class SecondFactors(Part):
    """Keeps secrets, steps that were used, and recovery codes."""

    def second_factor(self, operator_id: str) -> SecondFactor | None:
        """The operator's second factor, confirmed or not; none when none was begun."""
        with self._reading() as db:
            row = db.execute(FACTOR, (operator_id,)).fetchone()
        if row is None or row["totp_secret"] is None:
            return None
        return SecondFactor(row["totp_secret"], row["totp_since"], row["codes"])

    def begin_totp(self, operator_id: str, secret: str) -> None:
        """Keep a secret that waits for its first code; ``Conflict`` when one is in use."""
        with self._writing() as write:
            if working_operator(write.connection, operator_id).two_factor:
                raise Conflict("Two-factor sign-in is on already. Switch it off first.")
            write.connection.execute(
                "UPDATE operator SET totp_secret = ? WHERE id = ?", (secret, operator_id)
            )

    def confirm_totp(
        self, operator_id: str, secret: str, step: int, recovery_codes: Sequence[str]
    ) -> None:
        """From now on a sign-in takes a code; that of ``step`` is used up. ``Conflict`` when the
        secret is no longer the one that was begun."""
        at = self._now()
        with self._writing() as write:
            confirmed = write.connection.execute(CONFIRM, (at, step, operator_id, secret))
            if not confirmed.rowcount:
                raise Conflict("This was begun anew meanwhile. Scan the new picture.")
            _keep_codes(write.connection, operator_id, recovery_codes)
            note(write, "account.totp_on", operator_id, at)

    def use_totp(self, operator_id: str, step: int) -> bool:
        """Use the code of a step up; false when it, or a later one, was used before."""
        with self._writing() as write:
            used = write.connection.execute(
                "UPDATE operator SET totp_step = ? WHERE id = ? AND totp_step < ?",
                (step, operator_id, step),
            )
            return used.rowcount == 1

    def use_recovery_code(self, operator_id: str, code: str) -> bool:
        """Use a recovery code up; false when there is none such (any more)."""
        with self._writing() as write:
            used = write.connection.execute(
                "DELETE FROM recovery_code WHERE operator_id = ? AND code_hash = ?",
                (operator_id, hashed(code)),
            )
            if used.rowcount:
                note(write, "account.recovery_used", operator_id, self._now())
            return used.rowcount == 1

    def replace_recovery_codes(self, operator_id: str, recovery_codes: Sequence[str]) -> None:
        """Keep these in place of the ones before; ``Conflict`` without a second factor."""
        with self._writing() as write:
            if not working_operator(write.connection, operator_id).two_factor:
                raise Conflict("Two-factor sign-in is off.")
            _keep_codes(write.connection, operator_id, recovery_codes)
            note(write, "account.recovery", operator_id, self._now())

    def drop_totp(self, operator_id: str, *, deed: str = "operator.totp_reset") -> None:
        """A password is enough again; without a second factor nothing happens."""
        with self._writing() as write:
            before = find_operator(write.connection, operator_id)
            write.connection.execute(CLEAR, (operator_id,))
            write.connection.execute(
                "DELETE FROM recovery_code WHERE operator_id = ?", (operator_id,)
            )
            if before.two_factor:
                note(write, deed, operator_id, self._now())


def _keep_codes(db: sqlite3.Connection, operator_id: str, codes: Sequence[str]) -> None:
    db.execute("DELETE FROM recovery_code WHERE operator_id = ?", (operator_id,))
    db.executemany(
        "INSERT INTO recovery_code (operator_id, code_hash) VALUES (?, ?)",
        [(operator_id, hashed(code)) for code in codes],
    )
