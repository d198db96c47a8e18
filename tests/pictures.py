"""Files as people, and people who mean harm, send them."""

import io
import struct
import zipfile
import zlib
from typing import Any

from PIL import Image
from werkzeug.test import TestResponse

from calls import JSON, Caller, Customer

PAGE = b"<!doctype html><script>document.title = 'hurt'</script>"
DRAWING = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
PDF = b"%PDF-1.7\n1 0 obj << >> endobj\n%%EOF\n"
GPS, ORIENTATION = 0x8825, 0x0112


def picture(form: str = "PNG", size: tuple[int, int] = (40, 20), **more: Any) -> bytes:
    """A picture, red on its left half and blue on its right."""
    image = Image.new("RGB", size, "blue")
    image.paste("red", (0, 0, size[0] // 2, size[1]))
    written = io.BytesIO()
    image.save(written, form, **more)
    return written.getvalue()


def photo_with_position() -> bytes:
    """A JPEG as a phone takes it, lying on its side, that says where it was taken."""
    exif = Image.Exif()
    exif[ORIENTATION] = 6  # to be turned clockwise
    exif[0x010F] = "Camera of Mia"
    exif.get_ifd(GPS)[2] = (52.0, 30.0, 59.0)
    return picture("JPEG", exif=exif, comment=b"taken at home")


def bomb(side: int = 40_000) -> bytes:
    """A PNG of a few bytes that says it has side x side pixels."""

    def chunk(name: bytes, body: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(name + body))
        return struct.pack(">I", len(body)) + name + body + check

    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    body = zlib.compress(b"\0" * 10_000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def packed(**parts: bytes) -> bytes:
    """A zip of these parts; ``_`` in a name is a dot."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name.replace("__", "/").replace("_", "."), content)
    return written.getvalue()


def document(kind: str = "wordprocessingml.document", **more: bytes) -> bytes:
    """An office document, as far as its type goes."""
    said = f'<Types><Override ContentType="application/vnd.openxmlformats-officedocument.{kind}'
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr("[Content_Types].xml", f'{said}.main+xml"/></Types>')
        for name, content in more.items():
            archive.writestr(name.replace("_", "."), content)
    return written.getvalue()


def open_document(*more: str) -> bytes:
    """An OpenDocument text, as far as its type goes, with further parts."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.text")
        for name in ("content.xml", *more):
            archive.writestr(name, "<x/>")
    return written.getvalue()


def document_cut_up(method: int) -> bytes:
    """An office document whose first part is packed so that it cannot be read."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", method) as archive:
        archive.writestr("[Content_Types].xml", "".join(str(n * n) for n in range(200)))
    content = bytearray(written.getvalue())
    start = 30 + len("[Content_Types].xml") + 4
    content[start : start + 12] = b"\xff" * 12
    return bytes(content)


def photo_that_says_oddly_how_it_lies() -> bytes:
    """A sound JPEG to be turned, with a tag of another type than cameras give it."""
    exif = struct.pack("<2sHI", b"II", 42, 8) + struct.pack("<H", 2)
    exif += struct.pack("<HHII", 0x0100, 2, 4, 0x41414141)  # a width in letters
    exif += struct.pack("<HHII", ORIENTATION, 3, 1, 6) + struct.pack("<I", 0)
    return picture("JPEG", exif=b"Exif\0\0" + exif)


def upload(
    caller: Caller,
    path: str,
    content: bytes,
    name: str = "photo.png",
    client_id: str = "u-1",
    **more: Any,
) -> TestResponse:
    """Send a file in a form."""
    form = {"client_id": client_id, "file": (io.BytesIO(content), name)}
    return caller.call("POST", path, data=form, content_type="multipart/form-data", **more)


def uploaded(
    customer: Customer, content: bytes, name: str = "photo.png", client_id: str = "u-1"
) -> JSON:
    """What a customer has uploaded; it must have been taken."""
    path = f"{customer.path}/files"
    response = upload(customer.caller, path, content, name, client_id, token=customer.token)
    assert response.status_code == 201, response.text
    return dict((response.json or {})["file"])
