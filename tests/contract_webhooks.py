"""What every store keeps of webhooks; ``test_store`` runs it on each store."""

import json
from typing import Any

import pytest

from drafts import CONTENT, Clock, draft, handoff
from service.audit import DESK, Actor, AuditQuery, act_as
from service.errors import Conflict, NotFound
from service.records.alarms import AlarmDraft
from service.records.conversations import ReplyDraft
from service.records.people import Operator
from service.records.tickets import Ticket, TicketChange
from service.store import Store
from service.webhooks import (
    EVENTS,
    MOST,
    PATIENCE,
    RESTS,
    TEST,
    Outgoing,
    Try,
    WebhookChange,
)

ADDRESS = "https://hooks.example/token-in-the-path"
CLOSING = ReplyDraft("Bye.", "answer")


def make(store: Store, *events: str, **more: Any) -> str:
    """A webhook of these events, or of all."""
    return store.add_webhook(ADDRESS, events or tuple(EVENTS), **more)[0].id


def heard(store: Store, webhook_id: str) -> list[dict[str, Any]]:
    """What a webhook is to hear, the oldest first."""
    log = reversed(store.deliveries(webhook_id, limit=200))
    return [json.loads(store.delivery(webhook_id, d.id).body or b"") for d in log]


def due(store: Store, webhook_id: str) -> Outgoing:
    outgoing = store.next_delivery(webhook_id)
    assert outgoing
    return outgoing


def tried(store: Store, status: int | None = 500, answer: str = "") -> Try:
    at = store._now()  # type: ignore[attr-defined]
    return Try(at, status, "" if status else "no answer", answer, 12)


class WebhookContract:
    """Made, changed and removed by people, who are named; secrets go nowhere else."""

    def test_a_webhook_is_made_changed_and_removed(self, store: Store, clock: Clock) -> None:
        made, secret = store.add_webhook(ADDRESS, ["ticket.opened"], description="CRM")
        assert store.webhook(made.id) == made
        assert store.webhooks() == [made]
        assert (made.active, made.with_texts, made.stopped, made.failing_since) == (
            *(True, False, "", None),
        )
        assert secret.startswith("whsec_")
        assert secret not in repr(made)
        clock.move(minutes=1)
        change = WebhookChange(description="ERP", events=("alarm.began", "alarm.ended"))
        changed = store.change_webhook(made.id, change)
        assert (changed.description, changed.events) == ("ERP", change.events)
        assert (changed.address, changed.active) == (ADDRESS, True)
        assert changed.updated_at > made.updated_at
        assert store.change_webhook(made.id, change) == changed
        assert store.has_webhooks()
        store.remove_webhook(made.id)
        assert store.webhooks() == []
        assert not store.has_webhooks()
        for gone in (
            lambda: store.webhook(made.id),
            lambda: store.change_webhook(made.id, change),
            lambda: store.rotate_webhook_secret(made.id),
            lambda: store.remove_webhook(made.id),
            lambda: store.test_webhook(made.id),
            lambda: store.deliveries(made.id),
            lambda: store.delivery(made.id, "whd_none"),
        ):
            with pytest.raises(NotFound):
                gone()

    def test_a_desk_has_only_so_many(self, store: Store) -> None:
        for _ in range(MOST):
            make(store)
        with pytest.raises(Conflict, match="at most"):
            make(store)

    def test_the_audit_log_says_who_did_what_without_secrets(
        self, store: Store, ana: Operator
    ) -> None:
        act_as(Actor(ana.id, ana.name, "admin"))
        made, secret = store.add_webhook(ADDRESS, ["alarm.began"])
        new = store.rotate_webhook_secret(made.id)[1]
        store.change_webhook(made.id, WebhookChange(active=False, with_texts=True))
        store.change_webhook(made.id, WebhookChange(active=False))
        store.change_webhook(made.id, WebhookChange(address="https://other.example/token"))
        store.remove_webhook(made.id)
        act_as(DESK)
        told = [e for e in reversed(store.audit(AuditQuery(), 10)) if e.subject == made.id]
        assert [(e.deed, e.name, e.detail) for e in told] == [
            ("webhook.add", "Ana", "hooks.example"),
            ("webhook.rotate", "Ana", ""),
            ("webhook.change", "Ana", "off, texts on"),
            ("webhook.change", "Ana", "address: hooks.example to other.example"),
            ("webhook.remove", "Ana", "other.example"),
        ]
        for kept in (secret, new, "token-in-the-path"):
            assert kept not in repr(told)

    def test_a_secret_that_was_replaced_signs_for_a_day(self, store: Store, clock: Clock) -> None:
        made, first = store.add_webhook(ADDRESS, ["alarm.began"])
        store.sound_alarm(AlarmDraft("surge", "refund", "Too many.", 0.4, 0.1))
        assert due(store, made.id).secrets == (first,)
        changed, second = store.rotate_webhook_secret(made.id)
        assert changed.old_secret_until == "2026-03-02T12:00:00.000Z"
        assert due(store, made.id).secrets == (second, first)
        clock.move(hours=24, seconds=1)
        assert due(store, made.id).secrets == (second,)
        assert store.webhook(made.id).old_secret_until is None
        assert not store.forget_deliveries("2026-01-01")
        assert due(store, made.id).secrets == (second,)


class OutboxContract:
    """Whatever happens is there for who asked for it; words only for who may have them."""

    def test_every_event_is_told_by_what_happened(
        self, store: Store, ana: Operator, ben: Operator, conversation_id: str
    ) -> None:
        store.replace_content(CONTENT)
        webhook_id = make(store)
        turn = store.record_turn(handoff(conversation_id))
        assert turn.ticket
        assert turn.reply
        ticket_id = turn.ticket.id
        store.claim_ticket(ticket_id, ana.id)
        store.claim_ticket(ticket_id, ana.id)  # a second time nothing
        store.post_operator_message(ticket_id, ana.id, client_id="n", text="psst", note=True)
        store.post_operator_message(ticket_id, ana.id, client_id="r", text="Hello")
        store.post_operator_message(ticket_id, ana.id, client_id="r", text="Hello")
        store.change_ticket(ticket_id, ana.id, TicketChange("tag", add=("vip",)))
        store.resolve_ticket(ticket_id, ana.id, CLOSING)
        store.record_feedback(conversation_id, turn.reply.id, rating=2, comment="slow quixotry")
        store.reopen_ticket(ticket_id, ben.id)
        store.claim_ticket(ticket_id, ben.id)
        store.change_ticket(ticket_id, ben.id, TicketChange("assign"))
        store.claim_ticket(ticket_id, ana.id)
        store.add_operator("boss@desk.example", "Boss", "admin", "hash")
        store.disable_operator(ana.id)
        store.post_operator_message(ticket_id, ben.id, client_id="b", text="Hi")
        store.return_ticket(ticket_id, ben.id, None)
        alarm, _ = store.sound_alarm(AlarmDraft("surge", "refund", "Too many.", 0.4, 0.1))
        store.sound_alarm(AlarmDraft("surge", "refund", "More.", 0.5, 0.1))
        store.end_alarm(alarm.id)
        store.end_alarm(alarm.id)
        store.promoted("rel_2")
        store.note("trial.begin", "rel_3")
        store.promoted("rel_1", rollback=True)
        told = heard(store, webhook_id)
        assert [(one["type"], _gist(one["data"])) for one in told] == [
            ("message.created", "customer"),
            ("message.created", "desk"),
            ("ticket.opened", "open by None"),
            ("ticket.claimed", "claimed by Ana"),
            ("message.created", "operator Ana"),
            ("message.created", "desk"),
            ("ticket.resolved", "resolved by Ana"),
            ("rating.given", 2),
            ("ticket.reopened", "open by Ben"),
            ("ticket.claimed", "claimed by Ben"),
            ("ticket.released", "open by Ben"),
            ("ticket.claimed", "claimed by Ana"),
            ("ticket.released", "open by None"),
            ("message.created", "operator Ben"),
            ("ticket.claimed", "claimed by Ben"),
            ("ticket.returned", "returned by Ben"),
            ("alarm.began", "Too many."),
            ("alarm.ended", "More."),
            ("release.promoted", "rel_2 False"),
            ("release.promoted", "rel_1 True"),
        ]
        words = ("question", "an answer", "Subject", "quixotry", "Hello", "psst", "Bye")
        assert not [word for word in words if word in json.dumps(told)]
        assert {one["timestamp"] for one in told} == {"2026-03-01T12:00:00.000Z"}
        assert told[6]["data"]["ticket"]["tags"] == ["vip"]
        assert told[6]["data"]["ticket"]["owner"] == {"id": ana.id, "name": "Ana"}

    def test_a_webhook_hears_only_of_what_it_asked_for(
        self, store: Store, ticket: Ticket, ana: Operator
    ) -> None:
        claims, others = make(store, "ticket.claimed"), make(store, "alarm.began", "alarm.ended")
        off = make(store, active=False)
        store.claim_ticket(ticket.id, ana.id)
        assert [one["type"] for one in heard(store, claims)] == ["ticket.claimed"]
        assert heard(store, others) == heard(store, off) == []

    def test_assigning_tells_whose_it_is_and_by_whom(
        self, store: Store, ticket: Ticket, ana: Operator, ben: Operator
    ) -> None:
        webhook_id = make(store, "ticket.claimed")
        store.change_ticket(ticket.id, ben.id, TicketChange("assign", to=ana.id))
        (told,) = heard(store, webhook_id)
        assert told["data"]["by"] == {"id": ben.id, "name": "Ben"}
        assert told["data"]["ticket"]["owner"] == {"id": ana.id, "name": "Ana"}

    def test_what_is_undone_is_not_told(
        self, store: Store, ticket: Ticket, ana: Operator, ben: Operator
    ) -> None:
        """Of many tickets at once, those that could not be changed."""
        webhook_id = make(store)
        store.claim_ticket(ticket.id, ben.id)
        results = store.change_tickets([ticket.id, "tkt_none"], ana.id, TicketChange("resolve"))
        assert all(not isinstance(result, Ticket) for result in results)
        assert [one["type"] for one in heard(store, webhook_id)] == ["ticket.claimed"]

    def test_texts_are_told_only_while_they_may_be(
        self, store: Store, conversation_id: str
    ) -> None:
        webhook_id = make(store, with_texts=True)
        turn = store.record_turn(handoff(conversation_id, text="my quixotry"))
        assert turn.reply
        store.record_feedback(conversation_id, turn.reply.id, helpful=False, comment="slow")
        told = [one["data"] for one in heard(store, webhook_id)]
        assert [one["message"]["text"] for one in told[:2]] == [
            "my quixotry",
            "A person will answer.",
        ]
        assert told[2]["ticket"]["subject"] == "Subject"
        assert (told[3]["rating"]["helpful"], told[3]["rating"]["comment"]) == (False, "slow")
        assert b"my quixotry" in due(store, webhook_id).body
        store.change_webhook(webhook_id, WebhookChange(with_texts=False))
        assert b"quixotry" not in due(store, webhook_id).body
        assert "quixotry" not in json.dumps(heard(store, webhook_id))

    def test_erased_customers_leave_nothing_on_the_way(self, store: Store) -> None:
        webhook_id = make(store, with_texts=True)
        hers = store.create_conversation(email="zoe@shop.example")[0].id
        his = store.create_conversation(email="max@shop.example")[0].id
        ticket = store.record_turn(handoff(hers, text="my quixotry")).ticket
        store.record_turn(draft(his))
        under_way = due(store, webhook_id)
        quoting = Try("2026-03-01T12:00:00.000Z", 500, "", "got: my quixotry", 5)
        store.note_try(under_way, quoting, taken=False, again_at="2026-03-01T12:00:05.000Z")
        planned = store.erasable("zoe@shop.example").counts
        assert store.erase("zoe@shop.example", "root").counts["deliveries"] == 3
        assert planned["deliveries"] == 3
        told = heard(store, webhook_id)
        assert [one["type"] for one in told] == [
            *("message.created", "message.created", "customer.erased"),
        ]
        assert ticket
        assert told[-1]["data"] == {"tickets": [ticket.id], "conversations": [hers]}
        last = store.deliveries(webhook_id)[0]  # after what is being sent at this moment
        assert (last.event, last.next_at) == ("customer.erased", "2026-03-01T12:00:30.000Z")
        log = repr(store.deliveries(webhook_id)) + json.dumps(told[:-1])
        assert hers not in log
        assert "quixotry" not in log
        store.note_try(under_way, tried(store), taken=True)  # it was on its way meanwhile
        assert len(store.deliveries(webhook_id)) == 3


def _gist(told: dict[str, Any]) -> object:
    if "message" in told:
        name = (told["message"]["operator"] or {}).get("name")
        return " ".join(filter(None, (told["message"]["author"], name)))
    if "ticket" in told:
        return f"{told['ticket']['status']} by {(told['by'] or {}).get('name')}"
    if "rating" in told:
        return told["rating"]["rating"]
    return told["alarm"]["words"] if "alarm" in told else f"{told['release']} {told['rollback']}"


class DeliveryContract:
    """Every try is kept; what is not taken is due again, until it is given up."""

    def test_a_delivery_is_due_until_it_is_taken(self, store: Store, clock: Clock) -> None:
        webhook_id = make(store)
        assert store.due_webhooks() == []
        first = store.test_webhook(webhook_id)
        clock.move(seconds=1)
        second = store.test_webhook(webhook_id)
        assert store.due_webhooks() == [(webhook_id, 2, False)]
        outgoing = due(store, webhook_id)
        assert (outgoing.id, outgoing.address, outgoing.failures) == (first, ADDRESS, 0)
        told = json.loads(outgoing.body)
        assert (told["type"], told["data"]) == (TEST, {"webhook_id": webhook_id})
        assert store.next_delivery(webhook_id, (first, second)) is None
        other = store.next_delivery(webhook_id, (first,))
        assert other
        assert other.id == second
        store.note_try(outgoing, tried(store, 200, "thanks"), taken=True)
        assert due(store, webhook_id).id == second
        done = store.delivery(webhook_id, first)
        assert (done.state, done.next_at) == ("delivered", None)
        (last,) = done.tries
        assert (last.status, last.answer, last.took_ms) == (200, "thanks", 12)

    def test_a_failed_one_is_due_again_later_and_then_given_up(
        self, store: Store, clock: Clock
    ) -> None:
        webhook_id = make(store)
        store.test_webhook(webhook_id)
        outgoing = due(store, webhook_id)
        store.note_try(outgoing, tried(store), taken=False, again_at="2026-03-01T12:00:05.000Z")
        assert store.next_delivery(webhook_id) is None
        assert store.webhook(webhook_id).failing_since == "2026-03-01T12:00:00.000Z"
        clock.move(seconds=5)
        assert store.due_webhooks() == [(webhook_id, 1, True)]
        outgoing = due(store, webhook_id)
        assert outgoing.failures == 1
        store.note_try(outgoing, tried(store, None), taken=False, failing_before="2026-02-26")
        assert store.next_delivery(webhook_id) is None
        given_up = store.delivery(webhook_id, outgoing.id)
        assert (given_up.state, len(given_up.tries)) == ("failed", 2)
        assert store.webhook(webhook_id).active
        store.deliver_again(webhook_id, outgoing.id)
        outgoing = due(store, webhook_id)
        assert (outgoing.failures, outgoing.begun_at) == (0, "2026-03-01T12:00:05.000Z")
        store.note_try(outgoing, tried(store, 204), taken=True)
        assert store.webhook(webhook_id).failing_since is None
        assert len(store.delivery(webhook_id, outgoing.id).tries) == 3

    @pytest.mark.parametrize("stopped", ["gone", "failing"])
    def test_a_webhook_that_wants_no_more_or_fails_for_days_is_switched_off(
        self, store: Store, clock: Clock, stopped: str
    ) -> None:
        webhook_id = make(store)
        waiting = store.test_webhook(webhook_id)
        outgoing = due(store, webhook_id)
        again = "2026-03-01T12:00:05.000Z"
        store.note_try(outgoing, tried(store), taken=False, again_at=again)
        clock.move(days=3)
        outgoing = due(store, webhook_id)
        other = store.test_webhook(webhook_id)
        gone = stopped == "gone"
        store.note_try(
            outgoing,
            tried(store, 410 if gone else 500),
            taken=False,
            again_at="2026-03-05",
            gone=gone,
            failing_before=again,
        )
        off = store.webhook(webhook_id)
        assert (off.active, off.stopped) == (False, stopped)
        states = {d.id: (d.state, d.next_at) for d in store.deliveries(webhook_id)}
        assert states == {waiting: ("failed", None), other: ("failed", None)}
        noted = next(e for e in store.audit(AuditQuery(deed="webhook.stop"), 5))
        assert (noted.name, noted.subject) == ("the desk", webhook_id)
        for refused in (
            lambda: store.test_webhook(webhook_id),
            lambda: store.deliver_again(webhook_id, other),
        ):
            with pytest.raises(Conflict, match="is off"):
                refused()
        on = store.change_webhook(webhook_id, WebhookChange(active=True))
        assert (on.active, on.stopped, on.failing_since) == (True, "", None)
        assert store.due_webhooks() == []
        store.deliver_again(webhook_id, other)
        assert due(store, webhook_id).id == other

    def test_one_failure_long_ago_switches_nothing_off(self, store: Store, clock: Clock) -> None:
        """Only one that failed for a day itself, of which the courier says so."""
        webhook_id = make(store)
        store.test_webhook(webhook_id)
        outgoing = due(store, webhook_id)
        store.note_try(outgoing, tried(store), taken=False, again_at="2026-03-01T12:00:05.000Z")
        clock.move(days=9)
        outgoing = due(store, webhook_id)
        store.note_try(outgoing, tried(store), taken=False, again_at="2026-03-11")
        assert store.webhook(webhook_id).active

    def test_switched_off_it_gives_up_what_waits(self, store: Store) -> None:
        webhook_id = make(store)
        store.test_webhook(webhook_id)
        under_way = due(store, webhook_id)
        store.change_webhook(webhook_id, WebhookChange(active=False))
        assert store.next_delivery(webhook_id) is None
        store.note_try(under_way, tried(store), taken=False, again_at="2026-03-01T12:00:05.000Z")
        (given_up,) = store.deliveries(webhook_id, failed=True)
        assert (given_up.state, given_up.next_at) == ("failed", None)

    def test_what_was_given_up_stays_so_when_it_is_switched_on_again(self, store: Store) -> None:
        webhook_id = make(store)
        store.test_webhook(webhook_id)
        under_way = due(store, webhook_id)
        for active in (False, True):
            store.change_webhook(webhook_id, WebhookChange(active=active))
        store.note_try(under_way, tried(store), taken=False, again_at="2026-03-01T12:00:00.000Z")
        assert store.due_webhooks() == []
        (told,) = store.deliveries(webhook_id)
        assert (told.state, told.next_at, len(told.tries)) == ("failed", None, 1)
        assert store.webhook(webhook_id).failing_since is None

    def test_the_answer_of_the_address_before_judges_not_the_new_one(self, store: Store) -> None:
        webhook_id = make(store)
        store.test_webhook(webhook_id)
        under_way = due(store, webhook_id)
        store.change_webhook(webhook_id, WebhookChange(address="https://new.example/"))
        again = under_way.next_at
        store.note_try(under_way, tried(store, 410), taken=False, again_at=again, gone=True)
        webhook = store.webhook(webhook_id)
        assert (webhook.active, webhook.failing_since) == (True, None)
        assert due(store, webhook_id).address == "https://new.example/"

    def test_what_was_begun_anew_during_a_try_is_sent_anew(
        self, store: Store, clock: Clock
    ) -> None:
        webhook_id = make(store)
        store.test_webhook(webhook_id)
        under_way = due(store, webhook_id)
        clock.move(seconds=5)
        store.deliver_again(webhook_id, under_way.id)
        store.note_try(under_way, tried(store), taken=False)
        assert due(store, webhook_id).id == under_way.id
        assert len(store.delivery(webhook_id, under_way.id).tries) == 1

    def test_who_takes_nothing_is_left_alone_for_longer_and_longer(
        self, store: Store, clock: Clock
    ) -> None:
        webhook_id = make(store)
        for _ in range(PATIENCE + 2):
            store.test_webhook(webhook_id)
        for _ in range(PATIENCE + 1):
            assert store.due_webhooks()
            store.note_try(due(store, webhook_id), tried(store), taken=False, again_at="2027")
        assert store.due_webhooks() == []
        assert store.next_delivery(webhook_id) is None
        clock.move(seconds=RESTS[0])
        outgoing = due(store, webhook_id)
        store.note_try(outgoing, tried(store), taken=False, again_at="2027")
        clock.move(seconds=RESTS[0])
        assert store.due_webhooks() == []
        store.test_webhook(webhook_id)  # somebody wants to know now
        outgoing = due(store, webhook_id)
        store.note_try(outgoing, tried(store, 200), taken=True)
        store.test_webhook(webhook_id)
        store.note_try(due(store, webhook_id), tried(store), taken=False, again_at="2027")
        store.test_webhook(webhook_id)
        assert [failing for _, _, failing in store.due_webhooks()] == [True]

    def test_an_event_that_is_no_longer_chosen_is_not_sent(
        self, store: Store, ticket: Ticket, ana: Operator
    ) -> None:
        webhook_id = make(store)
        store.claim_ticket(ticket.id, ana.id)
        tested = store.test_webhook(webhook_id)
        store.sound_alarm(AlarmDraft("surge", "refund", "Too many.", 0.4, 0.1))
        store.change_webhook(webhook_id, WebhookChange(events=("alarm.began",)))
        states = [(d.event, d.state) for d in store.deliveries(webhook_id)]
        assert states == [
            ("alarm.began", "waiting"),
            (TEST, "waiting"),
            ("ticket.claimed", "failed"),
        ]
        assert due(store, webhook_id).id == tested

    def test_a_long_log_goes_bit_by_bit(
        self, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Everybody who writes waits while it does; nobody sees what is left of it."""
        monkeypatch.setattr("service.sqlite.deliveries.CHUNK", 3)
        webhook_id, other_id = make(store), make(store)
        for _ in range(7):
            store.test_webhook(webhook_id)
        kept = store.test_webhook(other_id)
        store.change_webhook(webhook_id, WebhookChange(active=False))
        assert {d.state for d in store.deliveries(webhook_id)} == {"failed"}
        assert len(store.deliveries(webhook_id, failed=True)) == 3
        assert store.clear_webhooks()
        assert not store.clear_webhooks()
        assert len(store.deliveries(webhook_id, failed=True)) == 7
        store.remove_webhook(webhook_id)
        assert [webhook.id for webhook in store.webhooks()] == [other_id]
        with pytest.raises(NotFound):
            store.deliveries(webhook_id)
        assert store.clear_webhooks()
        assert not store.clear_webhooks()
        assert [d.id for d in store.deliveries(other_id)] == [kept]
        store.remove_webhook(other_id)
        assert not store.has_webhooks()

    def test_a_desk_that_was_set_back_delivers_nothing(self, store: Store) -> None:
        webhook_id = make(store)
        make(store, active=False)
        store.test_webhook(webhook_id)
        assert store.switch_webhooks_off() == 1
        assert store.switch_webhooks_off() == 0
        store.change_webhook(webhook_id, WebhookChange(active=True))
        assert store.due_webhooks() == []

    def test_the_log_is_read_page_by_page_and_by_what_failed(self, store: Store) -> None:
        webhook_id, other_id = make(store), make(store)
        ids = [store.test_webhook(webhook_id) for _ in range(6)]
        store.test_webhook(other_id)
        for number in range(4):
            outgoing = store.next_delivery(webhook_id, [i for i in ids if i != ids[number]])
            assert outgoing
            again = "2026-03-01T12:00:05.000Z" if number == 0 else None
            store.note_try(outgoing, tried(store), taken=number > 1, again_at=again)
        assert [d.id for d in store.deliveries(webhook_id)] == ids[::-1]
        page = store.deliveries(webhook_id, limit=2)
        assert [d.id for d in page] == ids[:3:-1]
        assert [d.id for d in store.deliveries(webhook_id, before=ids[4], limit=2)] == ids[3:1:-1]
        failed = store.deliveries(webhook_id, failed=True)
        assert [(d.id, d.state) for d in failed] == [(ids[1], "failed"), (ids[0], "waiting")]
        assert [d.id for d in store.deliveries(webhook_id, failed=True, before=ids[1])] == [ids[0]]
        with pytest.raises(NotFound):
            store.delivery(other_id, ids[0])
        with pytest.raises(NotFound):
            store.deliver_again(other_id, ids[0])

    def test_the_log_is_kept_for_a_while(self, store: Store, clock: Clock) -> None:
        webhook_id = make(store)
        for _ in range(2):
            store.test_webhook(webhook_id)
        store.note_try(due(store, webhook_id), tried(store, 200), taken=True)
        clock.move(days=31)
        new = store.test_webhook(webhook_id)
        assert not store.forget_deliveries("2026-03-02")
        left = store.deliveries(webhook_id)
        assert [d.state for d in left] == ["waiting", "waiting"]  # what waits is no log yet
        assert left[0].id == new
