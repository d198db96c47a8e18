"""Homes to measure on: copies of a trained one, which itself is never written to.

Written through the store, before a server is started on them.
"""

import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from itertools import islice, product
from pathlib import Path

from benchmarks.load.wrk import Place
from service.config import load_config
from service.records.content import Template
from service.records.conversations import Dialogue, ReplyDraft
from service.records.turns import TurnDraft
from service.store import Store, open_store

WORDS = 6  # of the desk's own template
WRITERS = 8  # at once: they share commits
COLOURS = "red blue green grey black white amber olive navy teal rust sand plum mint coal rose"
KINDS = "light warm folding waterproof padded slim wide long short quilted spare lined"
THINGS = (
    "tent jacket flask stove rucksack boot lamp mat rope axe glove hat sock pan mug bottle blanket "
    "chair table bag pole peg filter compass map whistle knife torch hammock pillow"
)
PLACES = "Skye Arran Tiree Islay Jura Mull Harris Lewis Rum Eigg Barra Unst"
TRACE = {"release": "made", "reading": None, "route": {"action": "answer", "reason": "made"}}


def copy_home(home: Path, to: Path) -> Path:
    """A home with the same content (but what corrections taught), releases and vectors, and no
    conversations."""
    to.mkdir(parents=True)
    (to / "releases").symlink_to((home / "releases").absolute())
    if (home / "cache").is_dir():
        shutil.copytree(home / "cache", to / "cache")
    with opened(home) as old, opened(to) as new:
        new.replace_content(replace(old.content(), revision=0))
    return to


def opened(home: Path) -> "closing[Store]":
    """The home's store, to be closed after use."""
    return closing(open_store(load_config({}, home=home)))


def grow_templates(home: Path, count: int) -> int:
    """Give the home ``count`` templates, made-up ones after its own; returns how many it has.

    More of them begin with the same ones, so that the vectors of fewer are already there.
    """
    with opened(home) as store:
        content = store.content()
        own = [each for each in content.templates if not each.name.startswith("made_")]
        made = list(islice(_made(own), max(0, count - len(own))))
        store.replace_content(replace(content, templates=(*own, *made)))
    return len(own) + len(made)


def _made(own: Sequence[Template]) -> Iterator[Template]:
    """Short templates with wordings that differ, each after the beginning of one of the desk's."""
    lists = [words.split() for words in (THINGS, COLOURS, KINDS, PLACES)]
    for number, (thing, colour, kind, place) in enumerate(product(*lists)):
        like = own[number % len(own)]
        first = " ".join(like.text.split()[:WORDS])
        text = f"The {kind} {colour} {thing}, {place}: {first}"
        yield replace(like, name=f"made_{number}", text=text)


def fill_conversations(home: Path, count: int, messages: int) -> list[Place]:
    """So many conversations with so many earlier messages each."""
    with opened(home) as store, ThreadPoolExecutor(WRITERS) as writers:
        return [_fill(store, writers, messages // 2) for _ in range(count)]


def _fill(store: Store, writers: ThreadPoolExecutor, turns: int) -> Place:
    conversation, token = store.create_conversation()

    def write(number: int) -> None:
        reply = ReplyDraft("Returns are free within 30 days of the delivery.", "answer")
        text = f"How long may I take to send back number {number}?"
        store.record_turn(
            TurnDraft(conversation.id, f"old{number}", text, 0, Dialogue(), reply, trace=TRACE)
        )

    list(writers.map(write, range(turns)))
    return f"/api/v1/conversations/{conversation.id}/messages", token
