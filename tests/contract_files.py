"""What every store knows of files; ``test_store`` runs it on each store."""

import pytest

from drafts import Clock, draft, handoff
from service.errors import ConversationFull, InvalidInput, NotFound, TooMany
from service.records.conversations import FileDraft, FileLimits
from service.records.people import Operator
from service.store import Store


def file_draft(conversation_id: str, client_id: str = "u", **more: object) -> FileDraft:
    fields: dict[str, object] = {"name": "a.pdf", "type": "application/pdf", "size": 100, **more}
    file_id = f"fil_{conversation_id[4:]}{client_id}"
    return FileDraft(file_id, conversation_id, client_id, **fields)  # type: ignore[arg-type]


class FileContract:
    """A file is known before its message, read after it, and its id outlives it on the list."""

    def test_a_file_goes_with_its_message_into_every_read(self, store: Store) -> None:
        conversation, _ = store.create_conversation()
        ids = [store.add_file(file_draft(conversation.id, n)).id for n in ("b", "a")]
        with pytest.raises(NotFound):
            store.sent_file(ids[0])
        turn = store.record_turn(draft(conversation.id, files=tuple(ids)))
        assert [file.id for file in turn.message.files] == ids  # in the order of the message
        again = store.find_turn(conversation.id, turn.message.client_id or "")
        assert again is not None
        assert again.message.files == turn.message.files
        assert store.message(turn.message.id).files == turn.message.files
        assert store.messages(conversation.id)[0].files == turn.message.files
        (told,) = (
            event.body["message"]["files"]
            for event in store.conversation_events(conversation.id, after=0)
            if event.kind == "message" and event.body["message"]["author"] == "customer"
        )
        assert [file["id"] for file in told] == ids
        assert store.sent_file(ids[0], conversation.id).name == "a.pdf"

    def test_a_file_that_is_not_the_writers_undoes_the_message(
        self, store: Store, ana: Operator, ben: Operator
    ) -> None:
        conversation, _ = store.create_conversation()
        other, _ = store.create_conversation()
        ticket = store.record_turn(handoff(conversation.id)).ticket
        assert ticket
        anas = store.add_file(file_draft(conversation.id, "o", operator_id=ana.id)).id
        foreign = store.add_file(file_draft(other.id, "u")).id
        before = store.recent_messages(conversation.id)
        for file_id in (anas, foreign, "fil_none"):
            with pytest.raises(InvalidInput):
                store.record_turn(draft(conversation.id, client_id="x", files=(file_id,)))
            with pytest.raises(InvalidInput):
                store.post_operator_message(
                    ticket.id, ben.id, client_id="y", text="a", files=[file_id]
                )
        assert store.recent_messages(conversation.id) == before
        assert store.ticket(ticket.id).status == "open"

    def test_a_client_id_names_one_file_of_each_writer(self, store: Store, ana: Operator) -> None:
        conversation, _ = store.create_conversation()
        first = store.add_file(file_draft(conversation.id, "u"))
        second = FileDraft("fil_2", conversation.id, "u", "b.pdf", "application/pdf", 1)
        assert store.add_file(second) == first
        assert store.find_file(conversation.id, "u") == first
        assert store.find_file(conversation.id, "u", ana.id) is None
        own = FileDraft("fil_3", conversation.id, "u", "b", "text/plain", 1, operator_id=ana.id)
        assert store.add_file(own).id == "fil_3"

    def test_limits_count_what_customers_sent(
        self, store: Store, ana: Operator, clock: Clock
    ) -> None:
        conversation, _ = store.create_conversation()
        other, _ = store.create_conversation()
        limits = FileLimits(conversation=250, day=300)
        store.add_file(file_draft(conversation.id, "o", operator_id=ana.id, size=10_000))
        store.add_file(file_draft(conversation.id, "a"), limits)
        store.add_file(file_draft(conversation.id, "b"), limits)
        with pytest.raises(ConversationFull):
            store.add_file(file_draft(conversation.id, "c"), limits)
        store.add_file(file_draft(other.id, "a"), limits)
        with pytest.raises(TooMany):
            store.require_room(other.id, limits)
        clock.move(hours=25)
        store.require_room(other.id, limits)

    def test_ids_of_what_went_are_kept_until_the_bytes_are_gone(
        self, store: Store, clock: Clock
    ) -> None:
        conversation, _ = store.create_conversation(email="mia@example.com")
        sent = store.add_file(file_draft(conversation.id, "a")).id
        left = store.add_file(file_draft(conversation.id, "b")).id
        store.record_turn(draft(conversation.id, files=(sent,)))
        assert store.drop_unsent_files("2000") == 0
        clock.move(hours=25)
        assert store.drop_unsent_files(clock.time.isoformat()) == 1
        assert store.gone_files(9) == [left]
        assert store.known_files([sent, left]) == {sent}
        assert store.erasable("mia@example.com").counts["files"] == 1
        store.erase("mia@example.com", "test")
        assert set(store.gone_files(9)) == {sent, left}
        store.forget_gone_files([sent, left])
        assert store.gone_files(9) == []
