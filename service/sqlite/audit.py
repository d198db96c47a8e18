"""The audit log in the SQLite store: written within the transaction of each deed, never changed."""

from collections.abc import Mapping
from typing import Any

from service.audit import AuditEntry, AuditQuery, acting
from service.errors import Edited
from service.sqlite.base import Part
from service.sqlite.commit import Transaction
from service.sqlite.outbox import happened
from service.versions import digest

LONGEST = 200
INSERT = """
INSERT INTO audit (at, operator_id, name, role, deed, subject, detail, address)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""
ENTRIES = """
SELECT id, at, operator_id, name, role, deed, subject, detail, address FROM audit
WHERE (:before = 0 OR id < :before)
  AND (:operator_id = '' OR operator_id = :operator_id)
  AND (:deed = '' OR deed = :deed)
  AND (:address = '' OR address = :address)
  AND (:since = '' OR at >= :since) AND (:until = '' OR at < :until)
ORDER BY id DESC LIMIT :limit
"""
LAST = (
    "SELECT name AS edited_by, at AS edited_at FROM audit WHERE deed = ? ORDER BY id DESC LIMIT 1"
)


def note(write: Transaction, deed: str, subject: str, at: str, detail: str = "") -> None:
    """Write that whoever acts now did this. No texts of customers, no secrets."""
    who = acting()
    row = (at, who.operator_id, who.name, who.role, deed, subject, detail, who.address)
    write.connection.execute(INSERT, tuple(v[:LONGEST] if isinstance(v, str) else v for v in row))


def require_seen(
    write: Transaction, deed: str, standing: Mapping[str, Any], seen: str | None
) -> None:
    """With ``seen``, raise ``Edited`` unless that is the version of what stands; ``deed`` is what
    saving it is called here."""
    version = digest(standing)
    if seen is None or seen == version:
        return
    row = write.connection.execute(LAST, (deed,)).fetchone()
    told = "Somebody else saved this meanwhile."
    raise Edited(told, current=dict(standing), version=version, **(dict(row) if row else {}))


class Audit(Part):
    """Adds entries for what happens outside the database, and reads the log."""

    def note(self, deed: str, subject: str = "", detail: str = "") -> None:
        """Write that whoever acts now did this; for deeds that are not the store's."""
        with self._writing() as write:
            note(write, deed, subject, self._now(), detail)

    def promoted(self, release: str, detail: str = "", *, rollback: bool = False) -> None:
        """Write that whoever acts now made it the champion, and have webhooks hear of it."""
        at = self._now()
        with self._writing() as write:
            note(write, "release.rollback" if rollback else "release.promote", release, at, detail)
            told = {"release": release, "rollback": rollback}
            happened(write, "release.promoted", told, at)

    def audit(self, query: AuditQuery, limit: int) -> list[AuditEntry]:
        """The entries that are asked for, the newest first."""
        asked = {name: getattr(query, name) for name in AuditQuery.__slots__}
        with self._reading() as db:
            rows = db.execute(ENTRIES, {**asked, "limit": limit}).fetchall()
        return [AuditEntry(**dict(row)) for row in rows]
