"""What every store keeps of canned replies; ``test_store`` runs it on each store."""

import pytest

from service.errors import Conflict, NotFound
from service.records.people import Operator
from service.store import Store


def names(store: Store, operator: Operator) -> list[str]:
    return [reply.name for reply in store.canned_replies(operator.id)]


class CannedReplyContract:
    """The team's are everybody's, one's own nobody else's."""

    def test_own_replies_are_seen_by_nobody_else(
        self, store: Store, ana: Operator, ben: Operator
    ) -> None:
        store.add_canned_reply(ana.id, name="Hours", text="We open at nine.", own=False)
        mine = store.add_canned_reply(ana.id, name="Bye", text="See you!", own=True)
        assert names(store, ana) == ["Bye", "Hours"]
        assert names(store, ben) == ["Hours"]
        with pytest.raises(NotFound):
            store.change_canned_reply(mine.id, ben.id, name="Bye", text="Mine now.", own=True)
        with pytest.raises(NotFound):
            store.delete_canned_reply(mine.id, ben.id)
        assert store.canned_replies(ana.id)[0].text == "See you!"

    def test_a_name_is_taken_once_by_the_team_and_by_each(
        self, store: Store, ana: Operator, ben: Operator
    ) -> None:
        store.add_canned_reply(ana.id, name="Hours", text="a", own=False)
        for operator in (ana, ben):
            store.add_canned_reply(operator.id, name="hours", text="b", own=True)
        with pytest.raises(Conflict, match="The team has"):
            store.add_canned_reply(ben.id, name="HOURS", text="c", own=False)
        with pytest.raises(Conflict, match="You have"):
            store.add_canned_reply(ben.id, name="HOURS", text="c", own=True)

    def test_they_are_changed_and_removed(self, store: Store, ana: Operator, ben: Operator) -> None:
        made = store.add_canned_reply(ana.id, name="Hours", text="a", own=False)
        store.change_canned_reply(made.id, ben.id, name="Hours", text="b", own=False)
        assert [reply.text for reply in store.canned_replies(ana.id)] == ["b"]
        store.change_canned_reply(made.id, ben.id, name="Hours", text="c", own=True)
        assert (names(store, ana), names(store, ben)) == ([], ["Hours"])
        store.delete_canned_reply(made.id, ben.id)
        assert names(store, ben) == []

    def test_what_is_told_of_them_holds_no_words(self, store: Store, ana: Operator) -> None:
        store.add_canned_reply(ana.id, name="Secret", text="words", own=True)
        event = store.events(after=0)[-1]
        assert (event.kind, event.body) == ("canned", {})
