"""The rows of one night, frozen: the desk's content and corrections, masked, with their origin.

Called by `finetune.night` before it trains, so that a resumed night and its verdict see the same
rows. What tells of a person is replaced before anything is written.
"""

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from finetune.rows import SURE, Row, Span, from_content
from finetune.temper import choose_judges, temper
from finetune.traffic import weigh
from index.masking import STAND_INS, find_personal, names_of, put_stand_ins
from index.recognisers import Recogniser, personal
from index.records import OUT_OF_SCOPE, Entity
from index.release import read_intents
from index.seen import fingerprint
from service.agreement import distrusted
from service.errors import ContentError
from service.records.content import Content, Example
from service.records.labels import ReadAs
from service.records.past import Origin, Outcome
from service.store import Store
from service.times import since

NOTHING: Mapping[str, Any] = MappingProxyType({})
NEW_FOR = "14d"  # what is asked for the first time; later it says nothing of what will be
HELD_OUT = 5  # one conversation of so many is never trained on,
ENOUGH = 50  # once so many were corrected: few are worth more in training


@dataclass(frozen=True, slots=True)
class Frozen:
    """``rows`` to train, calibrate and test with, and ``held_out`` ones that only judge; with the
    number of those in which somebody was masked. ``origins`` are by a row's place; ``left_out``
    counts, by operator, labels of those who stand out (`service.agreement`)."""

    rows: list[Row]
    held_out: list[Row]
    origins: Mapping[str, Origin]
    masked: int = 0
    left_out: Mapping[str, int] = field(default_factory=dict)


def freeze(
    content: Content,
    origins: Mapping[str, Origin],
    traffic: Mapping[Outcome, int],
    doubted: Mapping[str, str] = NOTHING,
    new: Mapping[str, tuple[float, float]] = NOTHING,
) -> Frozen:
    """The rows of the desk as it is now. ``origins`` are by message id; ``traffic`` counts messages
    by what became of them; of ``doubted`` ones, by message id, nothing is learned, and they judge
    nothing; ``new`` are scores, as in `Row.then`, of those whose intent the desk did not know.

    Of the conversations in which something was corrected, one in ``HELD_OUT`` is held out with all
    its messages, the same ones every night, as soon as there are ``ENOUGH``; what was corrected in
    the others trains. A correction whose message is gone is left out: nobody knows whose it was;
    and so is, where it would be held out, what nobody has said in so many words. No customer has
    more than his share of either (`finetune.temper`).
    """
    recognisers = personal(content.settings.locale)
    examples = {f"example {example.id}": example for example in content.examples}
    enough = len({origin.conversation_id for origin in origins.values()}) >= ENOUGH
    frozen, masked = Frozen([], [], {}), 0
    told: dict[str, Origin] = {}
    left_out: Counter[str] = Counter()
    for row in from_content(content):
        example = examples.get(row.place)
        who = doubted.get(example.message_id or "") if example else None
        if who is not None:
            left_out[who] += 1
            continue
        origin = _origin(example, origins)
        if example is not None and example.source == "correction" and origin is None:
            continue
        clean = (
            row
            if row.own
            else mask_row(row, recognisers, names_of(origin.customer_name if origin else None))
        )
        masked += clean.text != row.text
        if example is not None and example.message_id:
            clean = replace(clean, then=new.get(example.message_id))
        if origin is not None:
            told[row.place] = origin
        if enough and origin is not None and is_held_out(origin.conversation_id):
            if row.weight >= SURE:
                frozen.held_out.append(replace(clean, support=False))
        else:
            frozen.rows.append(clean)
    rows, held_out = temper(frozen.rows, told), choose_judges(frozen.held_out, told)
    weighed = weigh([*rows, *held_out], told, traffic)
    return Frozen(weighed[: len(rows)], weighed[len(rows) :], told, masked, dict(left_out))


def freeze_desk(
    store: Store, content: Content, releases: Path, *, trusting: bool = False
) -> Frozen:
    """The rows of the desk as it is now, with what its store knows of where they are from, and what
    the releases in the folder knew; those of operators who stand out only when ``trusting``."""
    corrected = {e.message_id: e.intent for e in content.examples if e.message_id is not None}
    origins = store.origins(list(corrected))
    first = min((origin.at for origin in origins.values()), default="")
    labels = store.labels()
    read = store.read_as(list({*corrected, *(label.message_id for label in labels)}))
    names = {one.release for one in read.values() if one.release}
    knew = {name: read_intents(releases / name) for name in names}
    recent, there = since(NEW_FOR), {intent.name for intent in content.intents}
    new = {
        message_id: (read[message_id].certainty, read[message_id].in_scope)
        for message_id, origin in origins.items()
        if origin.at >= recent
        and _is_new(corrected[message_id], read.get(message_id), knew)
        # What it was read as is gone when an intent was split or has another name: then it is not
        # the message that was new.
        and read[message_id].intent in there
    }
    doubted = {} if trusting else distrusted(labels, read)
    return freeze(content, origins, store.outcomes(first), doubted, new)


def _is_new(
    intent: str | None, read: ReadAs | None, knew: Mapping[str, frozenset[str] | None]
) -> bool:
    """Whether the release that read a message with this intent did not know it."""
    known = knew.get(read.release or "") if read else None
    return intent not in (None, OUT_OF_SCOPE) and known is not None and intent not in known


def is_held_out(conversation_id: str) -> bool:
    """Whether what is corrected in this conversation judges, and never trains."""
    return int(hashlib.sha256(conversation_id.encode()).hexdigest(), 16) % HELD_OUT == 0


def mask_row(row: Row, recognisers: Iterable[Recogniser], names: Sequence[str] = ()) -> Row:
    """The row with stand-ins for addresses, numbers and these names. Its entities move along; one
    that begins or ends within what was replaced is gone."""
    replaced = find_personal(row.text, recognisers, names)
    if not replaced:
        return row
    entities = row.entities
    if entities is not None:
        moved = ((_move(e.start, replaced), _move(e.end, replaced), e.label) for e in entities)
        entities = tuple(
            Span(start, stop, label)
            for start, stop, label in moved
            if start is not None and stop is not None
        )
    text = put_stand_ins(row.text, replaced)
    return replace(row, text=text, entities=entities, original=fingerprint(row.text))


def _move(place: int, replaced: Sequence[Entity]) -> int | None:
    """Where a place of a text is after the replacements; none within one of them."""
    if any(entity.start < place < entity.end for entity in replaced):
        return None
    before = [entity for entity in replaced if entity.end <= place]
    return place + sum(len(STAND_INS[e.label]) - (e.end - e.start) for e in before)


def write_frozen(path: Path, frozen: Frozen) -> None:
    """Write the rows, a JSON object a line, readable by the desk's own user alone."""
    told = {place: _tell(origin) for place, origin in frozen.origins.items()}
    lines = [
        json.dumps({"held_out": held, **asdict(row), "origin": told.get(row.place)})
        for held, rows in ((False, frozen.rows), (True, frozen.held_out))
        for row in rows
    ]
    temporary = path.with_suffix(".part")
    with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.writelines(f"{line}\n" for line in lines)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def read_frozen(path: Path) -> tuple[list[Row], list[Row]]:
    """The rows that ``write_frozen`` wrote, and those held out. Raises ``ContentError``."""
    rows: tuple[list[Row], list[Row]] = ([], [])
    try:
        for line in path.read_text(encoding="utf-8").splitlines():
            fields = json.loads(line)
            held = fields.pop("held_out")
            del fields["origin"]
            if fields["entities"] is not None:
                fields["entities"] = tuple(Span(**span) for span in fields["entities"])
            if fields.get("then") is not None:
                fields["then"] = tuple(fields["then"])
            rows[held].append(Row(**fields))
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ContentError(f"{path} cannot be read: {error}") from None
    return rows


def _origin(example: Example | None, origins: Mapping[str, Origin]) -> Origin | None:
    if example is None or example.message_id is None:
        return None
    return origins.get(example.message_id)


def _tell(origin: Origin) -> dict[str, str]:
    """What of an origin is kept: never who wrote."""
    return {"conversation": origin.conversation_id, "at": origin.at}
