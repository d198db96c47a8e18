"""What every store keeps of accounts: roles, sessions, tokens, second factors, and the audit log;
``test_store`` runs it on each store."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from drafts import CONTENT, Clock
from service.audit import DEEDS, DESK, Actor, AuditQuery, act_as
from service.errors import Conflict, Forbidden, InvalidInput, NotFound
from service.records.content import Template
from service.records.people import Operator
from service.records.tickets import Ticket
from service.store import Store

ALL = AuditQuery()


def deeds(store: Store) -> list[str]:
    """What was done, the oldest first."""
    return [entry.deed for entry in reversed(store.audit(ALL, 200))]


class AccountContract:
    """Nobody is left without an admin, nothing is used twice, everything is noted."""

    def test_the_last_admin_stays_one(self, store: Store, ana: Operator, ben: Operator) -> None:
        for attempt in (
            lambda: store.set_role(ben.id, "lead"),
            lambda: store.disable_operator(ben.id),
        ):
            with pytest.raises(Conflict, match="last admin"):
                attempt()
        assert store.set_role(ana.id, "admin").role == "admin"
        assert store.set_role(ben.id, "lead").role == "lead"
        with pytest.raises(Conflict, match="last admin"):
            store.disable_operator(ana.id)
        store.set_role(ben.id, "admin")
        store.disable_operator(ben.id)
        with pytest.raises(Conflict, match="last admin"):  # who is disabled is no help
            store.set_role(ana.id, "operator")
        assert store.set_role(ben.id, "operator").role == "operator"
        assert not store.enable_operator(ben.id).disabled

    def test_two_admins_cannot_disable_each_other(
        self, store: Store, ana: Operator, ben: Operator
    ) -> None:
        store.set_role(ana.id, "admin")

        def disable(operator_id: str) -> bool:
            try:
                store.disable_operator(operator_id)
            except Conflict:
                return False
            return True

        with ThreadPoolExecutor(2) as pool:
            assert sorted(pool.map(disable, (ana.id, ben.id))) == [False, True]

    def test_a_new_password_ends_all_sessions(self, store: Store, ana: Operator) -> None:
        session, token = store.create_session(ana.id), store.create_api_token(ana.id)
        store.set_password_hash(ana.id, "new")
        assert store.session_operator(session) is None
        assert store.api_token_operator(token) == ana

    def test_a_password_that_was_changed_since_its_check_is_worth_nothing(
        self, store: Store, ana: Operator
    ) -> None:
        store.set_password_hash(ana.id, "new")
        with pytest.raises(Forbidden, match="changed meanwhile"):
            store.create_session(ana.id, password_hash="old")
        with pytest.raises(Forbidden, match="changed meanwhile"):
            store.set_password_hash(ana.id, "mine", instead_of="old")
        assert store.sessions(ana.id) == []
        assert store.create_session(ana.id, password_hash="new")
        store.set_password_hash(ana.id, "newer", instead_of="new")
        assert store.password_hash(ana.id) == "newer"

    def test_sessions_are_told_apart_and_end_apart(
        self, store: Store, ana: Operator, ben: Operator, clock: Clock
    ) -> None:
        here = store.create_session(ana.id, device="Firefox", address="192.0.2.1")
        clock.move(minutes=1)
        there = store.create_session(ana.id, device="x" * 1000)
        mine, other = store.sessions(ana.id, here)
        assert (mine.current, other.current) == (True, False)
        assert (mine.device, mine.address, len(other.device)) == ("Firefox", "192.0.2.1", 300)
        assert here not in repr([mine, other])
        with pytest.raises(NotFound):
            store.end_session(ben.id, other.id)
        store.end_session(ana.id, other.id)
        assert store.session_operator(there) is None
        with pytest.raises(NotFound):
            store.end_session(ana.id, other.id)
        third = store.create_session(ana.id)
        assert store.end_sessions(ana.id, but=here) == 1
        assert store.session_operator(third) is None
        assert store.session_operator(here) == ana
        assert store.knows_address(ana.id, "192.0.2.1")
        assert not store.knows_address(ben.id, "192.0.2.1")

    def test_last_use_is_known_to_some_minutes(
        self, store: Store, ana: Operator, clock: Clock
    ) -> None:
        session, token = store.create_session(ana.id), store.create_api_token(ana.id, "backup")
        begun = store.sessions(ana.id)[0].seen_at
        assert store.last_seen() == {ana.id: begun}
        (unused,) = store.api_tokens()
        assert (unused.name, unused.operator_name, unused.used_at) == ("backup", "Ana", None)
        clock.move(minutes=2)
        assert store.session_operator(session) == store.api_token_operator(token) == ana
        assert store.sessions(ana.id)[0].seen_at == begun
        used = store.api_tokens()[0].used_at
        assert used
        assert used > begun
        clock.move(minutes=4)
        store.session_operator(session, address="192.0.2.9")
        seen = store.sessions(ana.id)[0]
        assert (seen.seen_at > begun, seen.address) == (True, "192.0.2.9")

    def test_a_token_is_revoked_by_its_owner_or_for_all(
        self, store: Store, ana: Operator, ben: Operator
    ) -> None:
        token = store.create_api_token(ana.id, "one")
        (known,) = store.api_tokens(ana.id)
        assert store.api_tokens(ben.id) == []
        with pytest.raises(NotFound):
            store.revoke_api_token(known.id, ben.id)
        store.revoke_api_token(known.id)
        assert store.api_token_operator(token) is None
        with pytest.raises(NotFound):
            store.revoke_api_token(known.id)

    def test_a_second_factor_is_used_once(self, store: Store, ana: Operator) -> None:
        assert store.second_factor(ana.id) is None
        with pytest.raises(Conflict):
            store.replace_recovery_codes(ana.id, ["a"])
        store.begin_totp(ana.id, "ONE")
        store.begin_totp(ana.id, "TWO")
        assert not store.operator(ana.id).two_factor
        with pytest.raises(Conflict):
            store.confirm_totp(ana.id, "ONE", 7, [])
        store.confirm_totp(ana.id, "TWO", 7, ["a", "b"])
        assert store.operator(ana.id).two_factor
        with pytest.raises(Conflict):
            store.begin_totp(ana.id, "THREE")
        with pytest.raises(Conflict):
            store.confirm_totp(ana.id, "TWO", 9, [])
        assert [store.use_totp(ana.id, step) for step in (6, 7, 8, 8, 7)] == [
            False,
            False,
            True,
            False,
            False,
        ]
        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(lambda _: store.use_totp(ana.id, 9), range(8))) == 1
            assert sum(pool.map(lambda _: store.use_recovery_code(ana.id, "a"), range(8))) == 1
        factor = store.second_factor(ana.id)
        assert factor
        assert factor.recovery_codes == 1
        store.replace_recovery_codes(ana.id, ["c"])
        assert not store.use_recovery_code(ana.id, "b")
        store.drop_totp(ana.id)
        assert store.second_factor(ana.id) is None
        assert not store.use_recovery_code(ana.id, "c")

    def test_a_disabled_operator_can_begin_nothing(
        self, store: Store, ana: Operator, ben: Operator
    ) -> None:
        store.disable_operator(ana.id)
        for attempt in (
            lambda: store.begin_totp(ana.id, "ONE"),
            lambda: store.create_session(ana.id),
            lambda: store.create_api_token(ana.id),
        ):
            with pytest.raises(Forbidden):
                attempt()

    def test_deeds_are_noted_with_who_did_them(
        self, store: Store, ana: Operator, ticket: Ticket
    ) -> None:
        act_as(Actor(ana.id, "Ana", "operator", "192.0.2.7"))
        try:
            store.replace_content(CONTENT)
            store.save_template(Template("later", "track", "Later."))
            store.delete_template("later")
            session = store.create_session(ana.id)
            store.delete_session(session)
            store.delete_session(session)  # ended already: nothing to note
            store.set_role(ana.id, "operator")  # nor here
        finally:
            act_as(DESK)
        store.note("release.promote", "rel_1", "by night")
        noted = ["content.replace", "template.save", "template.delete", "session.begin"]
        assert deeds(store) == ["operator.add", *noted, "session.end", "release.promote"]
        promoted, ended = store.audit(ALL, 2)
        assert (promoted.name, promoted.operator_id, promoted.detail) == (
            "the desk",
            None,
            "by night",
        )
        assert (ended.operator_id, ended.name, ended.role) == (ana.id, "Ana", "operator")
        assert (ended.subject, ended.address) == (ana.id, "192.0.2.7")

    def test_what_fails_is_not_noted(self, store: Store, ana: Operator, ben: Operator) -> None:
        before = deeds(store)
        with pytest.raises(Conflict):
            store.disable_operator(ben.id)
        with pytest.raises(InvalidInput):
            store.save_template(Template("later", "nothing", "Later."))
        assert deeds(store) == before

    def test_the_log_is_filtered_and_read_on(
        self, store: Store, ana: Operator, clock: Clock
    ) -> None:
        start = clock.time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        clock.move(hours=1)
        for n in range(5):
            store.note("trial.begin", f"rel_{n}")
        assert [e.subject for e in store.audit(AuditQuery(deed="trial.begin"), 2)] == [
            "rel_4",
            "rel_3",
        ]
        last = store.audit(ALL, 2)[-1]
        assert [e.subject for e in store.audit(AuditQuery(before=last.id), 2)] == ["rel_2", "rel_1"]
        assert len(store.audit(AuditQuery(since=start, until=last.at), 50)) == 1
        assert store.audit(AuditQuery(operator_id=ana.id), 50) == []
        assert store.audit(AuditQuery(address="192.0.2.1"), 50) == []

    def test_a_customer_is_erased_without_a_word_of_him_in_the_log(self, store: Store) -> None:
        store.create_conversation(email="zoe@shop.example")
        store.erase("zoe@shop.example", "root")
        assert deeds(store) == ["customer.erase"]
        assert "zoe" not in repr(store.audit(ALL, 10))

    def test_the_sites_settings_are_saved_together(self, store: Store) -> None:
        store.replace_content(CONTENT)
        revision = store.content_revision()
        own = {"site_color": "#123456"}
        given = {"name": "Moor", "welcome": ["Hello."], "suggested": ["refund"]}
        store.save_site(**given, own=own)  # type: ignore[arg-type]
        settings = store.content().settings
        assert (settings.name, settings.suggested) == ("Moor", ("refund",))
        assert settings.replies["welcome"] == ("Hello.",)
        assert settings.slots == CONTENT.settings.slots
        assert store.setting("site_color") == "#123456"
        assert store.content_revision() == revision + 1
        store.save_site(**given, own={"site_color": "#654321"})  # type: ignore[arg-type]
        store.save_site(**given, own={"site_color": "#654321"})  # type: ignore[arg-type]
        assert store.content_revision() == revision + 1
        assert deeds(store)[1:] == ["settings.save", "settings.save"]
        with pytest.raises(InvalidInput, match="no intent nothing"):
            store.save_site(name="x", welcome=[], suggested=["nothing"], own={"site_color": "x"})
        assert store.setting("site_color") == "#654321"
        store.save_site(name="Moor", welcome=[], suggested=[], own={})
        assert "welcome" not in store.content().settings.replies

    def test_every_deed_that_is_noted_has_words(self, store: Store) -> None:
        assert all(deed in DEEDS for deed in deeds(store))
