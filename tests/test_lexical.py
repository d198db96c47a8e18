"""The lexical index finds texts by their letters, in any language, and never fails on a message."""

import threading

import numpy as np
import pytest

from index.lexical import LexicalIndex, pieces

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
