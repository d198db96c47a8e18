"""The desk's own small values (site secret and the like), in the SQLite store."""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import replace

from index.records import OUT_OF_SCOPE
from service.errors import InvalidInput
from service.site import FILES, LOOK, ORIGINS
from service.sqlite.audit import note, require_seen
from service.sqlite.base import Part
from service.sqlite.content_rows import (
    intent_names,
    raise_revision,
    settings_from,
    settings_rows,
)
from service.versions import site_json


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

    def save_site(
        self,
        *,
        name: str,
        welcome: Sequence[str],
        suggested: Sequence[str],
        own: Mapping[str, str],
        seen: str | None = None,
    ) -> None:
        """The site's settings, in one transaction; content that stays the same makes no revision.
        Without a welcome the desk's own words stand."""
        at = self._now()
        with self._writing() as write:
            db = write.connection
            missing = set(suggested) - (intent_names(db) - {OUT_OF_SCOPE})
            if missing:
                told = f"suggested: there is no intent {min(missing)}."
                raise InvalidInput(told, field="suggested")
            before = settings_from(db)
            standing = site_json(
                before.name,
                before.replies.get("welcome", ()),
                before.suggested,
                {setting: _value(db, setting) for setting in LOOK},
                _value(db, ORIGINS),
                _value(db, FILES) != "off",
            )
            require_seen(write, "settings.save", standing, seen)
            replies = {k: v for k, v in before.replies.items() if k != "welcome"}
            replies |= {"welcome": tuple(welcome)} if welcome else {}
            after = replace(before, name=name, replies=replies, suggested=tuple(suggested))
            changed = {"content"} if after != before else set()
            if changed:
                write.database.table("desk_setting").upsert_all(settings_rows(after), pk="name")
                raise_revision(write, at)
            for setting, value in own.items():
                if _value(db, setting) != value:
                    changed.add(setting)
                    db.execute(
                        "INSERT INTO setting (name, value) VALUES (?, ?)"
                        " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                        (setting, value),
                    )
            if changed:
                note(write, "settings.save", "site", at, ", ".join(sorted(changed)))

    def check(self) -> None:
        """Raise ``StoreError`` when the storage cannot be read and written."""
        with self._writing() as write:
            write.connection.execute(
                "INSERT INTO setting (name, value) VALUES ('checked_at', ?)"
                " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                (self._now(),),
            )
        self.setting("checked_at")


def _value(db: sqlite3.Connection, name: str) -> str:
    row = db.execute("SELECT value FROM setting WHERE name = ?", (name,)).fetchone()
    return str(row["value"]) if row else ""
