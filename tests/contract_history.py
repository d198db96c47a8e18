"""What every store keeps of the history of content; ``test_store`` runs it on each store."""

from dataclasses import replace

import pytest

from drafts import CONTENT, Clock, draft
from service.errors import Conflict, Edited, NotFound
from service.records.content import Example, GoldenCase, Template
from service.records.people import Operator
from service.records.proposals import Acceptance as Accepted
from service.records.proposals import Proposal, ProposedText
from service.store import Store
from service.versions import NOT_THERE, item_json, version_of

TEXT = "my quixotry is broken"


class HistoryContract:
    """Every change of content is kept, once, with who made it; erasure reaches it."""

    def test_a_change_is_kept_with_who_made_it_and_what_was_before(
        self, store: Store, ana: Operator, clock: Clock
    ) -> None:
        store.replace_content(CONTENT)
        assert store.content_changes() == []  # history begins with the first content
        track = CONTENT.templates[0]
        changed = replace(track, text="Look at {order}.")
        store.save_template(changed, by=ana.id)
        clock.move(minutes=1)
        store.delete_template("track")
        deleted, saved = store.content_changes("template", "track")
        assert (saved.before, saved.after) == (item_json(track), item_json(changed))
        assert (saved.operator_id, saved.operator_name) == (ana.id, "Ana")
        assert (deleted.before, deleted.after) == (item_json(changed), None)
        assert (deleted.operator_id, deleted.operator_name) == (None, None)
        assert deleted.at > saved.at
        assert store.content_change(saved.id) == saved
        with pytest.raises(NotFound):
            store.content_change(deleted.id + 1)

    def test_saving_the_same_again_is_no_change(self, store: Store) -> None:
        store.replace_content(CONTENT)
        store.save_template(CONTENT.templates[0])
        store.save_article(CONTENT.articles[0])
        assert store.content_changes() == []

    def test_history_comes_in_pages_and_of_one_item(self, store: Store) -> None:
        store.replace_content(CONTENT)
        for number in range(5):
            store.save_facts({"shop": f"Kestrel {number}"})
            store.save_golden(GoldenCase(f"where {number}", "track", "ask"))
        newest = store.content_changes(limit=3)
        older = store.content_changes(before=newest[-1].id, limit=100)
        ids = [change.id for change in (*newest, *older)]
        assert ids == sorted(ids, reverse=True)
        assert len(set(ids)) == 10
        shops = [c.after for c in store.content_changes("facts", "facts")]
        assert shops[0] == {"facts": {"shop": "Kestrel 4"}}
        assert {change.kind for change in store.content_changes("golden_case")} == {"golden_case"}

    def test_an_import_keeps_only_what_it_changed(self, store: Store) -> None:
        store.replace_content(CONTENT)
        before = {example.id for example in store.content().examples}
        more = (*(replace(e, id="") for e in CONTENT.examples), Example("", "a new one", "track"))
        store.replace_content(replace(CONTENT, examples=more, articles=()))
        kinds = [(c.kind, c.before is None, c.after is None) for c in store.content_changes()]
        assert sorted(kinds) == [("article", False, True), ("example", True, False)]
        assert before < {example.id for example in store.content().examples}
        assert len({case.id for case in store.content().golden}) == len(CONTENT.golden)

    def test_who_edits_an_old_version_is_told_what_stands_now(
        self, store: Store, ana: Operator
    ) -> None:
        store.replace_content(CONTENT)
        track = CONTENT.templates[0]
        seen = version_of("template", item_json(track))
        store.save_template(replace(track, text="Ana's {order}."), by=ana.id, seen=seen)
        revision = store.content_revision()
        with pytest.raises(Edited) as caught:
            store.save_template(replace(track, text="Ben's {order}."), seen=seen)
        assert caught.value.detail["current"]["text"] == "Ana's {order}."  # type: ignore[index]
        assert caught.value.detail["edited_by"] == "Ana"
        with pytest.raises(Edited):
            store.delete_template("track", seen=seen)
        with pytest.raises(Edited):
            store.save_template(track, seen=NOT_THERE)
        assert store.content_revision() == revision
        now = str(caught.value.detail["version"])
        store.save_template(replace(track, text="Ben's {order}."), seen=now)
        store.delete_template(
            "track", seen=version_of("template", item_json(replace(track, text="Ben's {order}.")))
        )
        with pytest.raises(Edited, match="deleted"):
            store.save_template(track, seen=now)

    def test_an_import_is_somebody_elses_edit_too(self, store: Store) -> None:
        store.replace_content(CONTENT)
        seen = version_of("template", item_json(CONTENT.templates[0]))
        edited = (replace(CONTENT.templates[0], text="Imported {order}."), *CONTENT.templates[1:])
        store.replace_content(replace(CONTENT, templates=edited))
        with pytest.raises(Edited):
            store.save_template(CONTENT.templates[0], seen=seen)

    def test_golden_cases_are_edited_by_their_ids(self, store: Store) -> None:
        store.replace_content(CONTENT)
        made = store.save_golden(GoldenCase("is it here", "track", "ask"))
        assert made.id.startswith("gld_")
        store.save_golden(replace(made, text="is it there"))
        assert [case.text for case in store.content().golden] == [
            "where's my parcel",
            "is it there",
        ]
        store.delete_golden(made.id)
        assert store.content().golden == CONTENT.golden
        with pytest.raises(NotFound):
            store.delete_golden(made.id)

    def test_what_a_decision_makes_is_kept_under_who_decided(
        self, store: Store, ana: Operator
    ) -> None:
        store.replace_content(CONTENT)
        wraps = Proposal(
            "intent", "history", (ProposedText("gift wrap it"),), 1, 1.0, "wrap", "Wrap"
        )
        (made,) = store.add_proposals([wraps])
        store.accept_proposal(made.id, ana.id, Accepted(answer="We do."))
        changes = store.content_changes()
        assert {c.kind for c in changes} == {"intent", "template", "example"}
        assert {c.operator_id for c in changes} == {ana.id}

    # --- erasure ---------------------------------------------------------------------------------

    def test_an_erased_message_survives_in_no_version(self, store: Store, ana: Operator) -> None:
        store.replace_content(CONTENT)
        zoe = store.create_conversation(email="zoe@shop.example")[0]
        turn = store.record_turn(draft(zoe.id, text=TEXT))
        store.correct_message(turn.message.id, ana.id, intent="refund")
        learned = next(e for e in store.content().examples if e.source == "correction")
        store.save_example(replace(learned, text=f"{TEXT} twice"), by=ana.id)
        store.delete_example(learned.id, by=ana.id)
        store.add_examples([Example("", TEXT, "refund")])  # the very words, typed by hand
        (typed,) = [e for e in store.content().examples if e.text == TEXT]
        store.save_example(replace(typed, text="something else"))
        for text in (TEXT, "a case without a message"):
            case = store.save_golden(GoldenCase(text, "refund", "handoff"))
            store.delete_golden(case.id)
        store.save_template(Template("other", "refund", "Somebody else's."))
        deleted = store.content_changes("example", learned.id)[0]
        store.erase("zoe@shop.example", "root")
        assert "quixotry" not in repr(store.content_changes(limit=1000))
        assert [c.name for c in store.content_changes("template")] == ["other"]
        assert {c.name for c in store.content_changes("golden_case")} == {case.id}
        assert deleted.before is not None
        with pytest.raises(NotFound):  # a restore that began before
            store.save_example(Example(**{**deleted.before, "contested": ()}))

    def test_what_comes_back_is_contested_as_by_now(
        self, store: Store, ana: Operator, ben: Operator
    ) -> None:
        store.replace_content(CONTENT)
        conversation = store.create_conversation()[0].id
        first, second = (
            store.record_turn(draft(conversation, key, text=TEXT)).message.id for key in "ab"
        )
        store.correct_message(first, ana.id, intent="refund")
        store.correct_message(second, ben.id, intent="track")
        learned = next(e for e in store.content().examples if e.message_id == first)
        assert learned.contested == ("intent",)
        store.delete_example(learned.id)
        store.correct_message(second, ben.id, intent="refund")  # they agree
        store.save_example(learned)
        assert {e.contested for e in store.content().examples if e.message_id} == {()}
        store.delete_example(learned.id)
        store.undo_label(first, ana.id)
        with pytest.raises(Conflict, match="taken back"):
            store.save_example(learned)

    def test_a_deleted_example_of_a_message_is_not_brought_back_beside_a_new_one(
        self, store: Store, ana: Operator
    ) -> None:
        store.replace_content(CONTENT)
        turn = store.record_turn(draft(store.create_conversation()[0].id, text=TEXT))
        store.correct_message(turn.message.id, ana.id, intent="refund")
        learned = next(e for e in store.content().examples if e.source == "correction")
        store.delete_example(learned.id)
        store.correct_message(turn.message.id, ana.id, intent="track")
        with pytest.raises(Conflict):
            store.save_example(learned)
