"""What operators keep to find their way and to write less, and who of them is there."""

from collections.abc import Sequence
from typing import Protocol

from service.records.people import CannedReply, PresenceState, Present
from service.records.tickets import SavedView, Tag


class InboxStore(Protocol):
    """What operators keep to find their way: tags and saved views. A change of a tag tells "tags",
    of a shared view "views"."""

    def tags(self) -> list[tuple[Tag, int]]:
        """All of them by name, each with how many active tickets have it."""

    def change_tag(self, tag_id: str, *, name: str | None = None, color: str | None = None) -> Tag:
        """Rename or colour it; ``Conflict`` when another one has this name."""

    def remove_tag(self, tag_id: str) -> None:
        """Take it off every ticket, for good."""

    def views(self, operator_id: str) -> list[SavedView]:
        """The shared ones and the operator's own, each in their order."""

    def add_view(
        self, operator_id: str, *, name: str, q: str, sort: str, shared: bool
    ) -> SavedView:
        """Keep a search, last in its list. What is shared is for leads and admins, here and below:
        ``Forbidden`` for others."""

    def change_view(
        self,
        view_id: str,
        operator_id: str,
        *,
        name: str | None = None,
        q: str | None = None,
        sort: str | None = None,
        shared: bool | None = None,
    ) -> SavedView:
        """Change what is given; ``NotFound`` for another's own."""

    def remove_view(self, view_id: str, operator_id: str) -> None:
        """Keep it no longer."""

    def order_views(self, view_ids: Sequence[str], operator_id: str) -> list[SavedView]:
        """Put these in this order, before others of their list."""


class CannedReplyStore(Protocol):
    """Replies that operators wrote once to use often. Every write tells "canned", without words:
    an operator's own are nobody else's business, and so are ``NotFound`` for all others."""

    def canned_replies(self, operator_id: str) -> list[CannedReply]:
        """The team's and this operator's own, by name."""

    def add_canned_reply(self, operator_id: str, *, name: str, text: str, own: bool) -> CannedReply:
        """``Conflict`` when the team, or this operator, has one of that name (without case), or
        has very many."""

    def change_canned_reply(
        self, reply_id: str, operator_id: str, *, name: str, text: str, own: bool
    ) -> CannedReply:
        """Replace it; ``own`` may change, too."""

    def delete_canned_reply(self, reply_id: str, operator_id: str) -> None: ...


class PresenceStore(Protocol):
    """Who is there right now. Nothing is kept: what is not renewed ends within seconds."""

    def note_presence(
        self, operator_id: str, tab: str, ticket_id: str, state: PresenceState, seconds: float
    ) -> None:
        """One tab of an operator's has this ticket open, for so many seconds from now on."""

    def forget_presence(self, operator_id: str, tab: str) -> None:
        """That tab has no ticket open any more."""

    def note_typing(self, conversation_id: str, seconds: float) -> None:
        """The customer writes, for so many seconds from now on."""

    def forget_typing(self, conversation_id: str) -> None:
        """The customer writes no more."""

    def present(self) -> Present:
        """Who is there; each operator once a ticket, as what is most of writing and looking."""

    def forget_absent(self) -> None:
        """Remove what has ended."""
