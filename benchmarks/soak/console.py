"""The people behind the desk while it soaks: they edit content, and work through the inbox.

One thread, beside the customers. What fails is counted, and the rest goes on.
"""

import http.client
import itertools
import threading
from pathlib import Path

from benchmarks.load.homes import opened
from benchmarks.load.servers import call

EVERY_SECONDS = 60
TICKETS = 10  # closed each time
FAILURES = (OSError, RuntimeError, http.client.HTTPException)


def make_token(home: Path) -> str:
    """A token of a new operator of the home."""
    with opened(home) as store:
        operator = store.add_operator("soak@example.com", "Soak", "operator", "!")
        return store.create_api_token(operator.id)


class Console(threading.Thread):
    """Comes back every minute until it is stopped."""

    def __init__(self, port: int, token: str) -> None:
        super().__init__(name="console", daemon=True)
        self.edits = self.failed = 0
        self._port = port
        self._token = token
        self._stopped = threading.Event()

    def run(self) -> None:
        """Work, rest, and work again."""
        for number in itertools.count():
            connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
            try:
                self._edit(connection, number)
                self._close_tickets(connection)
            except FAILURES:
                self.failed += 1
            finally:
                connection.close()
            if self._stopped.wait(EVERY_SECONDS):
                return

    def stop(self) -> None:
        """Let it finish what it does."""
        self._stopped.set()
        self.join(timeout=120)

    def _edit(self, connection: http.client.HTTPConnection, number: int) -> None:
        """Change a template, which makes a new index."""
        templates = call(connection, "GET", "/api/v1/templates", token=self._token)["templates"]
        template = templates[number % len(templates)]
        body = {name: template[name] for name in ("intent", "sentiment")}
        body["text"] = f"{template['text'].partition(' (Edit ')[0]} (Edit {number}.)"
        call(connection, "PUT", f"/api/v1/templates/{template['name']}", body, self._token)
        self.edits += 1

    def _close_tickets(self, connection: http.client.HTTPConnection) -> None:
        """Read the inbox, open the most urgent tickets, and close them."""
        inbox = "/api/v1/tickets?status=open&order=priority"
        tickets = call(connection, "GET", inbox, token=self._token)["tickets"]
        for ticket in tickets[:TICKETS]:
            place = f"/api/v1/tickets/{ticket['id']}"
            call(connection, "GET", place, token=self._token)
            call(connection, "POST", f"{place}/claim", {}, self._token)
            call(connection, "POST", f"{place}/resolve", {}, self._token)
