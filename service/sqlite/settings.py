"""The desk's own small values (site secret and the like), in the SQLite store."""

from service.sqlite.base import Part


class Settings(Part):
    """Reads and writes settings by name."""

    def setting(self, name: str) -> str | None:
        """A value of the desk's own (site secret and the like)."""
        with self._reading() as db:
            row = db.execute("SELECT value FROM setting WHERE name = ?", (name,)).fetchone()
        return row["value"] if row else None

    def ensure_setting(self, name: str, value: str) -> str:
        """Write it unless it is there; returns what stands."""
        standing = self.setting(name)
        if standing is not None:
            return standing
        with self._writing() as write:
            write.connection.execute(
                "INSERT INTO setting (name, value) VALUES (?, ?) ON CONFLICT DO NOTHING",
                (name, value),
            )
            row = write.connection.execute(
                "SELECT value FROM setting WHERE name = ?", (name,)
            ).fetchone()
        return str(row["value"])

    def check(self) -> None:
        """Raise ``StoreError`` when the storage cannot be read and written."""
        with self._writing() as write:
            write.connection.execute(
                "INSERT INTO setting (name, value) VALUES ('checked_at', ?)"
                " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                (self._now(),),
            )
        self.setting("checked_at")
