"""Pictures, written anew: what is kept of one is its pixels and nothing else.

Called when a file is received. Whatever was hidden in it (where it was taken, a page behind the
picture, words for another program) is not in what is written. Never decodes more pixels than it
is told it may.
"""

import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

# Pillow's name of a format, the media type, endings.
PICTURES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "PNG": ("image/png", ("png",)),
    "JPEG": ("image/jpeg", ("jpg", "jpeg", "jpe", "jfif")),
    "GIF": ("image/gif", ("gif",)),
    "WEBP": ("image/webp", ("webp",)),
}
READ = tuple(PICTURES)
# MPO is what phones make of two JPEGs; Pillow finds that out by itself when it reads a JPEG.
WRITTEN = {"PNG": "PNG", "JPEG": "JPEG", "MPO": "JPEG", "GIF": "PNG", "WEBP": "WEBP"}
HEADS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a")
PREVIEW_SIDE = 480  # px, twice what a list shows
PREVIEW_TYPE = "image/webp"
MOST_SCANS = 100  # of a JPEG; each goes over all of its pixels again
ORIENTATION = 0x0112
TURNED: Mapping[object, Image.Transpose] = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    EOFError,
    MemoryError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)


class NotShown(Exception):
    """It says that it is a picture, and cannot be shown; the message says why."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as it was written: its type and its size in px."""

    type: str
    width: int
    height: int


def is_picture(path: Path) -> bool:
    """Whether it begins as one of the pictures that the desk knows."""
    with path.open("rb") as file:
        head = file.read(16)
    return head.startswith(HEADS) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP")


def rewrite(source: Path, target: Path, preview: Path, most_pixels: int) -> Picture:
    """Write the picture of ``source`` to ``target``, turned as it was taken, and a small one of it
    to ``preview``. Of one that moves it is the first frame. Raises ``NotShown``."""
    if _scans(source) > MOST_SCANS:
        raise NotShown("It is made to be slow to show.")
    try:
        with Image.open(source, formats=READ) as opened:
            if opened.width * opened.height > most_pixels:
                raise NotShown(f"It has more than {most_pixels / 1e6:.0f} million pixels.")
            form = WRITTEN[opened.format or ""]
            opened.load()
            turn = _turn(opened)
            picture = _plain(opened if turn is None else opened.transpose(turn), form)
        picture.save(target, form, **({"quality": 88} if form != "PNG" else {}))
        size = picture.size
        picture.thumbnail((PREVIEW_SIDE, PREVIEW_SIDE))
        picture.save(preview, "WEBP", quality=75)
    except BROKEN as error:
        raise NotShown(f"It is damaged: {type(error).__name__}.") from None
    return Picture(PICTURES[form][0], *size)


def _turn(opened: Image.Image) -> Image.Transpose | None:
    """How the camera was held. It alone is read of what stands beside the pixels, and a camera that
    writes this badly spoils no picture."""
    try:
        return TURNED.get(opened.getexif().get(ORIENTATION))
    except BROKEN:
        return None


def _plain(opened: Image.Image, form: str) -> Image.Image:
    """The pixels alone, in a mode that the format can hold."""
    if opened.mode.startswith("I"):  # grey in 16 bits, of which a conversion would cut the top off
        opened = opened.point(lambda value: value * (1 / 256)).convert("L")
        opened.info = {}
    seen_through = form != "JPEG" and opened.has_transparency_data
    mode = "RGBA" if seen_through else "L" if opened.mode in ("1", "L") else "RGB"
    plain = opened if opened.mode == mode else opened.convert(mode)
    plain = plain.copy() if plain is opened else plain
    plain.info = {}  # comments, colour profiles, positions: all of it would be written again
    return plain


def _scans(source: Path) -> int:
    with source.open("rb") as file:
        if file.read(2) != b"\xff\xd8":
            return 0
        return file.read().count(b"\xff\xda")
