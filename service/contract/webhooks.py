"""Webhooks and their outbox, which `service.courier` empties; the store never calls an address."""

from collections.abc import Sequence
from typing import Protocol

from service.webhooks import Delivery, Outgoing, Try, Webhook, WebhookChange


class WebhookStore(Protocol):
    """Who outside hears of events, and what is on its way to them. Whatever happens is put into
    their outbox in its own transaction, without a customer's words. Changes are noted in the audit
    log."""

    def webhooks(self) -> list[Webhook]:
        """All of them, the oldest first."""

    def webhook(self, webhook_id: str) -> Webhook:
        """One webhook."""

    def add_webhook(
        self,
        address: str,
        events: Sequence[str],
        *,
        description: str = "",
        with_texts: bool = False,
        active: bool = True,
    ) -> tuple[Webhook, str]:
        """Have an address hear of events from now on; returns it with its secret. ``Conflict`` when
        there are very many."""

    def change_webhook(self, webhook_id: str, change: WebhookChange) -> Webhook:
        """Change what is given. Switched off, it gives up what waits, and always what waits of
        events that are chosen no more, but for tests; with another address, or
        switched on, it counts as one that never failed."""

    def rotate_webhook_secret(self, webhook_id: str) -> tuple[Webhook, str]:
        """Another secret; the one so far signs, too, for a day."""

    def remove_webhook(self, webhook_id: str) -> None:
        """It hears of nothing more; its log goes with it, a long one bit by bit."""

    def switch_webhooks_off(self) -> int:
        """Switch off every one and give up what waits: this desk is a copy, or was set back.
        Returns how many were on."""

    def clear_webhooks(self) -> bool:
        """Write down some of what was given up, and remove some of the logs of those that are
        gone; whether there may be more."""

    def test_webhook(self, webhook_id: str) -> str:
        """Send it a test; returns the delivery's id. ``Conflict`` when it is off."""

    def has_webhooks(self) -> bool:
        """Whether there is anything to deliver, or to forget."""

    def due_webhooks(self) -> list[tuple[str, int, bool]]:
        """Active ones that have deliveries which are due: how many, and whether they fail. Not
        those that are left alone because nothing was taken several times in a row."""

    def next_delivery(self, webhook_id: str, but: Sequence[str] = ()) -> Outgoing | None:
        """The delivery that is due longest, without these, which are under way. Texts are in it if
        the webhook may have them now."""

    def note_try(
        self,
        outgoing: Outgoing,
        tried: Try,
        *,
        taken: bool,
        again_at: str | None = None,
        gone: bool = False,
        failing_before: str = "",
    ) -> None:
        """Keep how a try went. Not taken, it is due again at ``again_at``; without that, given up.
        The webhook is switched off when it is ``gone``, and when all has failed since
        ``failing_before``. Was the delivery given up or begun anew meanwhile, or goes it to another
        address by now, only the try is kept. Of a delivery that is gone nothing is kept."""

    def deliveries(
        self, webhook_id: str, *, failed: bool = False, before: str = "", limit: int = 50
    ) -> list[Delivery]:
        """The log of a webhook, the newest first, from before a delivery on; ``failed``: only those
        that were given up, and those of which the last try failed."""

    def delivery(self, webhook_id: str, delivery_id: str) -> Delivery:
        """One of them, with what would be sent now."""

    def deliver_again(self, webhook_id: str, delivery_id: str) -> None:
        """Send it now, with all tries anew, under the same id. ``Conflict`` when the webhook is
        off."""

    def forget_deliveries(self, before: str) -> bool:
        """Remove some of those from before a time that are over, and secrets that are no longer
        good; whether there may be more."""
