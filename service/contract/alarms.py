"""Alarms, and the figures that they go by, which `service.watch` asks for."""

from typing import Protocol

from service.records.alarms import Alarm, AlarmDraft, AlarmMessage, MoodCount, ReadMessage


class AlarmStore(Protocol):
    """What alarms go by, and the alarms. Times are the store's own; ``since`` until just before
    ``until``."""

    def mood_counts(self, since: str, until: str, *, hourly: bool = True) -> list[MoodCount]:
        """Customers by hour and intent, and by hour alone; not ``hourly``, of the whole span."""

    def read_messages(self, since: str, until: str, most: int) -> list[ReadMessage]:
        """How messages were read, the oldest first; a sample, evenly drawn, where it was more."""

    def negative_messages(self, intent: str, since: str, until: str, most: int) -> list[str]:
        """Ids of the newest negative messages, one of a conversation; without intent, of all."""

    def sound_alarm(self, draft: AlarmDraft) -> tuple[Alarm, bool]:
        """Begin an alarm, or go on with the one of this kind and subject; and whether it is new.
        Keeps the messages of the peak. Tells "alarm" when it is new or its words change."""

    def end_alarm(self, alarm_id: str) -> Alarm:
        """It is over; a second time changes nothing. Tells "alarm"."""

    def acknowledge_alarm(self, alarm_id: str, operator_id: str) -> Alarm:
        """Somebody looks after it; the first one stays. Tells "alarm"."""

    def alarm(self, alarm_id: str) -> Alarm:
        """One alarm."""

    def alarms(self, limit: int = 50) -> list[Alarm]:
        """Active ones first, the newest first among equals."""

    def alarm_messages(self, alarm_id: str) -> list[AlarmMessage]:
        """The messages that show it, as far as they are still there; newest first."""

    def untold_alarms(self, since: str) -> list[Alarm]:
        """Those that began or ended since, and of which the webhook has not heard."""

    def note_told(self, alarm: Alarm) -> None:
        """The webhook has heard of the alarm as it stands in this record."""
