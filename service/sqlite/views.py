"""Saved views of the inbox in the SQLite store: an operator's own, and those that all share."""

import sqlite3
from collections.abc import Sequence

from service.errors import Forbidden, InvalidInput, NotFound
from service.records.people import Operator
from service.records.tickets import SavedView
from service.roles import may
from service.sqlite.audit import note
from service.sqlite.base import Part
from service.sqlite.commit import Transaction
from service.sqlite.ids import new_id
from service.sqlite.operators import working_operator

MOST_VIEWS = 30  # of an operator, and as many that all share: each is counted
VIEW = """
SELECT w.id, w.operator_id, o.name AS operator_name, w.shared, w.name, w.q, w.sort
FROM saved_view AS w JOIN operator AS o ON o.id = w.operator_id
"""
VIEWS = f"{VIEW} WHERE w.shared = 1 OR w.operator_id = ? ORDER BY w.shared DESC, w.place, w.id"
NEW_VIEW = """
INSERT INTO saved_view (id, operator_id, shared, name, q, sort, place, created_at)
VALUES (?, ?, ?, ?, ?, ?, (SELECT ifnull(max(place), 0) + 1 FROM saved_view), ?)
"""
FIRST_PLACE = "SELECT ifnull(min(place), 0) FROM saved_view"


class Views(Part):
    """Keeps views. Only leads and admins touch shared ones, and nobody another's own."""

    def views(self, operator_id: str) -> list[SavedView]:
        """The shared ones and the operator's own, each in their order."""
        with self._reading() as db:
            return [_view(row) for row in db.execute(VIEWS, (operator_id,))]

    def add_view(
        self, operator_id: str, *, name: str, q: str, sort: str, shared: bool
    ) -> SavedView:
        """Keep a search; last in its list."""
        at, view_id = self._now(), new_id("viw")
        with self._writing() as write:
            operator = working_operator(write.connection, operator_id)
            _require_lead(operator, shared)
            _require_room(write, operator_id, shared)
            values = (view_id, operator_id, shared, name, q, sort, at)
            write.connection.execute(NEW_VIEW, values)
            _tell(write, at, shared, name)
            return _find(write, view_id, operator)

    def change_view(
        self,
        view_id: str,
        operator_id: str,
        *,
        name: str | None = None,
        q: str | None = None,
        sort: str | None = None,
        shared: bool | None = None,
    ) -> SavedView:
        """Change what is given. One that was shared and is no longer is its changer's own."""
        at = self._now()
        with self._writing() as write:
            operator = working_operator(write.connection, operator_id)
            view = _find(write, view_id, operator)
            _require_lead(operator, view.shared or bool(shared))
            now_shared = view.shared if shared is None else shared
            if now_shared != view.shared:
                _require_room(write, operator_id, now_shared)
            write.connection.execute(
                "UPDATE saved_view SET name = ?, q = ?, sort = ?, shared = ?, operator_id = ?"
                " WHERE id = ?",
                (
                    *(name or view.name, view.q if q is None else q, sort or view.sort, now_shared),
                    *(view.operator_id if now_shared else operator_id, view_id),
                ),
            )
            _tell(write, at, view.shared or now_shared, name or view.name)
            return _find(write, view_id, operator)

    def remove_view(self, view_id: str, operator_id: str) -> None:
        """Keep it no longer."""
        at = self._now()
        with self._writing() as write:
            operator = working_operator(write.connection, operator_id)
            view = _find(write, view_id, operator)
            _require_lead(operator, view.shared)
            write.connection.execute("DELETE FROM saved_view WHERE id = ?", (view_id,))
            _tell(write, at, view.shared, view.name, "view.delete")

    def order_views(self, view_ids: Sequence[str], operator_id: str) -> list[SavedView]:
        """Put these in this order, before others of their list."""
        at = self._now()
        with self._writing() as write:
            operator = working_operator(write.connection, operator_id)
            views = [_find(write, view_id, operator) for view_id in dict.fromkeys(view_ids)]
            _require_lead(operator, any(view.shared for view in views))
            first = write.connection.execute(FIRST_PLACE).fetchone()[0] - len(views)
            for place, view in enumerate(views, first):
                sql = "UPDATE saved_view SET place = ? WHERE id = ?"
                write.connection.execute(sql, (place, view.id))
            _tell(write, at, any(view.shared for view in views), "")
            return [_view(row) for row in write.connection.execute(VIEWS, (operator_id,))]


def _require_room(write: Transaction, operator_id: str, shared: bool) -> None:
    """``InvalidInput`` when the list that a view shall come into is full."""
    whose = "shared = 1" if shared else "shared = 0 AND operator_id = ?"
    sql = f"SELECT count(*) FROM saved_view WHERE {whose}"  # noqa: S608
    count = write.connection.execute(sql, () if shared else (operator_id,)).fetchone()[0]
    if count >= MOST_VIEWS:
        raise InvalidInput(f"There can be {MOST_VIEWS} views; remove one first.")


def _require_lead(operator: Operator, shared: bool) -> None:
    if shared and not may(operator.role, "lead"):
        raise Forbidden("Only a lead or an admin may change what all share.")


def _find(write: Transaction, view_id: str, operator: Operator) -> SavedView:
    """A view that this operator may see; another's own is not there."""
    row = write.connection.execute(f"{VIEW} WHERE w.id = ?", (view_id,)).fetchone()
    if row is None or not (row["shared"] or row["operator_id"] == operator.id):
        raise NotFound(f"There is no view {view_id}.")
    return _view(row)


def _view(row: sqlite3.Row) -> SavedView:
    fields = dict(row)
    return SavedView(**{**fields, "shared": bool(fields["shared"])})


def _tell(write: Transaction, at: str, shared: bool, name: str, deed: str = "view.save") -> None:
    """Only what concerns everybody: whose own view it is nobody else needs to know."""
    if shared:
        note(write, deed, name, at)
        write.tell("views", {}, at)
