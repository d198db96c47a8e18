"""What a file is, by its content alone; called when one is received. Never believes a name.

Each kind is proven, not guessed: a picture by being decoded (`service.uploads.pictures`), all
others by what stands at their very first byte. What is none of the kinds here cannot be sent,
whatever the settings allow.
"""

import lzma
import re
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

from service.uploads.pictures import PICTURES

OFFICE = "application/vnd.openxmlformats-officedocument"
OPEN = "application/vnd.oasis.opendocument"
TEXT = "text/plain"
# Every kind with the endings that its names may have, the usual one first.
ENDINGS: Mapping[str, tuple[str, ...]] = {
    **dict(PICTURES.values()),
    "application/pdf": ("pdf",),
    TEXT: ("txt", "csv", "log", "md", "tsv"),
    f"{OFFICE}.wordprocessingml.document": ("docx",),
    f"{OFFICE}.spreadsheetml.sheet": ("xlsx",),
    f"{OFFICE}.presentationml.presentation": ("pptx",),
    f"{OPEN}.text": ("odt",),
    f"{OPEN}.spreadsheet": ("ods",),
    f"{OPEN}.presentation": ("odp",),
    "video/mp4": ("mp4",),
    "video/quicktime": ("mov",),
    "application/zip": ("zip",),
}
SHORTEST_NAME = "file"
LONGEST_NAME = 120  # characters, with its ending
PART = "[Content_Types].xml"
MOST_CONTENTS = 1_000_000  # bytes of a zip's table of contents, and of a part that is read of it
TAIL = 65_600  # bytes in which a zip must end, and say that it is one beyond 4 GB
SHORTEST_END = 18  # bytes of a zip's end after its mark
USUAL_PACKING = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
MACROS = ("basic/", "scripts/")  # of an OpenDocument
DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    NotImplementedError,
    RuntimeError,
    OSError,
    ValueError,
    EOFError,
    LookupError,
    ArithmeticError,
    MemoryError,
)
MOVIES = {b"qt  ": "video/quicktime"}
BRANDS = (b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ", b"qt  ")
MARKUP = re.compile(rb"<\s*(!doctype|!--|\?xml|[a-z][a-z0-9]*[\s/>])", re.IGNORECASE)
ODD = re.compile(r"[^\t\n\r\f\x20-\x7e\x80-\U0010ffff]")


def kind_of(path: Path) -> str | None:
    """The media type of what is no picture; none when it is nothing that the desk knows."""
    with path.open("rb") as file:
        head = file.read(128)
    if head.startswith(b"%PDF-"):
        return "application/pdf"
    if head.startswith(b"PK\x03\x04"):
        return _zipped(path, head)
    if head[4:8] == b"ftyp" and head[8:12] in BRANDS:
        return MOVIES.get(head[8:12], "video/mp4")
    return TEXT if _is_text(path) else None


def _zipped(path: Path, head: bytes) -> str | None:
    if not _is_small_zip(path):
        return None
    try:
        with zipfile.ZipFile(path) as packed:
            names = set(packed.namelist())
            if any(name.lower().endswith("vbaproject.bin") for name in names):
                return None  # macros
            if PART in names and packed.getinfo(PART).file_size <= MOST_CONTENTS:
                usual = packed.getinfo(PART).compress_type in USUAL_PACKING
                return _office(packed.read(PART)) if usual else None
            if kind := _open_document(head):
                return None if any(name.lower().startswith(MACROS) for name in names) else kind
            return "application/zip"
    except DAMAGED:
        return None


def _is_small_zip(path: Path) -> bool:
    """Whether its table of contents may be read: one can be made that fills the memory."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - TAIL))
        tail = file.read()
    at = tail.rfind(b"PK\x05\x06", 0, -SHORTEST_END)  # its last fields may hold the mark, too
    if at < 0 or b"PK\x06\x07" in tail:  # the second is of a zip beyond 4 GB
        return False
    return int.from_bytes(tail[at + 12 : at + 16], "little") <= MOST_CONTENTS


def _office(contents: bytes) -> str | None:
    for kind in ENDINGS:
        if kind.startswith(OFFICE) and f'"{kind}.main+xml"'.encode() in contents:
            return kind
    return None


def _open_document(head: bytes) -> str | None:
    """Its first part, stored as it is, says the type, and the next part follows at once."""
    said = head[38:] if head[30:38] == b"mimetype" else b""
    kinds = (kind for kind in ENDINGS if kind.startswith(OPEN))
    return next((kind for kind in kinds if said.startswith(kind.encode() + b"PK")), None)


def _is_text(path: Path) -> bool:
    """Whether it is plain text in UTF-8, and none that a browser could take for a page."""
    content = path.read_bytes()
    if not content or MARKUP.match(content.removeprefix(b"\xef\xbb\xbf").lstrip()[:200]):
        return False
    try:
        return ODD.search(content.decode("utf-8-sig")) is None
    except UnicodeDecodeError:
        return False


def fitting_name(given: str, kind: str) -> str:
    """The name without folders and tricks, with an ending that fits the kind.

    Control characters go, and marks that turn the direction of writing, which can make
    ``exe.txt`` of ``txt.exe`` to the eye.
    """
    bare = re.split(r"[/\\]", unicodedata.normalize("NFC", given))[-1]
    bare = "".join("" if unicodedata.category(c)[0] == "C" else c for c in bare)
    bare = re.sub(r'[<>:"|?*]', "_", " ".join(bare.split())).strip(". ")
    stem, dot, ending = bare.rpartition(".")
    endings = ENDINGS[kind]
    known = {one for several in ENDINGS.values() for one in several}
    if not dot:
        stem, ending = bare, endings[0]
    elif ending.lower() not in endings:
        # Of a picture that was called .pdf that ending goes; of page.html nothing does.
        stem, ending = (stem if ending.lower() in known else bare), endings[0]
    stem = stem.strip(". ") or SHORTEST_NAME
    return f"{stem[: LONGEST_NAME - len(ending) - 1]}.{ending}"
