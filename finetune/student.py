"""From a trained network to a smaller one that it teaches.

Called by `finetune.run` where the recipe has ``distil_layers``. Both read customers' messages in
training, but only their text: no guess of a teacher becomes a label.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from finetune.checkpoint import Checkpoint
from finetune.clean import clean
from finetune.crop import choose_layers, count_layers, crop_encoder
from finetune.fit import Fitted, Progress, Setup, fit_network, prefixed
from finetune.lesson import Lesson
from finetune.prepare import Prepared
from finetune.rows import Row
from finetune.split import group_rows
from finetune.train import Watch
from index.network import Network


def plan_layers(setup: Setup) -> list[int]:
    """The encoder's layers that the student has. Raises ``ContentError`` for too many."""
    return choose_layers(count_layers(setup.encoder), setup.recipe.distil_layers)


def choose_messages(messages: Sequence[str], prepared: Prepared) -> list[Row]:
    """Customers' messages as rows without labels, each text once.

    Left out are those like a row that calibrates or tests: what was read in it would be no news.
    """
    fresh, _ = clean([Row(text, place="message") for text in messages])
    held = [Row(row.text) for row in (*prepared.calibrating, *prepared.test)]
    rows = [*held, *fresh]
    new = [group for group in group_rows(rows) if min(group) >= len(held)]
    return [rows[number] for number in sorted(number for group in new for number in group)]


def fit_student(
    prepared: Prepared,
    setup: Setup,
    teacher: Network,
    unlabelled: list[Row],
    tell: Progress,
    watch: Watch | None = None,
    checkpoint: Checkpoint | None = None,
) -> Fitted:
    """A network with fewer layers, which the ``teacher`` of the same rows teaches; calibrated as
    any. All of its layers train. Raises ``ReleaseError`` when the encoder cannot be cropped."""
    own = replace(setup, recipe=replace(setup.recipe, freeze_layers=0))
    with TemporaryDirectory(prefix="frontdesk-") as name:
        encoder = Path(name) / "encoder"
        crop_encoder(teacher, setup.encoder, plan_layers(setup), encoder)
        lesson = Lesson(teacher, encoder, unlabelled)
        return fit_network(prepared, own, prefixed("student", tell), watch, checkpoint, lesson)
