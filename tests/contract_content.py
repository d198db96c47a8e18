"""What every store keeps of content, people and settings; ``test_store`` runs it on each store."""

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from drafts import CONTENT, Clock
from service.errors import Conflict, ContentError, Forbidden, InvalidInput
from service.records.content import Article, Content, Example, GoldenCase, Intent, Template
from service.records.people import Operator
from service.records.settings import DeskSettings
from service.records.tickets import Ticket
from service.store import Store

SLOTS = DeskSettings(slots=CONTENT.settings.slots)


class ContentContract:
    """What people write for the desk."""

    def test_content_comes_back_as_it_was_written(self, store: Store) -> None:
        assert store.content() == Content()
        store.replace_content(CONTENT)
        content = store.content()
        examples = tuple(replace(example, at="") for example in content.examples)
        assert replace(content, examples=examples, revision=0) == CONTENT
        assert content.revision == store.content_revision() == 1
        assert all(example.at for example in content.examples)
        store.replace_content(Content())
        assert replace(store.content(), revision=0) == Content()
        assert store.events(after=0)[-1].body == {"revision": 2}

    def test_broken_content_changes_nothing(self, store: Store) -> None:
        store.replace_content(CONTENT)
        before = store.content()
        for broken in (
            replace(CONTENT, templates=(Template("t", "nonsense", "x"),)),
            replace(CONTENT, intents=CONTENT.intents * 2),
            replace(CONTENT, templates=CONTENT.templates * 2),
            replace(CONTENT, examples=CONTENT.examples * 2),
            replace(CONTENT, examples=(Example("", "x", "nonsense"),)),
            replace(CONTENT, examples=(Example("", "x", sentiment="furious"),)),
        ):
            with pytest.raises(ContentError):
                store.replace_content(broken)
        assert store.content() == before

    def test_a_snapshot_that_is_no_longer_the_newest_replaces_nothing(self, store: Store) -> None:
        store.replace_content(CONTENT)
        snapshot = store.content()
        store.save_template(replace(CONTENT.templates[0], text="Changed meanwhile."))
        before = store.content()
        with pytest.raises(Conflict):
            store.replace_content(snapshot)
        assert store.content() == before
        store.replace_content(before)

    def test_each_write_of_content_raises_the_revision(self, store: Store) -> None:
        store.replace_content(CONTENT)
        track = replace(CONTENT.intents[0], title="Where?")
        writes: list[Callable[[], object]] = [
            lambda: store.save_intent(track),
            lambda: store.save_intent(Intent("new", "g", "New")),
            lambda: store.save_template(Template("new", "new", "text")),
            lambda: store.delete_template("new"),
            lambda: store.delete_intent("new"),
            lambda: store.add_examples([Example("", "one"), Example("", "two", "track")]),
            lambda: store.save_example(Example("exa_1", "changed", "track")),
            lambda: store.delete_example("exa_2"),
            lambda: store.save_article(Article("faq", "FAQ", "text")),
            lambda: store.delete_article("faq"),
        ]
        for place, write in enumerate(writes, start=2):
            write()
            assert store.content_revision() == place
            assert store.events(after=store.last_event() - 1)[0].body == {"revision": place}
        content = store.content()
        assert content.intents == (track, CONTENT.intents[1])
        assert [e.text for e in content.examples] == ["changed", "one", "two"]
        assert all(e.id and e.at for e in content.examples)

    def test_content_that_is_used_or_unknown_is_refused(self, store: Store) -> None:
        store.replace_content(CONTENT)
        before = store.content_revision()
        with pytest.raises(Conflict):
            store.delete_intent("track")
        for attempt in (
            lambda: store.save_template(Template("t", "nonsense", "x")),
            lambda: store.save_template(Template("t", "track", "x", "furious")),
            lambda: store.save_template(Template("", "track", "x")),
            lambda: store.add_examples([Example("", "fine"), Example("", "x", "nonsense")]),
            lambda: store.save_example(Example("exa_1", "x", sentiment="furious")),
            lambda: store.save_article(Article("", "t", "x")),
            lambda: store.save_article(Article("a", "t", "x", ("nonsense",))),
        ):
            with pytest.raises(InvalidInput):
                attempt()
        with pytest.raises(Conflict):
            store.add_examples([Example("exa_1", "taken")])
        assert store.content_revision() == before
        assert len(store.content().examples) == 2

    def test_what_uses_an_intent_is_named(self, store: Store) -> None:
        unused = replace(CONTENT, settings=SLOTS, templates=(), examples=())

        empty = replace(unused, articles=(), golden=())
        for content, kind in (
            (replace(empty, templates=(Template("t", "refund", "x"),)), "template"),
            (replace(empty, examples=(Example("", "x", "refund"),)), "example"),
            (replace(empty, articles=(Article("a", "t", "x", ("refund",)),)), "article"),
            (replace(empty, golden=(GoldenCase("x", "refund", "handoff"),)), "golden case"),
            (replace(empty, settings=replace(SLOTS, suggested=("refund",))), "suggested intent"),
            (replace(empty, settings=replace(SLOTS, protected={"refund": 1})), "protected intent"),
        ):
            store.replace_content(content)
            with pytest.raises(Conflict, match=kind):
                store.delete_intent("refund")
        store.replace_content(unused)
        store.delete_intent("refund")
        assert "refund" not in {intent.name for intent in store.content().intents}


class PeopleContract:
    """Operators, sessions, tokens."""

    def test_an_address_is_taken_in_any_case(self, store: Store, ana: Operator) -> None:
        assert ana.id.startswith("opr_")
        with pytest.raises(Conflict):
            store.add_operator("ANA@Example.com", "Other", "admin", "hash")
        assert store.operator_by_email(" Ana@EXAMPLE.com") == store.operator(ana.id) == ana
        assert store.operators() == [ana]
        store.set_password_hash(ana.id, "new")
        assert store.password_hash(ana.id) == "new"

    def test_sessions_and_tokens_are_their_operators(
        self, store: Store, ana: Operator, clock: Clock
    ) -> None:
        session, token = store.create_session(ana.id, days=1), store.create_api_token(ana.id)
        assert session.startswith("fds_")
        assert token.startswith("fdk_")
        assert store.session_operator(session) == store.api_token_operator(token) == ana
        assert store.session_operator(token) is None
        assert store.api_token_operator(session) is None
        assert store.session_operator("") is None
        clock.move(days=1, seconds=1)
        assert store.session_operator(session) is None
        assert store.api_token_operator(token) == ana
        other = store.create_session(ana.id)
        store.delete_session(other)
        store.delete_session(other)
        assert store.session_operator(other) is None

    def test_a_disabled_operator_is_out_at_once(
        self, store: Store, ticket: Ticket, ana: Operator
    ) -> None:
        session, token = store.create_session(ana.id), store.create_api_token(ana.id)
        store.claim_ticket(ticket.id, ana.id)
        store.disable_operator(ana.id)
        assert store.session_operator(session) is None
        assert store.api_token_operator(token) is None
        assert store.operator(ana.id).disabled
        now = store.ticket(ticket.id)
        assert (now.status, now.owner_id) == ("open", None)
        assert store.conversation(ticket.conversation_id).status == "waiting"
        for attempt in (
            lambda: store.claim_ticket(ticket.id, ana.id),
            lambda: store.create_session(ana.id),
            lambda: store.create_api_token(ana.id),
            lambda: store.post_operator_message(ticket.id, ana.id, client_id="x", text="hi"),
        ):
            with pytest.raises(Forbidden):
                attempt()


class OwnContract:
    """The desk's own values, restarts and backups."""

    def test_a_setting_is_written_once(self, store: Store) -> None:
        assert store.setting("site_secret") is None
        assert store.ensure_setting("site_secret", "a") == "a"
        assert store.ensure_setting("site_secret", "b") == "a"
        assert store.setting("site_secret") == "a"
        store.check()

    def test_everything_is_there_after_a_restart(
        self, open_store: Callable[[], Store], ticket: Ticket, store: Store, tmp_path: Path
    ) -> None:
        store.replace_content(CONTENT)
        other = open_store()
        assert other.ticket(ticket.id) == ticket
        assert other.content() == store.content()
        assert other.events(after=0) == store.events(after=0)
        other.close()

    def test_closing_twice_is_closing_once(self, open_store: Callable[[], Store]) -> None:
        other = open_store()
        other.close()
        with tempfile.TemporaryFile() as file:  # takes the descriptor that became free
            other.close()
            file.write(b"still open")

    def test_a_backup_overwrites_nothing(self, store: Store, tmp_path: Path) -> None:
        target = tmp_path / "copy.db"
        store.backup(target)
        assert target.exists()
        with pytest.raises(Conflict):
            store.backup(target)
        assert [path.name for path in tmp_path.glob("copy*")] == ["copy.db"]
