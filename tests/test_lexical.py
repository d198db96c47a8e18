"""The lexical index finds texts by their letters, in any language, and never fails on a message."""

import math
import threading
from collections import Counter

import numpy as np
import pytest

from index import lexical
from index.lexical import K1, B, LexicalIndex, pieces

TEXTS = [
    "Send back a tent\nYou have 30 days to return what you do not like.",
    "Delivery to Norway\nParcels to Norway take six working days.",
    "Wash a rain jacket\nWash it at 30 degrees without softener.",
]


def best(texts: list[str], message: str) -> int:
    return int(LexicalIndex(texts).scores(message).argmax())


def test_shared_words_find_the_text() -> None:
    assert best(TEXTS, "how long to norway?") == 1
    assert best(TEXTS, "WASHING my jacket") == 2


def test_a_typo_costs_only_some_pieces() -> None:
    assert best(TEXTS, "deliverry to norwya") == 1


def test_rare_letters_weigh_more_than_common_ones() -> None:
    texts = ["you can return a stove", "you can return a kayak", "you can return a rope"]
    shares = LexicalIndex(texts).scores("can you return a kayak")
    assert shares.argmax() == 1
    assert shares[1] > 2 * shares[0]


def test_a_share_grows_with_what_is_shared() -> None:
    index = LexicalIndex(TEXTS)
    some, all_of_it = index.scores("norway zebra quiz")[1], index.scores("norway")[1]
    assert 0 < some < all_of_it
    assert index.scores("norway")[2] == 0


def test_one_is_a_text_of_mean_length_with_every_piece_once() -> None:
    shares = LexicalIndex(["red tent", "blue mat!", "grey cup"]).scores("tent red")
    assert shares.tolist() == [pytest.approx(1), 0, 0]


def test_messages_together_score_as_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lexical, "REMEMBERED", 3)  # words
    index = LexicalIndex(TEXTS)
    messages = ["how long to norway?", "", "WASHING my jacket", "zzzzqqqq", "norway norway tent"]
    together = index.scores_all(messages)
    assert together.shape == (5, 3)
    for message, shares in zip(messages, together, strict=True):
        assert LexicalIndex(TEXTS).scores(message) == pytest.approx(shares)
    assert index.scores_all([]).shape == (0, 3)
    assert len(index._asked) <= 3


@pytest.mark.parametrize("message", ["", "  \n", "?!…", "👍", "\ud800", "\x00", "zzzzqqqq"])
def test_a_message_without_known_letters_shares_nothing(message: str) -> None:
    assert LexicalIndex(TEXTS).scores(message).tolist() == [0, 0, 0]


@pytest.mark.parametrize("texts", [[], [""], ["", "?!"]])
def test_texts_without_letters_can_be_indexed(texts: list[str]) -> None:
    index = LexicalIndex(texts)
    assert len(index) == len(texts)
    assert index.scores("hello").tolist() == [0] * len(texts)


def test_one_empty_text_beside_others_shares_nothing() -> None:
    shares = LexicalIndex(["", "a tent"]).scores("tents")
    assert shares[0] == 0
    assert shares[1] > 0


@pytest.mark.parametrize(
    ("texts", "message", "expected"),
    [
        (["Rückgabe von Zelten", "Wie groß sind die Schuhe?"], "SCHUHGRÖSSE", 1),
        (["Où est mon colis ?", "Comment annuler une commande"], "annulation de ma commande", 1),
        (["如何退货", "包裹什么时候到"], "我的包裹在哪里?", 1),
        (["返品する方法", "パッケージの追跡"], "パッケージはどこ", 1),
        (["반품 방법", "소포가 언제 와요"], "내 소포는 어디에", 1),
        (["การคืนสินค้า", "ติดตามพัสดุ"], "พัสดุอยู่ที่ไหน", 1),
        (["возврат палатки", "доставка в Норвегию"], "когда доставят заказ?", 1),
    ],
)
def test_other_languages_are_found(texts: list[str], message: str, expected: int) -> None:
    assert best(texts, message) == expected


def test_pieces_overlap_and_know_where_a_word_begins() -> None:
    assert pieces("Zelte") == [" zel", "zelt", "elte", "lte "]
    assert pieces("a 退货单") == [" a ", "退货", "货单"]
    assert pieces("退") == ["退"]


def test_case_and_width_do_not_matter() -> None:
    assert pieces("STRASSE ＡＢＣ") == pieces("straße abc")


def test_a_huge_message_counts_by_its_beginning_and_its_end() -> None:
    index = LexicalIndex(TEXTS)
    filler = "x" * 100_000
    assert index.scores(f"norway {filler}")[1] > 0
    assert index.scores(f"{filler} norway")[1] > 0
    assert index.scores(f"{filler} norway {filler}")[1] == 0


def test_threads_share_an_index() -> None:
    index = LexicalIndex(TEXTS * 20)
    expected = {text: index.scores(text) for text in TEXTS}
    wrong: list[str] = []

    def ask() -> None:
        for _ in range(50):
            wrong.extend(t for t in TEXTS if not np.array_equal(index.scores(t), expected[t]))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def bm25(texts: list[str], message: str) -> list[float]:
    """The same by the book: Lucene's BM25 of a text, divided by the weights of all pieces."""
    counts = [Counter(pieces(text)) for text in texts]
    mean = sum(count.total() for count in counts) / len(texts)
    asked = set(pieces(message))
    having = {piece: sum(piece in count for count in counts) for piece in asked}
    weight = {p: math.log(1 + (len(texts) - n + 0.5) / (n + 0.5)) for p, n in having.items()}
    scores = []
    for count in counts:
        loss = K1 * (1 - B + B * count.total() / mean)
        found = sum(weight[p] * (K1 + 1) * count[p] / (count[p] + loss) for p in asked)
        scores.append(found / sum(weight.values()))
    return scores


@pytest.mark.parametrize(
    "message", ["wash a jacket, wash it", "30 days", "parcel to a zebra", "it"]
)
def test_shares_are_those_of_bm25(message: str) -> None:
    assert LexicalIndex(TEXTS).scores(message) == pytest.approx(bm25(TEXTS, message))


def test_an_edit_cuts_only_texts_that_are_new(monkeypatch: pytest.MonkeyPatch) -> None:
    before = LexicalIndex(TEXTS)
    told = before.scores("return a jacket").tolist()
    cut: list[str] = []
    words = lexical._words

    def watched(text: str) -> list[str]:
        cut.append(text)
        return words(text)

    edited = [TEXTS[2], "Rent a kayak", TEXTS[0]]
    monkeypatch.setattr(lexical, "_words", watched)
    after = LexicalIndex(edited, before)
    assert cut == ["Rent a kayak"]
    monkeypatch.undo()
    for message in ("return a jacket", "kayaks", "norway", "zebra kayak"):
        assert after.scores(message) == pytest.approx(LexicalIndex(edited).scores(message))
    assert before.scores("return a jacket").tolist() == told
    assert (
        before.scores("rent a kayak").tolist()
        == LexicalIndex(TEXTS).scores("rent a kayak").tolist()
    )
    assert len(LexicalIndex([], after)) == 0


def test_strange_words_do_not_fill_the_memory() -> None:
    """Anybody may write words of any length, and letters that stand for many."""
    index = LexicalIndex(TEXTS)
    for number in range(20):
        index.scores(f"{number}" + "x" * 800 + "\u3300" * 50)
    assert index._asked == {}
    index.scores("norway")
    assert list(index._asked) == [" norway "]


def test_pieces_of_texts_that_are_gone_are_forgotten() -> None:
    index = LexicalIndex(["some words that nobody writes again, ever"])
    for number in range(4):
        index = LexicalIndex([f"now it is about zebra{number}"], index)
    assert len(index._numbers) < 2 * len(LexicalIndex(["now it is about zebra3"])._numbers)
