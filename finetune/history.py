"""Groups the questions of past conversations with an encoder; loaded by ``import --history``.

The first half of that command, which reads and masks, is the service's, and so is what becomes of
the groups. Never writes anything.
"""

from collections.abc import Sequence

from finetune.cli import ProgressBar
from finetune.encoders import find_encoder
from index.errors import ReleaseError
from index.seen import normalise
from service.config import Config
from service.errors import Conflict
from service.records.proposals import Group

ANSWER_WORDS = 60  # how an answer begins, which tells what it is about


def group_pairs(config: Config, questions: Sequence[str], answers: Sequence[str]) -> list[Group]:
    """Groups of questions by place, the biggest first, with the answers to each.

    Raises ``Conflict`` saying what is missing when there is no encoder.
    """
    from finetune.grouping import group_vectors
    from finetune.lint_model import encode
    from index.network import choose_device
    from index.tokens import Tokenizer

    # The same question with the same answer is encoded and counted as dense once.
    rows: dict[tuple[str, str], int] = {}
    owners: list[int] = []
    for question, answer in zip(questions, answers, strict=True):
        opening = " ".join(answer.split()[:ANSWER_WORDS])
        owners.append(rows.setdefault((normalise(question), opening), len(rows)))
    try:
        folder = find_encoder(config.encoder)
        device = choose_device(config.device)
        tokenizer = Tokenizer.load(folder)
        texts = [question for question, _ in rows] + [opening for _, opening in rows]
        with ProgressBar() as bar:
            vectors = encode(tokenizer.split(texts), folder, device, bar)[1]
    except ReleaseError as error:
        raise Conflict(str(error)) from None
    return group_vectors(vectors[: len(rows)], vectors[len(rows) :], owners)
