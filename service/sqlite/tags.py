"""The desk's tags in the SQLite store: listed, renamed, coloured, removed."""

from service.errors import Conflict, InvalidInput, NotFound
from service.records.tickets import TAG_COLORS, Tag
from service.sqlite.audit import note
from service.sqlite.base import Part
from service.sqlite.commit import Transaction
from service.sqlite.tag_rows import tag_key

TAGS = """
SELECT g.id, g.name, g.color, (SELECT count(*) FROM ticket_tag AS x JOIN ticket AS t
  ON t.id = x.ticket_id WHERE x.tag_id = g.id AND t.status IN ('open', 'claimed')) AS tickets
FROM tag AS g ORDER BY g.name_key
"""


class Tags(Part):
    """Reads and changes tags; putting them on tickets is a ticket's business. A change is told as
    "tags", upon which consoles fetch anew what they show."""

    def tags(self) -> list[tuple[Tag, int]]:
        """All of them by name, each with how many active tickets have it."""
        with self._reading() as db:
            return [
                (Tag(row["id"], row["name"], row["color"]), row["tickets"])
                for row in db.execute(TAGS)
            ]

    def change_tag(self, tag_id: str, *, name: str | None = None, color: str | None = None) -> Tag:
        """Rename or colour it; ``Conflict`` when another one has this name."""
        at = self._now()
        if color is not None and color not in TAG_COLORS:
            raise InvalidInput(f"color: is one of {', '.join(TAG_COLORS)}.", field="color")
        with self._writing() as write:
            tag = _find(write, tag_id)
            shown = " ".join(name.split()) if name else tag.name
            sql = "SELECT 1 FROM tag WHERE name_key = ? AND id <> ?"
            if write.connection.execute(sql, (tag_key(shown), tag_id)).fetchone():
                raise Conflict(f"There is a tag {shown!r} already.", field="name")
            write.connection.execute(
                "UPDATE tag SET name = ?, name_key = ?, color = ? WHERE id = ?",
                (shown, tag_key(shown), color or tag.color, tag_id),
            )
            note(write, "tag.save", shown, at)
            write.tell("tags", {}, at)
            return _find(write, tag_id)

    def remove_tag(self, tag_id: str) -> None:
        """Take it off every ticket, for good."""
        at = self._now()
        with self._writing() as write:
            note(write, "tag.delete", _find(write, tag_id).name, at)
            # First the rows, so that the search index hears of each.
            write.connection.execute("DELETE FROM ticket_tag WHERE tag_id = ?", (tag_id,))
            write.connection.execute("DELETE FROM tag WHERE id = ?", (tag_id,))
            write.tell("tags", {}, at)


def _find(write: Transaction, tag_id: str) -> Tag:
    sql = "SELECT id, name, color FROM tag WHERE id = ?"
    row = write.connection.execute(sql, (tag_id,)).fetchone()
    if row is None:
        raise NotFound(f"There is no tag {tag_id}.")
    return Tag(**dict(row))
