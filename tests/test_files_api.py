"""Files over HTTP: who may send and read them, what is taken, and what is kept of it."""

import hashlib
import hmac
import io
import os
import shutil
import sqlite3
import stat
import sys
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner
from flask import Flask
from PIL import Image

from calls import JSON, Caller, Customer, start
from conftest import SECRET
from drafts import draft
from fakes import FakeEngines
from finetune.erasing import erase
from pictures import (
    DRAWING,
    PAGE,
    PDF,
    bomb,
    document,
    document_cut_up,
    open_document,
    packed,
    photo_that_says_oddly_how_it_lies,
    photo_with_position,
    picture,
    upload,
    uploaded,
)
from service import backup
from service.backup import back_up
from service.config import Config
from service.errors import FileUnchecked, StoreError
from service.records.conversations import FileDraft
from service.restore import restore
from service.sqlite.store import SqliteStore
from service.store import Store
from service.uploads import receiving
from service.uploads.scanning import require_clean
from service.uploads.shelf import RESERVE
from service.uploads.sweeping import sweep, sweep_remains
from service.web.context import Parts


@pytest.fixture
def customer(client: Caller) -> Customer:
    return start(client)


@pytest.fixture
def stranger(client: Caller) -> Customer:
    return start(client)


def parts_of(app: Flask) -> Parts:
    parts: Parts = app.config["FRONTDESK"]
    return parts


def configure(app: Flask, **settings: Any) -> None:
    """Other settings for what is received from now on."""
    parts = parts_of(app)
    parts.config = parts.config.model_copy(update=settings)
    uploads = type(parts.uploads)(parts.config, parts.store)
    parts.uploads = uploads


def refused(customer: Customer, content: bytes, name: str = "photo.png") -> JSON:
    path = f"{customer.path}/files"
    response = upload(customer.caller, path, content, name, token=customer.token)
    assert response.status_code >= 400, response.text
    return dict(response.json or {})


def read(customer: Customer, file_id: str, part: str = "") -> Any:
    return customer.caller.get(f"{customer.path}/files/{file_id}{part}", token=customer.token)


# --- sending and reading -------------------------------------------------------------------------


def test_a_picture_goes_with_a_message_and_both_sides_can_read_it(
    customer: Customer, operator: Caller, store: Store
) -> None:
    file = uploaded(customer, picture(size=(900, 600)))
    assert (file["type"], file["width"], file["height"]) == ("image/png", 900, 600)
    turn = customer.say("it is broken", files=[file["id"]])
    assert turn["message"]["files"] == [file]
    assert customer.messages()[-2]["files"] == [file]
    whole, preview = read(customer, file["id"]), read(customer, file["id"], "/preview")
    assert whole.mimetype == "image/png"
    assert Image.open(io.BytesIO(whole.data)).size == (900, 600)
    assert preview.mimetype == "image/webp"
    assert Image.open(io.BytesIO(preview.data)).size == (480, 320)
    detail = operator.get(f"/api/v1/tickets/{turn['ticket']['id']}").json or {}
    assert [m["files"] for m in detail["messages"] if m["author"] == "customer"] == [[file]]
    assert operator.get(f"/api/v1/files/{file['id']}").data == whole.data
    assert operator.get(f"/api/v1/files/{file['id']}/preview").data == preview.data


def test_what_is_served_cannot_run_and_is_kept_by_nobody_between(customer: Customer) -> None:
    paper = uploaded(customer, PDF, "Rechnung ä.pdf", "u-1")
    photo = uploaded(customer, picture(), "p.png", "u-2")
    customer.say("it is broken", files=[paper["id"], photo["id"]])
    for file, how in ((paper, "attachment"), (photo, "inline")):
        headers = read(customer, file["id"]).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert (
            headers["Content-Security-Policy"]
            == "sandbox; default-src 'none'; frame-ancestors 'none'"
        )
        assert headers["Cache-Control"].startswith("private")
        assert headers["Content-Disposition"].startswith(f"{how};")
    etag = read(customer, paper["id"]).headers["ETag"]
    asked = {"If-None-Match": etag, "Authorization": f"Bearer {customer.token}"}
    again = customer.caller.client.get(f"{customer.path}/files/{paper['id']}", headers=asked)
    assert (again.status_code, again.data) == (304, b"")
    asked["Authorization"] = "Bearer of another"
    again = customer.caller.client.get(f"{customer.path}/files/{paper['id']}", headers=asked)
    assert again.status_code == 401
    disposition = read(customer, paper["id"]).headers["Content-Disposition"]
    assert disposition == "attachment; filename*=UTF-8''Rechnung%20%C3%A4.pdf"
    assert "no-store" in read(customer, "fil_unknown").headers["Cache-Control"]


def test_an_upload_that_is_repeated_is_the_same_file(customer: Customer, config: Config) -> None:
    first = uploaded(customer, picture())
    path = f"{customer.path}/files"
    again = upload(customer.caller, path, picture(), token=customer.token)
    assert (again.status_code, again.json) == (200, {"file": first})
    assert len(list(config.files.iterdir())) == 2  # the picture and its preview


def test_one_that_comes_twice_at_once_is_kept_once(
    app: Flask, customer: Customer, config: Config
) -> None:
    def send(_: int) -> str:
        path = f"{customer.path}/files"
        response = upload(Caller(app), path, PDF, "a.pdf", token=customer.token)
        assert response.status_code in (200, 201), response.text
        return str((response.json or {})["file"]["id"])

    with ThreadPoolExecutor(4) as pool:
        ids = set(pool.map(send, range(4)))
    assert len(ids) == 1
    assert [path.name for path in config.files.iterdir()] == [*ids]


def test_a_message_that_is_repeated_keeps_its_files(customer: Customer) -> None:
    file = uploaded(customer, picture())
    body = {"client_id": "m", "text": "it is broken", "files": [file["id"]]}
    first, again = (
        customer.caller.post(f"{customer.path}/messages", body, token=customer.token)
        for _ in range(2)
    )
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json == again.json


def test_a_file_goes_with_one_message_only(customer: Customer) -> None:
    file = uploaded(customer, picture())
    customer.say("it is broken", files=[file["id"]])
    body = {"client_id": "again", "text": "and again", "files": [file["id"]]}
    response = customer.caller.post(f"{customer.path}/messages", body, token=customer.token)
    assert response.status_code == 422
    assert "Attach it again" in (response.json or {})["detail"]
    assert [m["text"] for m in customer.messages() if m["author"] == "customer"] == ["it is broken"]


def test_operator_sends_a_file_that_the_customer_reads(
    customer: Customer, operator: Caller
) -> None:
    ticket = customer.say("it is broken")["ticket"]["id"]
    path = f"/api/v1/tickets/{ticket}"
    form = document()
    made = upload(operator, f"{path}/files", form, "form.docx")
    assert made.status_code == 201, made.text
    file = (made.json or {})["file"]
    body = {"client_id": "r", "text": "", "files": [file["id"]]}
    sent = operator.post(f"{path}/messages", body)
    assert sent.status_code == 201, sent.text
    assert (sent.json or {})["ticket"]["last_text"] == "form.docx"
    assert customer.messages()[-1]["files"] == [file]
    assert read(customer, file["id"]).data == form


def test_a_file_of_a_note_is_for_colleagues_only(
    customer: Customer, operator: Caller, colleague: Caller
) -> None:
    ticket = customer.say("it is broken")["ticket"]["id"]
    path = f"/api/v1/tickets/{ticket}"
    file = (upload(operator, f"{path}/files", PDF, "secret.pdf").json or {})["file"]
    body = {"client_id": "n", "text": "look", "note": True, "files": [file["id"]]}
    assert operator.post(f"{path}/messages", body).status_code == 201
    assert colleague.get(f"/api/v1/files/{file['id']}").data == PDF
    assert read(customer, file["id"]).status_code == 404


# --- what no model reads -------------------------------------------------------------------------


def test_a_file_without_words_is_handed_over_unread(
    customer: Customer, operator: Caller, engines: FakeEngines
) -> None:
    engines.away = True  # nobody would notice
    file = uploaded(customer, picture(), "crack.png")
    turn = customer.say("", files=[file["id"]])
    assert turn["action"] == "handoff"
    assert "A colleague will look at this" in turn["reply"]["text"]
    ticket = operator.get(f"/api/v1/tickets/{turn['ticket']['id']}").json or {}
    assert (ticket["reason"], ticket["last_text"]) == ("only_files", "crack.png")
    trace = operator.get(f"/api/v1/messages/{turn['message']['id']}/trace").json or {}
    assert trace["reading"] is None
    assert trace["route"]["reason"] == "only_files"
    label = {"sentiment": "negative"}
    corrected = operator.post(f"/api/v1/messages/{turn['message']['id']}/correction", label)
    assert corrected.status_code == 422


def test_words_beside_a_file_are_read_as_ever(customer: Customer) -> None:
    file = uploaded(customer, picture())
    turn = customer.say("How do return parcels work?", files=[file["id"]])
    assert turn["action"] == "answer"


def test_a_file_to_a_person_stays_with_the_person(customer: Customer, operator: Caller) -> None:
    ticket = customer.say("it is broken")["ticket"]["id"]
    operator.post(f"/api/v1/tickets/{ticket}/claim")
    turn = customer.say("", files=[uploaded(customer, picture())["id"]])
    assert (turn["action"], turn["reply"], turn["ticket"]) == ("none", None, {"id": ticket})


def test_replays_and_reviews_pass_files_without_words_over(
    customer: Customer, store: Store
) -> None:
    customer.say("", files=[uploaded(customer, picture())["id"]])
    assert list(store.past_conversations("2000")) == []
    customer.say("good morning")
    (past,) = store.past_conversations("2000")
    assert [message.text for message in past.messages] == ["good morning"]
    assert [message.text for message in store.decided_messages("2000", 9)] == []
    assert store.customer_texts(9) == ["good morning"]


@pytest.mark.parametrize("body", [{"text": ""}, {"text": " ", "files": []}, {}])
def test_nothing_at_all_is_no_message(customer: Customer, body: JSON) -> None:
    path = f"{customer.path}/messages"
    response = customer.caller.post(path, {"client_id": "c", **body}, token=customer.token)
    assert response.status_code == 422
    assert (response.json or {})["errors"][0]["field"] == "text"


# --- what is taken -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "given", "kind", "kept"),
    [
        (picture("JPEG"), "invoice.pdf", "image/jpeg", "invoice.jpg"),
        (picture("GIF"), "dance.gif", "image/png", "dance.png"),
        (picture("WEBP"), "a.WEBP", "image/webp", "a.WEBP"),
        (PDF, "photo.png", "application/pdf", "photo.pdf"),
        (b"Dear all,\nhello", "page.html", "text/plain", "page.html.txt"),
        (b"a;b\n1;2\n", "table.csv", "text/plain", "table.csv"),
        (b"rm -rf /", "run", "text/plain", "run.txt"),
        (PDF, "../../etc/passwd", "application/pdf", "passwd.pdf"),
        (PDF, "..\\..\\boot.ini", "application/pdf", "boot.ini.pdf"),
        (PDF, "evil\u202efdp.exe", "application/pdf", "evilfdp.exe.pdf"),
        (PDF, "x" * 300 + ".pdf", "application/pdf", "x" * 116 + ".pdf"),
        (PDF, "", "application/pdf", "file.pdf"),
        (PDF, "<img src=x>.pdf", "application/pdf", "_img src=x_.pdf"),
    ],
)
def test_a_file_is_what_its_content_is_and_its_name_follows(
    customer: Customer, sent: bytes, given: str, kind: str, kept: str
) -> None:
    # An empty name makes a field of a form, not a file, so it is given as werkzeug sends it.
    file = uploaded(customer, sent, given or " ")
    assert (file["type"], file["name"]) == (kind, kept)


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        (PAGE, "photo.png"),
        (b"\xef\xbb\xbf\n  " + PAGE, "photo.txt"),
        (DRAWING, "drawing.svg"),
        (b"<?xml version='1.0'?>" + DRAWING, "drawing.png"),
        (b"MZ\x90\0\x03\0\0\0", "a.png"),
        (b"\x7fELF\x02", "a.pdf"),
        (b"\0\0%PDF-1.7", "late.pdf"),
        (packed(a_txt=b"a"), "a.docx"),
        (document(word__x=b"", vbaProject_bin=b"x"), "macro.docx"),
        (document("wordprocessingml.template"), "a.docx"),
        (document_cut_up(zipfile.ZIP_DEFLATED), "a.docx"),
        (document_cut_up(zipfile.ZIP_LZMA), "a.docx"),
        (open_document("Basic/Standard/Module1.xml"), "a.odt"),
        (open_document("Scripts/python/a.py"), "a.odt"),
        (b"PK\x03\x04" + b"\0" * 100, "a.docx"),
    ],
)
def test_what_is_none_of_the_kinds_is_not_taken(
    customer: Customer, config: Config, sent: bytes, name: str
) -> None:
    assert refused(customer, sent, name)["code"] == "unsupported_media_type"
    assert list(config.files.iterdir()) == []


def test_nothing_that_hides_behind_a_picture_is_served(customer: Customer) -> None:
    for at, form in enumerate(("PNG", "JPEG", "GIF", "WEBP")):
        file = uploaded(customer, picture(form) + PAGE + packed(a_txt=b"a"), "p.png", f"u-{at}")
        customer.say("it is broken", files=[file["id"]])
        for part in ("", "/preview"):
            served = read(customer, file["id"], part).data
            assert b"script" not in served
            assert b"PK\x03\x04" not in served


def test_a_photo_loses_its_position_and_keeps_its_side(customer: Customer) -> None:
    sent = photo_with_position()
    assert b"Camera of Mia" in sent
    assert b"taken at home" in sent
    file = uploaded(customer, sent, "photo.jpg")
    assert (file["width"], file["height"]) == (20, 40)  # it was turned
    customer.say("it is broken", files=[file["id"]])
    for part in ("", "/preview"):
        served = read(customer, file["id"], part).data
        image = Image.open(io.BytesIO(served))
        assert dict(image.getexif()) == {}
        assert "exif" not in image.info
        assert b"Camera of Mia" not in served
        assert b"taken at home" not in served
    above, below = (Image.open(io.BytesIO(served)).convert("RGB").getpixel((5, y)) for y in (3, 36))
    assert isinstance(above, tuple)
    assert isinstance(below, tuple)
    assert above[0] > 150 > below[0]  # red was left, and is above now


def test_a_bomb_is_refused_before_it_is_opened(customer: Customer, config: Config) -> None:
    for side in (6_000, 12_000, 60_000):
        told = refused(customer, bomb(side))
        assert told["code"] == "file_refused", told
    slow = picture("JPEG") + b"\xff\xda" * 200
    assert refused(customer, slow)["code"] == "file_refused"
    assert list(config.files.iterdir()) == []


@pytest.mark.parametrize(
    ("mode", "form", "kind"),
    [
        ("1", "PNG", "image/png"),
        ("L", "JPEG", "image/jpeg"),
        ("LA", "PNG", "image/png"),
        ("P", "GIF", "image/png"),
        ("RGBA", "PNG", "image/png"),
        ("RGBA", "WEBP", "image/webp"),
        ("CMYK", "JPEG", "image/jpeg"),
        ("I;16", "PNG", "image/png"),
    ],
)
def test_pictures_of_every_make_are_shown(
    customer: Customer, mode: str, form: str, kind: str
) -> None:
    written = io.BytesIO()
    shade: Any = {"1": 1, "I;16": 0x8000, "LA": (128, 255), "CMYK": (0, 0, 0, 127)}.get(mode, 128)
    if mode in ("RGBA", "P"):
        shade = (128, 128, 128, 255)[: len(mode) if mode == "RGBA" else 3]
    Image.new(mode, (30, 20), shade).save(written, form)
    file = uploaded(customer, written.getvalue())
    assert (file["type"], file["width"], file["height"]) == (kind, 30, 20)
    customer.say("it is broken", files=[file["id"]])
    served = Image.open(io.BytesIO(read(customer, file["id"]).data)).convert("L")
    seen = served.getpixel((15, 10))
    assert isinstance(seen, int)
    assert abs(seen - (255 if mode == "1" else 128)) <= 2


@pytest.mark.parametrize("head", [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a"])
def test_what_only_begins_as_a_picture_is_refused(customer: Customer, head: bytes) -> None:
    assert refused(customer, head + b"hello")["code"] == "file_refused"


def test_a_sound_photo_is_taken_whatever_its_camera_says(customer: Customer) -> None:
    file = uploaded(customer, photo_that_says_oddly_how_it_lies(), "photo.jpg")
    assert (file["width"], file["height"]) == (20, 40)


@pytest.mark.parametrize("way", range(1, 9))
def test_a_photo_is_turned_as_it_was_taken(customer: Customer, way: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = way
    file = uploaded(customer, picture("PNG", exif=exif))
    customer.say("it is broken", files=[file["id"]])
    image = Image.open(io.BytesIO(read(customer, file["id"]).data)).convert("RGB")
    width, height = image.size
    where = {"left": (2, 10), "right": (width - 3, 10), "top": (10, 2), "bottom": (10, height - 3)}
    expected = ("left", "right", "right", "left", "top", "top", "bottom", "bottom")[way - 1]
    assert image.getpixel(where[expected]) == (255, 0, 0)
    assert (width > height) == (way < 5)


def test_an_open_document_is_taken(customer: Customer) -> None:
    assert uploaded(customer, open_document(), "a.odt")["name"] == "a.odt"


def test_a_zip_whose_end_lies_about_its_contents_is_not_read(
    customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = bytearray(document())
    content[-22 + 12 : -22 + 16] = (2_000_000).to_bytes(4, "little")  # bytes of its contents
    content[-22 + 4 : -22 + 8] = b"PK\x05\x06"  # as if the end began here

    def never(*_: object) -> None:
        raise AssertionError("it was opened")

    monkeypatch.setattr(zipfile, "ZipFile", never)
    assert refused(customer, bytes(content), "a.docx")["code"] == "unsupported_media_type"


def test_a_picture_that_is_cut_short_is_refused(customer: Customer) -> None:
    whole = picture("JPEG", size=(400, 400), quality=95)
    assert refused(customer, whole[: len(whole) // 2])["code"] == "file_refused"
    assert refused(customer, b"")["code"] == "file_refused"


# --- limits --------------------------------------------------------------------------------------


def test_a_file_that_is_too_large_is_not_read(customer: Customer, app: Flask) -> None:
    configure(app, file_bytes=5_000)
    assert refused(customer, b"x" * 5_001, "a.txt")["code"] == "too_large"
    assert refused(customer, b"x" * 50_000, "a.txt")["code"] == "too_large"
    uploaded(customer, b"x" * 5_000, "a.txt")


def test_an_upload_of_unknown_length_is_refused(customer: Customer) -> None:
    path = f"{customer.path}/files"
    response = upload(
        customer.caller, path, PDF, token=customer.token, headers={"Transfer-Encoding": "chunked"}
    )
    assert response.status_code == 413


def test_a_conversation_and_a_day_have_a_limit(
    customer: Customer, stranger: Customer, operator: Caller, app: Flask, store: Store
) -> None:
    configure(app, file_bytes_conversation=1_000, file_bytes_day=1_500)
    uploaded(customer, b"x" * 900, "a.txt", "u-0")
    told = refused(customer, b"x" * 200, "b.txt")
    assert told["code"] == "conversation_full"
    uploaded(stranger, b"x" * 500, "c.txt", "u-0")
    assert refused(stranger, b"x" * 200, "d.txt")["code"] == "too_many_requests"
    ticket = customer.say("it is broken")["ticket"]["id"]
    made = upload(operator, f"/api/v1/tickets/{ticket}/files", b"x" * 900, "e.txt")
    assert made.status_code == 201  # operators are not strangers
    store._clock = lambda: datetime.now(UTC) + timedelta(hours=25)  # type: ignore[attr-defined]
    uploaded(stranger, b"x" * 200, "d.txt", "u-3")


def test_a_message_takes_only_so_many(customer: Customer, app: Flask) -> None:
    configure(app, files_per_message=2)
    ids = [uploaded(customer, PDF, "a.pdf", f"u-{n}")["id"] for n in range(3)]
    body = {"client_id": "m", "text": "it is broken", "files": ids}
    response = customer.caller.post(f"{customer.path}/messages", body, token=customer.token)
    assert response.status_code == 422
    assert "at most 2 files" in (response.json or {})["detail"]


def test_kinds_are_a_setting(customer: Customer, app: Flask) -> None:
    configure(app, file_types="image/png, application/zip")
    assert refused(customer, PDF, "a.pdf")["code"] == "unsupported_media_type"
    assert uploaded(customer, packed(a_txt=b"a"), "a.docx")["name"] == "a.zip"


def test_an_admin_switches_customers_files_off(
    customer: Customer, admin: Caller, client: Caller, operator: Caller
) -> None:
    site = client.get("/api/v1/site").json or {}
    assert site["files"]["bytes"] == 10_000_000
    settings = admin.get("/api/v1/settings").json or {}
    body = {n: settings[n] for n in ("name", "welcome", "suggested", "color", "theme")}
    assert admin.put("/api/v1/settings", {**body, "files": False}).status_code == 200
    assert (client.get("/api/v1/site").json or {})["files"] is None
    assert refused(customer, PDF, "a.pdf")["code"] == "files_off"
    ticket = customer.say("it is broken")["ticket"]["id"]
    made = upload(operator, f"/api/v1/tickets/{ticket}/files", PDF, "e.pdf")
    assert made.status_code == 201


def test_saving_the_site_without_a_word_of_files_leaves_them_off(
    admin: Caller, client: Caller
) -> None:
    assert admin.put("/api/v1/settings", {"name": "Moor", "files": False}).status_code == 200
    assert admin.put("/api/v1/settings", {"name": "Moor & Co"}).status_code == 200
    assert (client.get("/api/v1/site").json or {})["files"] is None


def test_few_wait_for_a_place_and_the_next_is_told_so_at_once(
    customer: Customer, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    uploads = parts_of(app).uploads
    for _ in range(receiving.AT_ONCE):
        assert uploads._places.acquire(blocking=False)
    for _ in range(receiving.MOST_WAITING):
        assert uploads._waiting.acquire(blocking=False)
    assert refused(customer, PDF, "a.pdf")["code"] == "busy"  # WAIT_SECONDS would be noticed
    uploads._waiting.release()
    free = threading.Timer(0.05, uploads._places.release)
    free.start()
    uploaded(customer, PDF, "a.pdf")
    free.join()
    assert uploads._waiting.acquire(blocking=False)  # who waited waits no more


# --- strangers -----------------------------------------------------------------------------------


def test_nobody_gets_at_the_file_of_another_conversation(
    client: Caller, customer: Customer, stranger: Customer
) -> None:
    file = uploaded(customer, PDF, "a.pdf")
    customer.say("it is broken", files=[file["id"]])
    for part in ("", "/preview"):
        own = f"/api/v1/files/{file['id']}{part}"
        assert client.get(own).status_code == 401
        assert client.get(own, token=customer.token).status_code == 401
        assert read(stranger, file["id"], part).status_code == 404
        theirs = f"{customer.path}/files/{file['id']}{part}"
        assert client.get(theirs, token=stranger.token).status_code == 401
        assert client.get(theirs).status_code == 401
        assert client.get(f"{theirs}?token={customer.token}").status_code == 401


def test_nobody_sends_what_another_has_uploaded(
    customer: Customer, stranger: Customer, operator: Caller, colleague: Caller
) -> None:
    waiting = uploaded(customer, PDF, "a.pdf")["id"]
    ticket = stranger.say("it is broken")["ticket"]["id"]
    path = f"/api/v1/tickets/{ticket}"
    file = (upload(operator, f"{path}/files", PDF, "b.pdf").json or {})["file"]["id"]
    for caller, where, token, stolen in (
        (stranger.caller, f"{stranger.path}/messages", stranger.token, waiting),
        (stranger.caller, f"{stranger.path}/messages", stranger.token, file),
        (colleague, f"{path}/messages", None, file),
        (colleague, f"{path}/messages", None, waiting),
    ):
        body = {"client_id": "m", "text": "mine", "files": [stolen]}
        response = caller.post(where, body, token=token)
        assert response.status_code == 422, response.text


def test_what_is_not_sent_nobody_reads(customer: Customer, operator: Caller) -> None:
    file = uploaded(customer, PDF, "a.pdf")["id"]
    assert read(customer, file).status_code == 404
    assert operator.get(f"/api/v1/files/{file}").status_code == 404


def test_uploads_need_the_token_and_an_operators_own_pages(
    client: Caller, customer: Customer, stranger: Customer, operator: Caller
) -> None:
    path = f"{customer.path}/files"
    assert upload(client, path, PDF).status_code == 401
    assert upload(client, path, PDF, token=stranger.token).status_code == 401
    ticket = customer.say("it is broken")["ticket"]["id"]
    path = f"/api/v1/tickets/{ticket}/files"
    assert upload(client, path, PDF, token=customer.token).status_code == 401
    elsewhere = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    assert upload(operator, path, PDF, headers=elsewhere).status_code == 403


@pytest.mark.parametrize("name", ["..%2f..%2fdesk.db", "fil_..", "desk.db", "fil_" + "a" * 500])
def test_no_path_leads_out_of_the_shelf(customer: Customer, operator: Caller, name: str) -> None:
    for path in (f"{customer.path}/files/{name}", f"/api/v1/files/{name}"):
        response = operator.client.get(path, headers={"Authorization": f"Bearer {customer.token}"})
        assert response.status_code in (401, 404)
    assert operator.client.get(f"/api/v1/files/{name}").status_code == 404


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"client_id": "c"}, "file"),
        ({"client_id": "", "file": (io.BytesIO(PDF), "a.pdf")}, "client_id"),
        ({"client_id": "a\0b", "file": (io.BytesIO(PDF), "a.pdf")}, "client_id"),
        ({"file": (io.BytesIO(PDF), "a.pdf")}, "client_id"),
        ({"client_id": "c", "more": "x", "file": (io.BytesIO(PDF), "a.pdf")}, "more"),
    ],
)
def test_a_form_that_is_wrong_names_its_field(customer: Customer, form: Any, field: str) -> None:
    response = customer.caller.call(
        "POST",
        f"{customer.path}/files",
        data=form,
        content_type="multipart/form-data",
        token=customer.token,
    )
    assert response.status_code == 422
    assert field in (response.json or {})["detail"]


# --- the scanner ---------------------------------------------------------------------------------


def scanner(tmp_path: Path, script: str) -> str:
    path = tmp_path / "scanner.py"
    path.write_text(f"import os, sys, time\n{script}\n")
    return f"{sys.executable} {path}"


def test_a_scanner_sees_the_file_as_it_came_and_nothing_else(
    customer: Customer, app: Flask, tmp_path: Path
) -> None:
    seen = tmp_path / "seen"
    script = f"open({str(seen)!r}, 'wb').write(open(sys.argv[1], 'rb').read())\n"
    script += f"open({str(seen)!r} + '-names', 'w').write(' '.join(os.environ))"
    configure(app, file_scanner=scanner(tmp_path, script))
    uploaded(customer, photo_with_position(), "a.jpg")
    assert seen.read_bytes() == photo_with_position()
    assert "FRONTDESK" not in (tmp_path / "seen-names").read_text()


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ("sys.exit(1)", "file_refused"),
        ("sys.exit(2)", "file_unchecked"),
        ("os.abort()", "file_unchecked"),
        ("time.sleep(60)", "file_unchecked"),
    ],
)
def test_what_a_scanner_does_not_find_clean_nobody_gets(
    customer: Customer, app: Flask, tmp_path: Path, config: Config, script: str, code: str
) -> None:
    configure(app, file_scanner=scanner(tmp_path, script), file_scan_seconds=1.0)
    assert refused(customer, PDF, "a.pdf")["code"] == code
    assert list(config.files.iterdir()) == []
    configure(app, file_scanner="")
    uploaded(customer, PDF, "a.pdf")  # the same id, now that it can be


def test_a_scanner_that_is_not_there_has_not_said_that_it_is_clean(
    customer: Customer, app: Flask
) -> None:
    configure(app, file_scanner="/no/such/scanner --fast")
    assert refused(customer, PDF, "a.pdf")["code"] == "file_unchecked"


def test_a_scanner_that_cannot_be_killed_has_not_said_that_it_is_clean(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kill = os.killpg

    def refuse(group: int, signal: int) -> None:
        kill(group, signal)  # so that the test leaves nothing behind
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "killpg", refuse)
    (tmp_path / "a").write_bytes(b"x")
    with pytest.raises(FileUnchecked):
        require_clean(scanner(tmp_path, "time.sleep(60)"), 0.1, tmp_path / "a")


# --- on disk -------------------------------------------------------------------------------------


def test_files_lie_in_the_home_for_the_desk_alone(customer: Customer, config: Config) -> None:
    file = uploaded(customer, picture(), "../../../../tmp/x.png")
    names = {path.name for path in config.files.iterdir()}
    assert names == {file["id"], f"{file['id']}.preview"}
    assert stat.S_IMODE(config.files.stat().st_mode) == 0o700
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in config.files.iterdir())


def test_what_nobody_sends_goes_after_a_day(
    customer: Customer, config: Config, store: Store, app: Flask
) -> None:
    sent = uploaded(customer, PDF, "a.pdf", "u-1")["id"]
    customer.say("it is broken", files=[sent])
    store._clock = lambda: datetime.now(UTC) - timedelta(hours=25)  # type: ignore[attr-defined]
    old = uploaded(customer, PDF, "b.pdf", "u-2")["id"]
    store._clock = lambda: datetime.now(UTC)  # type: ignore[attr-defined]
    fresh = uploaded(customer, PDF, "c.pdf", "u-3")["id"]
    orphan, cut = config.files / ("fil_" + "0" * 32), config.files / ".arriving-x"
    cut.mkdir()
    for path in (orphan, cut / "came"):
        path.write_bytes(b"x")
    for path in (orphan, cut, config.files / sent):
        os.utime(path, (1, 1))
    sweep(store, parts_of(app).uploads.shelf)
    assert {path.name for path in config.files.iterdir()} == {sent, fresh, orphan.name, cut.name}
    sweep_remains(store, parts_of(app).uploads.shelf)
    assert {path.name for path in config.files.iterdir()} == {sent, fresh}
    body = {"client_id": "late", "text": "it is broken", "files": [old]}
    response = customer.caller.post(f"{customer.path}/messages", body, token=customer.token)
    assert response.status_code == 422


def test_a_file_whose_bytes_are_gone_is_not_found(customer: Customer, app: Flask) -> None:
    file = uploaded(customer, PDF, "a.pdf")["id"]
    customer.say("it is broken", files=[file])
    parts_of(app).uploads.shelf.remove([file])
    response = read(customer, file)
    assert response.status_code == 404
    assert "no longer here" in (response.json or {})["detail"]


def test_a_disk_that_is_full_is_said_so(
    customer: Customer, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(parts_of(app).uploads.shelf, "keep", full)
    assert refused(customer, PDF, "a.pdf")["code"] == "store_away"


def test_nothing_is_taken_when_the_disk_is_nearly_full(
    customer: Customer, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    total = shutil.disk_usage(config.home)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: total._replace(free=RESERVE - 1))
    assert refused(customer, PDF, "a.pdf")["code"] == "store_away"
    assert list(config.files.iterdir()) == []


def test_a_folder_for_what_arrives_that_is_full_is_said_so(
    customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("werkzeug.wrappers.Request._get_file_stream", full)
    assert refused(customer, PDF, "a.pdf")["code"] == "store_away"


# --- the whole desk ------------------------------------------------------------------------------


def test_erasing_a_customer_takes_his_files_from_disk(
    client: Caller, config: Config, store: Store, stranger: Customer
) -> None:
    customer = start(client, customer={"email": "mia@example.com"})
    sent = uploaded(customer, picture(), "a.png", "u-1")["id"]
    waiting = uploaded(customer, PDF, "b.pdf", "u-2")["id"]
    customer.say("it is broken", files=[sent])
    kept = uploaded(stranger, PDF, "c.pdf")["id"]
    # click keeps the help option that a command was first called with.
    options = {"obj": config, "help_option_names": ["-h", "--help"]}
    done = CliRunner().invoke(erase, ["mia@example.com", "--yes", "--json"], **options)
    assert done.exit_code == 0, (done.output, done.exception)
    assert orjson.loads(done.stdout)["counts"]["files"] == 2
    assert {path.name for path in config.files.iterdir()} == {kept}
    assert store.known_files([sent, waiting, kept]) == {kept}
    assert store.gone_files(9) == []


def test_a_backup_takes_files_along_and_a_restore_puts_them_in_the_place_of_others(
    customer: Customer, config: Config, store: Store, tmp_path: Path
) -> None:
    file = uploaded(customer, picture())["id"]
    customer.say("it is broken", files=[file])
    content = {path.name: path.read_bytes() for path in config.files.iterdir()}
    (config.files / ("fil_" + "0" * 32)).write_bytes(b"of no desk")
    path, manifest = back_up(config, store, tmp_path / "desk.tar.gz")
    assert {f"files/{name}" for name in content} <= set(manifest.members)
    assert sum(name.startswith("files/") for name in manifest.members) == 2
    elsewhere = config.model_copy(update={"home": tmp_path / "elsewhere"})
    elsewhere.files.mkdir(parents=True)
    (elsewhere.files / "fil_other").write_bytes(b"of the desk that was there")
    done = restore(elsewhere, path, replace=True)
    assert {path.name: path.read_bytes() for path in elsewhere.files.iterdir()} == content
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in elsewhere.files.iterdir())
    assert done.kept_aside
    assert (done.kept_aside / "files" / "fil_other").is_file()


def test_a_restore_without_files_leaves_none_of_another_desk(
    config: Config, store: Store, tmp_path: Path
) -> None:
    path, _ = back_up(config, store, tmp_path / "desk.tar.gz")
    elsewhere = config.model_copy(update={"home": tmp_path / "elsewhere"})
    elsewhere.files.mkdir(parents=True)
    (elsewhere.files / "fil_other").write_bytes(b"x")
    restore(elsewhere, path, replace=True)
    assert list(elsewhere.files.iterdir()) == []


def test_a_file_that_is_erased_during_a_backup_is_said_so(
    customer: Customer, config: Config, store: Store, tmp_path: Path, app: Flask
) -> None:
    file = uploaded(customer, PDF, "a.pdf")["id"]
    customer.say("it is broken", files=[file])
    shelf = parts_of(app).uploads.shelf
    real = backup._write

    def erased_meanwhile(*arguments: Any) -> None:
        shelf.remove([file])
        real(*arguments)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(backup, "_write", erased_meanwhile)
        with pytest.raises(StoreError, match="removed while it was copied; try again"):
            back_up(config, store, tmp_path / "desk.tar.gz")


def test_a_backup_leaves_out_what_is_not_sent(
    customer: Customer, config: Config, store: Store, tmp_path: Path, app: Flask
) -> None:
    file = uploaded(customer, PDF, "a.pdf")["id"]
    shelf = parts_of(app).uploads.shelf
    real = backup._write

    def swept_meanwhile(*arguments: Any) -> None:
        shelf.remove([file])  # its day was over
        real(*arguments)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(backup, "_write", swept_meanwhile)
        path, manifest = back_up(config, store, tmp_path / "desk.tar.gz")
    assert list(manifest.members) == ["desk.db"]
    elsewhere = config.model_copy(update={"home": tmp_path / "elsewhere"})
    restore(elsewhere, path)
    with closing(SqliteStore.open(elsewhere.database)) as restored:
        assert restored.known_files([file]) == set()
        assert restored.gone_files(9) == []
    assert store.known_files([file]) == {file}


def test_a_file_that_is_lost_from_disk_is_named_by_the_backup(
    customer: Customer, config: Config, store: Store, tmp_path: Path
) -> None:
    lost, kept = (uploaded(customer, PDF, "a.pdf", f"u-{n}")["id"] for n in range(2))
    customer.say("it is broken", files=[lost, kept])
    (config.files / lost).unlink()
    _, manifest = back_up(config, store, tmp_path / "desk.tar.gz")
    assert manifest.missing == (lost,)
    assert set(manifest.members) == {"desk.db", f"files/{kept}"}


def test_a_customer_who_is_erased_during_a_backup_is_not_in_it_by_half(
    customer: Customer, config: Config, store: Store, tmp_path: Path, app: Flask
) -> None:
    file = uploaded(customer, PDF, "a.pdf")["id"]
    customer.say("it is broken", files=[file])
    real = backup._missing

    def erased_meanwhile(*arguments: Any) -> Any:
        store.erase(customer.conversation, "test")
        parts_of(app).uploads.shelf.remove([file])
        return real(*arguments)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(backup, "_missing", erased_meanwhile)
        with pytest.raises(StoreError, match="erased while the desk was copied; try again"):
            back_up(config, store, tmp_path / "desk.tar.gz")


def test_merged_tickets_keep_their_files(client: Caller, operator: Caller) -> None:
    signed = hmac.new(SECRET.encode(), b"mia", hashlib.sha256).hexdigest()
    mia = {"identifier": "mia", "identifier_hash": signed}
    one, other = (start(client, customer=mia) for _ in range(2))
    file = uploaded(one, PDF, "a.pdf")
    first = one.say("it is broken", files=[file["id"]])["ticket"]["id"]
    second = other.say("it is broken")["ticket"]["id"]
    merged = operator.post(f"/api/v1/tickets/{first}/merge", {"into": second})
    assert merged.status_code == 200, merged.text
    past = operator.get(f"/api/v1/tickets/{second}/past/{one.conversation}").json or {}
    assert [m["files"] for m in past["messages"] if m["author"] == "customer"] == [[file]]
    assert operator.get(f"/api/v1/files/{file['id']}").data == PDF


def test_an_old_database_gets_files_and_keeps_its_messages(tmp_path: Path) -> None:
    path = tmp_path / "desk.db"
    with closing(SqliteStore.open(path)) as store:
        conversation, _ = store.create_conversation()
        store.record_turn(draft(conversation.id))
    with closing(sqlite3.connect(path)) as db, db:
        db.executescript("DROP TABLE file; DROP TABLE file_gone;")
        db.execute("DELETE FROM _sqlite_migrations WHERE name = 'm014_files'")
    with closing(SqliteStore.open(path)) as store:
        assert [m.files for m in store.messages(conversation.id)] == [(), ()]
        store.add_file(FileDraft("fil_1", conversation.id, "u", "a", "text/plain", 1))
        store.erase(conversation.id, "test")
        assert store.gone_files(9) == ["fil_1"]
