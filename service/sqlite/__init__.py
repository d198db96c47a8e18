"""The store that ships: one SQLite file in the desk's home. ``store.SqliteStore`` is the way in."""
