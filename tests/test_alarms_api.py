"""Alarms over HTTP: who may see them, what they tell, how they are acknowledged."""

import pytest

from calls import Caller, frames, start
from service.errors import StoreError
from service.records.alarms import AlarmDraft
from service.store import Store

ALARMS = "/api/v1/alarms"


def sound(store: Store, *messages: str, subject: str = "returns") -> str:
    words = f"Negative messages about {subject} are at 48 % this hour; usually 12 %."
    alarm, _ = store.sound_alarm(AlarmDraft("surge", subject, words, 0.48, 0.12, messages))
    return alarm.id


def test_alarms_are_listed_and_shown(client: Caller, operator: Caller, store: Store) -> None:
    customer = start(client)
    turn = customer.say("terrible, let me talk to a person")
    alarm_id = sound(store, turn["message"]["id"])
    (listed,) = operator.get(ALARMS).get_json()["alarms"]
    assert (listed["id"], listed["ended_at"], listed["acknowledged"]) == (alarm_id, None, None)
    assert (listed["value"], listed["usual"]) == (0.48, 0.12)
    detail = operator.get(f"{ALARMS}/{alarm_id}").get_json()
    assert detail["alarm"] == listed
    (message,) = detail["messages"]
    assert message["text"] == "terrible, let me talk to a person"
    assert message["ticket_id"] == turn["ticket"]["id"]


def test_who_acknowledges_first_is_shown_to_all(
    operator: Caller, colleague: Caller, store: Store
) -> None:
    path = f"{ALARMS}/{sound(store)}"
    with operator.get("/api/v1/events?after=0") as response:
        mine = operator.post(f"{path}/acknowledge").get_json()["alarm"]
        assert mine["acknowledged"]["name"] == "Olga"
        theirs = colleague.post(f"{path}/acknowledge")
        assert theirs.get_json()["alarm"] == mine
        told: list[dict[str, object]] = []
        while len(told) < 2:
            told += [f.data["alarm"] for f in frames(response, 1) if f.event == "alarm"]
    assert [alarm["acknowledged"] for alarm in told] == [None, mine["acknowledged"]]
    assert "messages" not in repr(told[0].keys())


@pytest.mark.parametrize("path", ["", "/alm_x"])
def test_only_operators_see_alarms(path: str, client: Caller, operator: Caller) -> None:
    assert client.get(f"{ALARMS}{path}").status_code == 401
    assert operator.get(f"{ALARMS}{path}").status_code == (404 if path else 200)


def test_acknowledging_needs_an_operator_and_an_alarm(client: Caller, operator: Caller) -> None:
    assert client.post(f"{ALARMS}/alm_x/acknowledge").status_code == 401
    assert operator.post(f"{ALARMS}/alm_x/acknowledge").status_code == 404
    assert operator.post(f"{ALARMS}/alm_x/acknowledge", {"x": 1}).status_code == 422


def test_metrics_tell_how_many_alarms_are_active(client: Caller, store: Store) -> None:
    sound(store)
    assert 'frontdesk_alarms{kind="surge"} 1.0' in client.get("/metrics").text
    store.end_alarm(store.alarms()[0].id)
    text = client.get("/metrics").text
    assert 'frontdesk_alarms{kind="surge"} 0.0' in text
    assert 'frontdesk_alarms{kind="drift"} 0.0' in text


def test_metrics_are_served_while_the_store_fails(
    client: Caller, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the alarms: what was known of them may be wrong by now."""
    sound(store)
    assert 'frontdesk_alarms{kind="surge"} 1.0' in client.get("/metrics").text

    def fail(*_: object) -> None:
        raise StoreError("The disk is gone.")

    with monkeypatch.context() as broken:
        broken.setattr(store, "alarms", fail)
        response = client.get("/metrics")
    assert response.status_code == 200
    assert "frontdesk_request_seconds_count" in response.text
    assert "frontdesk_alarms{" not in response.text
    assert 'frontdesk_alarms{kind="surge"} 1.0' in client.get("/metrics").text
