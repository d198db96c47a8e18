"""Tells another program of alarms: a POST of JSON, signed, tried a few times, never for long.

Called by ``frontdesk watch``, so that nobody waits for it. What was not taken is tried again by the
next look, for a day. Sends no customer's words.
"""

import hashlib
import hmac
import http.client
import logging
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from urllib.parse import urlsplit

import orjson

from service.config import Config
from service.records.alarms import Alarm
from service.store import Store

log = logging.getLogger("frontdesk.watch")

SIGNATURE = "X-Frontdesk-Signature"
SECONDS = 5.0  # that one try may take to connect, and to answer
PAUSES = (0.0, 1.0, 4.0)  # before each try
KEPT = timedelta(days=1)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """What is signed goes to the address that was set, and to no other."""

    def redirect_request(self, *_: Any) -> None:
        return None


def deliver(config: Config, store: Store, now: datetime) -> int:
    """Tell of every alarm that began or ended and was not told of; returns how many were taken.

    After one that nobody takes, the others wait for the next look.
    """
    if not config.alarm_webhook:
        return 0
    taken = 0
    since = (now.astimezone(UTC) - KEPT).isoformat(timespec="milliseconds")
    for alarm in store.untold_alarms(since.replace("+00:00", "Z")):
        if not _post(config, alarm):
            break
        store.note_told(alarm)
        taken += 1
    return taken


def signature(secret: str, at: int, body: bytes) -> str:
    """``t=SECONDS,v1=HEX``: HMAC-SHA256 over the time, a full stop and the body."""
    signed = hmac.new(secret.encode(), b"%d." % at + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={signed}"


def payload(config: Config, alarm: Alarm) -> dict[str, Any]:
    """What the other program gets."""
    names = ("id", "kind", "subject", "words", "value", "peak", "usual", "began_at", "ended_at")
    return {
        "event": "alarm.ended" if alarm.ended_at else "alarm.began",
        "alarm": {name: getattr(alarm, name) for name in names},
        "console": f"{config.public_url.rstrip('/')}/console" if config.public_url else None,
    }


def _post(config: Config, alarm: Alarm) -> bool:
    body = orjson.dumps(payload(config, alarm))
    # Without what may be secret in an address.
    where = urlsplit(config.alarm_webhook).hostname
    for number, pause in enumerate(PAUSES, 1):
        time.sleep(pause)
        problem = _try(config, body)
        if problem is None:
            log.info("told %s of alarm %s", where, alarm.id)
            return True
        log.warning(
            "%s did not take alarm %s (try %d of %d): %s",
            *(where, alarm.id, number, len(PAUSES), problem),
        )
    return False


def _try(config: Config, body: bytes) -> str | None:
    """Why it was not taken; None when it was."""
    headers = {"Content-Type": "application/json", "User-Agent": "frontdesk"}
    if config.alarm_secret:
        headers[SIGNATURE] = signature(config.alarm_secret, int(time.time()), body)
    # The setting allows http and https only.
    request = urllib.request.Request(config.alarm_webhook, body, headers)  # noqa: S310
    opener = urllib.request.build_opener(_NoRedirects)
    try:
        with cast(http.client.HTTPResponse, opener.open(request, timeout=SECONDS)) as answer:
            return None if 200 <= answer.status < 300 else f"HTTP {answer.status}"
    except urllib.error.HTTPError as error:
        with error:
            return f"HTTP {error.code}"
    except (http.client.HTTPException, ValueError) as error:
        return type(error).__name__  # their words quote the address
    except OSError as error:
        return str(error) or type(error).__name__
