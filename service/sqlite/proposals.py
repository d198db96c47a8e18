"""The review queue in the SQLite store: what waits for one decision of a person, and what follows.

Called through ``SqliteStore``. Accepting writes what a person decided in one transaction: labels of
messages as corrections, examples of texts without a message, an intent, a template.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby

import orjson

from index.alike import alike_key
from index.records import SENTIMENTS
from service.content import check
from service.errors import Conflict, ContentError, InvalidInput, NotFound
from service.labels import counting
from service.records.content import Content, Example, Intent, Template
from service.records.labels import Label
from service.records.proposals import (
    Acceptance,
    Proposal,
    ProposalKind,
    ProposalSource,
    ProposalState,
    ProposedText,
)
from service.sqlite.audit import note
from service.sqlite.base import Part
from service.sqlite.commit import Transaction
from service.sqlite.content_history import kept
from service.sqlite.content_rows import (
    check_template,
    intent_names,
    raise_revision,
    settings_from,
)
from service.sqlite.ids import new_id
from service.sqlite.label_rows import add_label, contest, labels_of
from service.sqlite.operators import find_operator, working_operator
from service.sqlite.rows import example_row, intent_from, intent_row, template_row
from service.sqlite.turns import find_message

FIELDS = tuple(name for name in Proposal.__slots__ if name != "texts")
QUEUE = """
SELECT * FROM proposal WHERE state = :state AND (:kind IS NULL OR kind = :kind)
ORDER BY value DESC, id LIMIT ifnull(:limit, -1) OFFSET :offset
"""
TEXTS = """
SELECT t.proposal_id, t.place, t.message_id, ifnull(t.text, m.text) AS text
FROM proposal_text AS t LEFT JOIN message AS m ON m.id = t.message_id
WHERE t.proposal_id IN (SELECT value FROM json_each(?)) ORDER BY t.proposal_id, t.place
"""
# A message may be gone since it was read.
NEW_TEXT = """
INSERT INTO proposal_text (proposal_id, place, text, message_id)
SELECT :proposal_id, :place, iif(:message_id IS NULL, :text, NULL), :message_id
WHERE :message_id IS NULL OR EXISTS (SELECT 1 FROM message WHERE id = :message_id)
"""
HOLDING = """
(SELECT proposal_id FROM proposal_text WHERE message_id IN (SELECT id FROM message
  WHERE conversation_id IN (SELECT value FROM json_each(?))))
"""
# Names and titles are made of words of the texts.
UNNAMED = f"UPDATE proposal SET name = '', title = '' WHERE id IN {HOLDING}"  # noqa: S608
FORGET = f"DELETE FROM proposal WHERE state = 'open' AND id IN {HOLDING}"  # noqa: S608
EMPTY = "DELETE FROM proposal WHERE id NOT IN (SELECT proposal_id FROM proposal_text)"


class Proposals(Part):
    """Keeps proposals and carries out what people decide."""

    def proposals(
        self,
        *,
        state: ProposalState = "open",
        kind: ProposalKind | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> list[Proposal]:
        """Proposals of a state, the most valuable first; all of them without a ``limit``."""
        page = {"state": state, "kind": kind, "limit": limit, "offset": offset}
        with self._snapshot() as db:
            return _with_texts(db, db.execute(QUEUE, page).fetchall())

    def count_proposals(self, state: ProposalState = "open") -> int:
        """How many proposals stand in a state."""
        with self._reading() as db:
            return _count(db, state)

    def proposal(self, proposal_id: str) -> Proposal:
        """One proposal; ``NotFound`` when it is not there."""
        with self._snapshot() as db:
            return _find(db, proposal_id)

    def add_proposals(self, proposals: Sequence[Proposal]) -> list[Proposal]:
        """Put these into the queue; ids, places and times are filled in."""
        at = self._now()
        with self._writing() as write:
            added = [_add(write, proposal, at) for proposal in proposals]
            drop_empty(write.connection)
            _tell(write, at)
        return added

    def replace_proposals(
        self, source: ProposalSource, proposals: Sequence[Proposal]
    ) -> list[Proposal]:
        """Put these in the place of the open ones of a source; decided ones stay."""
        at = self._now()
        with self._writing() as write:
            write.connection.execute(
                "DELETE FROM proposal WHERE source = ? AND state = 'open'", (source,)
            )
            added = [_add(write, proposal, at) for proposal in proposals]
            drop_empty(write.connection)
            _tell(write, at)
        return added

    def accept_proposal(
        self, proposal_id: str, operator_id: str, acceptance: Acceptance
    ) -> Proposal:
        """Do what a person decided, all of it or nothing; see the contract."""
        at = self._now()
        with self._writing() as write:
            proposal = _find(write.connection, proposal_id)
            working_operator(write.connection, operator_id)
            if not _is_decided(write.connection, proposal, "accepted", operator_id):
                left = [t for t in proposal.texts if t.place not in acceptance.left_out]
                if not left:
                    raise InvalidInput("Nothing is left of the proposal.", field="left_out")
                _carry_out(write, replace(proposal, texts=tuple(left)), operator_id, acceptance, at)
                proposal = _decide(write, proposal, "accepted", operator_id, at)
                raise_revision(write, at)
        return proposal

    def dismiss_proposal(self, proposal_id: str, operator_id: str) -> Proposal:
        """Take it out of the queue for good; see the contract."""
        at = self._now()
        with self._writing() as write:
            proposal = _find(write.connection, proposal_id)
            working_operator(write.connection, operator_id)
            if not _is_decided(write.connection, proposal, "dismissed", operator_id):
                proposal = _decide(write, proposal, "dismissed", operator_id, at)
        return proposal


def forget_proposals(write: Transaction, conversations: str, at: str) -> None:
    """Before conversations are erased (their ids as a JSON list): no proposal keeps words of them.
    Open ones go, for the next queue is made without; decided ones lose their names."""
    if write.connection.execute(FORGET, (conversations,)).rowcount:
        _tell(write, at)
    write.connection.execute(UNNAMED, (conversations,))


def drop_empty(db: sqlite3.Connection) -> None:
    """A proposal whose last text was erased is gone."""
    db.execute(EMPTY)


# --- what follows from accepting -----------------------------------------------------------------


def _carry_out(
    write: Transaction, proposal: Proposal, operator_id: str, acceptance: Acceptance, at: str
) -> None:
    answer = (proposal.answer if acceptance.answer is None else acceptance.answer).strip()
    if proposal.kind == "label" and answer:
        raise InvalidInput("A label comes without an answer.", field="answer")
    intent, sentiment = acceptance.intent, acceptance.sentiment
    if intent is None and not (proposal.kind == "label" and sentiment):
        intent = proposal.intent
    if proposal.kind == "answer" and not answer:
        raise InvalidInput("Write the answer.", field="answer")
    if proposal.kind == "intent" and intent is None:
        intent = _new_intent(write, proposal, operator_id, acceptance, at)
    _check_labels(write.connection, intent, sentiment)
    if proposal.kind != "answer":
        _label(write, proposal.texts, operator_id, intent, sentiment, at)
    if answer:
        _new_template(write, intent or "", answer, operator_id, at)


def _new_intent(
    write: Transaction, proposal: Proposal, operator_id: str, acceptance: Acceptance, at: str
) -> str:
    name, title = acceptance.name or proposal.name, acceptance.title or proposal.title
    for field, value in (("name", name), ("title", title), ("group", acceptance.group)):
        if not value:
            raise InvalidInput(f"The {field} is empty.", field=field)
    if name in intent_names(write.connection):
        raise InvalidInput(f"There is an intent {name} already.", field="name")
    row = intent_row(Intent(name, acceptance.group, title))
    with kept(write, "intent", name, at, operator_id):
        write.database.table("intent").insert(row, pk="name")
    return name


def _new_template(write: Transaction, intent: str, text: str, operator_id: str, at: str) -> None:
    """Add the intent's next template: named as it, then with a number."""
    db = write.connection
    taken = {row[0] for row in db.execute("SELECT name FROM template")}
    names = (f"{intent}_{number}" if number > 1 else intent for number in range(1, len(taken) + 2))
    template = Template(next(name for name in names if name not in taken), intent, text)
    check_template(template, intent_names(db))
    intents = tuple(intent_from(row) for row in db.execute("SELECT * FROM intent"))
    try:
        check(Content(settings_from(db), intents, (template,)), "answer")
    except ContentError as error:
        raise InvalidInput(error.message.removeprefix("answer: "), field="answer") from None
    with kept(write, "template", template.name, at, operator_id):
        write.database.table("template").insert(template_row(template), pk="name")


def _label(
    write: Transaction,
    texts: Iterable[ProposedText],
    operator_id: str,
    intent: str | None,
    sentiment: str | None,
    at: str,
) -> None:
    """Correct the messages, but for what somebody has corrected already; add the other texts as
    examples."""
    texts = list(texts)
    told: dict[str, list[Label]] = defaultdict(list)
    keys: list[str] = []
    for label in labels_of(write.connection, [e.message_id for e in texts if e.message_id]):
        if label.explicit:  # what only follows from a reply yields
            told[label.message_id].append(label)
    for text in texts:
        if text.message_id is None:
            example = Example(
                new_id("exa"),
                text.text,
                intent,
                sentiment,
                source="review",
                operator_id=operator_id,
            )
            with kept(write, "example", example.id, at, operator_id):
                write.database.table("example").insert(example_row(example, at))
            continue
        known = counting(told[text.message_id])
        said = (
            None if known and known.intent else intent,
            None if known and known.sentiment else sentiment,
            None,
        )
        if any(said):
            message = find_message(write.connection, text.message_id)
            add_label(write, message, operator_id, said, at, "correction")
            keys.append(alike_key(message.text))
    contest(write.connection, keys)


def _check_labels(db: sqlite3.Connection, intent: str | None, sentiment: str | None) -> None:
    if intent is None and sentiment is None:
        raise InvalidInput("Give intent or sentiment.", field="intent")
    if intent is not None and intent not in intent_names(db):
        raise InvalidInput(f"There is no intent {intent}.", field="intent")
    if sentiment is not None and sentiment not in SENTIMENTS:
        raise InvalidInput(f"Sentiment is one of {', '.join(SENTIMENTS)}.", field="sentiment")


# --- rows ----------------------------------------------------------------------------------------


def _add(write: Transaction, proposal: Proposal, at: str) -> Proposal:
    added = replace(proposal, id=proposal.id or new_id("prp"), made_at=proposal.made_at or at)
    row = {name: getattr(added, name) for name in FIELDS}
    write.database.table("proposal").insert(row, pk="id")
    texts = tuple(replace(text, place=place) for place, text in enumerate(proposal.texts))
    kept = 0
    for text in texts:
        kept += write.connection.execute(
            NEW_TEXT,
            {
                "proposal_id": added.id,
                "place": text.place,
                "text": text.text,
                "message_id": text.message_id,
            },
        ).rowcount
    if kept < len(texts) and added.state == "open":  # its words may be those of somebody erased
        write.connection.execute("DELETE FROM proposal WHERE id = ?", (added.id,))
    return replace(added, texts=texts)


def _find(db: sqlite3.Connection, proposal_id: str) -> Proposal:
    row = db.execute("SELECT * FROM proposal WHERE id = ?", (proposal_id,)).fetchone()
    if row is None:
        raise NotFound(f"There is no proposal {proposal_id}.")
    return _with_texts(db, [row])[0]


def _with_texts(db: sqlite3.Connection, rows: Sequence[sqlite3.Row]) -> list[Proposal]:
    ids = orjson.dumps([row["id"] for row in rows]).decode()
    found = db.execute(TEXTS, (ids,)).fetchall()
    texts = {
        proposal_id: tuple(ProposedText(t["text"], t["message_id"], t["place"]) for t in group)
        for proposal_id, group in groupby(found, key=lambda text: str(text["proposal_id"]))
    }
    return [
        Proposal(**{name: row[name] for name in FIELDS}, texts=texts.get(row["id"], ()))
        for row in rows
    ]


def _is_decided(
    db: sqlite3.Connection, proposal: Proposal, state: ProposalState, operator_id: str
) -> bool:
    """Whether this operator has decided just so before; ``Conflict`` when it was otherwise."""
    if proposal.state == "open":
        return False
    if (proposal.state, proposal.decided_by) == (state, operator_id):
        return True
    who = find_operator(db, proposal.decided_by or "").name
    raise Conflict(f"{who} has {proposal.state} this already.")


def _decide(
    write: Transaction, proposal: Proposal, state: ProposalState, operator_id: str, at: str
) -> Proposal:
    write.connection.execute(
        "UPDATE proposal SET state = ?, decided_at = ?, decided_by = ? WHERE id = ?",
        (state, at, operator_id, proposal.id),
    )
    _tell(write, at)
    deed = "proposal.accept" if state == "accepted" else "proposal.dismiss"
    note(write, deed, proposal.id, at, proposal.kind)
    return replace(proposal, state=state, decided_at=at, decided_by=operator_id)


def _count(db: sqlite3.Connection, state: ProposalState) -> int:
    row = db.execute("SELECT count(*) FROM proposal WHERE state = ?", (state,)).fetchone()
    return int(row[0])


def _tell(write: Transaction, at: str) -> None:
    write.tell("review", {"open": _count(write.connection, "open")}, at)
