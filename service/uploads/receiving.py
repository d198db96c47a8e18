"""Receives one file: judged, rewritten if it is a picture, scanned, on disk, and only then known.

Called by the web routes of customers and operators, who have checked who may. Holds no transaction
while it works, and knows no HTTP.
"""

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from service.config import Config
from service.cores import everywhere
from service.errors import Busy, FileRefused, StoreError, TooLarge, UnsupportedMedia
from service.records.conversations import File, FileDraft, FileLimits
from service.store import Store
from service.uploads.kinds import fitting_name, kind_of
from service.uploads.pictures import NotShown, Picture, is_picture, rewrite
from service.uploads.scanning import require_clean
from service.uploads.shelf import Shelf, new_file_id

AT_ONCE = 3  # files of a process that are worked on: a picture takes much memory for a moment
MOST_WAITING = 8  # who waits takes a thread that others need to talk
WAIT_SECONDS = 20.0


class Uploads:
    """What one process receives."""

    def __init__(self, config: Config, store: Store) -> None:
        self.config = config
        self.store = store
        self.shelf = Shelf(config.files)
        self.limits = FileLimits(config.file_bytes_conversation, config.file_bytes_day)
        self._places = threading.BoundedSemaphore(AT_ONCE)
        self._waiting = threading.BoundedSemaphore(MOST_WAITING)

    def receive(
        self,
        content: BinaryIO,
        name: str,
        *,
        conversation_id: str,
        client_id: str,
        operator_id: str | None = None,
    ) -> tuple[File, bool]:
        """Keep a file until a message takes it along; idempotent by client id (True = repeated).

        Raises ``TooLarge``, ``UnsupportedMedia``, ``FileRefused``, ``FileUnchecked``, ``TooMany``,
        ``Busy``, or ``StoreError`` when the disk is nearly full. Customers have a
        limit in all, operators have none.
        """
        known = self.store.find_file(conversation_id, client_id, operator_id)
        if known is not None:
            return known, True
        limits = None if operator_id else self.limits
        if limits:
            self.store.require_room(conversation_id, limits)
        file_id = new_file_id()
        try:
            self.shelf.require_room()
            with self._place(), self.shelf.arriving() as folder:
                whole, preview = folder / "whole", folder / "preview"
                came = folder / "came"
                self._write(content, came)
                with everywhere():
                    kind, picture = self._judged(came, whole, preview)
                    require_clean(self.config.file_scanner, self.config.file_scan_seconds, came)
                kept = whole if picture else came
                draft = FileDraft(
                    file_id,
                    conversation_id,
                    client_id,
                    fitting_name(name, kind),
                    kind,
                    kept.stat().st_size,
                    picture.width if picture else None,
                    picture.height if picture else None,
                    operator_id,
                )
                self.shelf.keep(file_id, kept, preview if picture else None)
        except OSError as error:
            raise StoreError(f"The file cannot be kept: {error.strerror}.") from None
        return self._note(draft, limits)

    def _note(self, draft: FileDraft, limits: FileLimits | None) -> tuple[File, bool]:
        try:
            file = self.store.add_file(draft, limits)
        except BaseException:
            self.shelf.remove([draft.id])
            raise
        if file.id != draft.id:  # the same one came twice at once
            self.shelf.remove([draft.id])
        return file, file.id != draft.id

    def _write(self, content: BinaryIO, path: Path) -> None:
        with path.open("xb") as file:
            shutil.copyfileobj(content, file, 1 << 18)
            size = file.tell()
        if size > self.config.file_bytes:
            most = self.config.file_bytes / 1e6
            raise TooLarge(f"A file may have at most {most:g} MB.", most=self.config.file_bytes)
        if not size:
            raise FileRefused("The file is empty.")

    def _judged(self, came: Path, whole: Path, preview: Path) -> tuple[str, Picture | None]:
        """What it is; a picture is written anew."""
        picture = None
        if is_picture(came):
            try:
                picture = rewrite(came, whole, preview, self.config.file_pixels)
            except NotShown as error:
                raise FileRefused(f"This picture cannot be sent. {error}") from None
        kind = picture.type if picture else kind_of(came)
        if kind is None or kind not in self.config.kinds:
            raise UnsupportedMedia("Files of this kind cannot be sent here.")
        return kind, picture

    @contextmanager
    def _place(self) -> Iterator[None]:
        if not self._places.acquire(blocking=False) and not self._waited():
            raise Busy("Many files come at once. Try again in a moment.")
        try:
            yield
        finally:
            self._places.release()

    def _waited(self) -> bool:
        """Whether a place became free in time; only a few may wait."""
        if not self._waiting.acquire(blocking=False):
            return False
        try:
            return self._places.acquire(timeout=WAIT_SECONDS)
        finally:
            self._waiting.release()
