"""What a backup says of itself: its first member, which everything else is held against.

Written by ``service.backup``, read by ``service.restore``. A file that somebody else made may say
anything: names that lead out of a desk, or to what is none of its parts, are refused here.
"""

import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from service.errors import Conflict, ContentError
from service.files import parse

FORMAT = 1
NAME = "manifest.json"
DATABASE = "desk.db"
RELEASES = "releases"
FILES = "files"
PLACES = re.compile(
    r"desk\.db|releases/(champion|previous)|releases/rel_[^/\0]+/[^\0]+"
    r"|files/fil_[0-9A-Za-z]+(\.preview)?"
)


def check_name(name: str) -> str:
    """The name of a member, if a desk has such a file."""
    if not PLACES.fullmatch(name) or any(part in ("", ".", "..") for part in name.split("/")):
        raise ValueError(f"{name!r} is no part of a desk")
    return name


class Member(BaseModel):
    """One file; ``size`` in bytes."""

    model_config = ConfigDict(frozen=True)

    size: Annotated[int, Field(ge=0)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Manifest(BaseModel):
    """A backup. ``members`` are all its files but this one, by their paths in a home; ``missing``
    are ids of files that messages have, and that were not on disk."""

    model_config = ConfigDict(frozen=True)

    format: int = FORMAT
    version: str
    created_at: str
    migrations: tuple[str, ...]
    conversations: int
    messages: int
    tickets: int
    champion: str | None
    releases: tuple[str, ...]
    missing: tuple[str, ...] = ()
    members: dict[Annotated[str, AfterValidator(check_name)], Member]


def read_manifest(value: Any, path: Path) -> Manifest:
    """The manifest of the backup at ``path``. Raises ``Conflict`` for a newer format,
    ``ContentError`` for a malformed one."""
    written = value.get("format") if isinstance(value, dict) else None
    if isinstance(written, int) and written > FORMAT:
        raise Conflict(
            f"{path} was written by a newer frontdesk (format {written}); upgrade this one."
        )
    manifest = parse(Manifest, value, path)
    if DATABASE not in manifest.members:
        raise ContentError(f"{path} holds no {DATABASE}.")
    return manifest
