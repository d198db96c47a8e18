"""What an admin sets of the site beside its content: the widget's look and language, who may embed
it, and files.

Kept in the store; every process sees a change within a second. What the environment says wins.
"""

import threading
import time

from service.config import Config, origins_of
from service.errors import StoreError
from service.store import Store

FRESH_SECONDS = 1.0
ORIGINS, FILES = "site_origins", "site_files"
# The widget's look, by the API's names; empty is what the page or the widget itself says.
LOOK = tuple(
    f"site_{name}" for name in ("color", "theme", "side", "spacing", "radius", "font", "locale")
)
NAMES = (*LOOK, ORIGINS, FILES)


class Site:
    """Reads these settings, at most once a second, for every request may ask."""

    def __init__(self, config: Config, store: Store) -> None:
        self.config = config
        self.store = store
        self._lock = threading.Lock()
        self._read_at = float("-inf")
        self._values: dict[str, str] = {}

    @property
    def is_fixed(self) -> bool:
        """Whether the environment says who may embed the widget."""
        return "allowed_origins" in self.config.model_fields_set

    @property
    def origins(self) -> tuple[str, ...]:
        """The sites that may embed the widget; ``*`` for any."""
        return origins_of(self.allowed_origins)

    @property
    def allowed_origins(self) -> str:
        """The same as it was written."""
        if self.is_fixed:
            return self.config.allowed_origins
        return self._read().get(ORIGINS) or self.config.allowed_origins

    @property
    def look(self) -> dict[str, str]:
        """Each trait of the widget by its setting; empty for what the page or the widget says."""
        values = self._read()
        return {setting: values.get(setting, "") for setting in LOOK}

    @property
    def takes_files(self) -> bool:
        """Whether customers may send files."""
        return self._read().get(FILES) != "off"

    @property
    def saved_origins(self) -> str:
        """Who may embed the widget as an admin has said; empty when none has."""
        return self._read().get(ORIGINS, "")

    def forget(self) -> None:
        """Read anew: it was just saved."""
        with self._lock:
            self._read_at = float("-inf")

    def _read(self) -> dict[str, str]:
        with self._lock:
            if time.monotonic() - self._read_at > FRESH_SECONDS:
                self._read_at = time.monotonic()
                try:
                    self._values = {name: self.store.setting(name) or "" for name in NAMES}
                except StoreError:  # what was read last stands while the storage is away
                    if not self._values:
                        raise
            return self._values
