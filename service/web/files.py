"""Files: customers and operators upload them, then a message takes them along; and both read them.

Two steps, so that a message is never half there: an upload nobody refers to is seen by nobody and
goes after a day. Serves bytes as what the desk has found them to be, and so that no browser runs
anything in them; no address holds a token or a name.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, g, request

from service.errors import FilesOff, InvalidInput, StoreError, TooLarge, UnsupportedMedia
from service.records.conversations import File
from service.uploads.pictures import PREVIEW_TYPE
from service.web.context import (
    authorized_conversation,
    operator_required,
    parts,
    written_conversation,
)
from service.web.inputs.conversations import NewFile
from service.web.inputs.parsing import checked
from service.web.operations import operation
from service.web.shapes.conversations import file_json

blueprint = Blueprint("files", __name__, url_prefix="/api/v1")

Json = dict[str, Any]
ENVELOPE = 20_000  # bytes of a form around its file
PIECE = 1 << 18
LOCKED = "sandbox; default-src 'none'; frame-ancestors 'none'"
KEPT = "private, no-cache"  # by one browser, which asks each time whether it may still be shown


@blueprint.post("/conversations/<conversation_id>/files")
@operation(
    "Upload a file for the next message; the same client_id again returns the first one.",
    upload=NewFile,
    returns={201: "Uploaded", 200: "Uploaded"},
    auth="conversation",
)
def upload_file(conversation_id: str) -> tuple[Json, int]:
    conversation = written_conversation(conversation_id)
    if not parts().site.takes_files:
        raise FilesOff("Customers cannot send files here.")
    return _received(conversation.id, None)


@blueprint.get("/conversations/<conversation_id>/files/<file_id>")
@operation("A file of a message.", returns={200: "Bytes"}, auth="conversation")
def read_file(conversation_id: str, file_id: str) -> Response:
    conversation = authorized_conversation(conversation_id)
    return _served(parts().store.sent_file(file_id, conversation.id))


@blueprint.get("/conversations/<conversation_id>/files/<file_id>/preview")
@operation("A picture, small.", returns={200: "Bytes"}, auth="conversation")
def read_preview(conversation_id: str, file_id: str) -> Response:
    conversation = authorized_conversation(conversation_id)
    return _served(parts().store.sent_file(file_id, conversation.id), preview=True)


@blueprint.post("/tickets/<ticket_id>/files")
@operation(
    "Upload a file for a reply or a note.",
    upload=NewFile,
    returns={201: "Uploaded", 200: "Uploaded"},
    auth="operator",
)
@operator_required
def upload_operator_file(ticket_id: str) -> tuple[Json, int]:
    return _received(parts().store.ticket(ticket_id).conversation_id, g.operator.id)


@blueprint.get("/files/<file_id>")
@operation("A file of any message.", returns={200: "Bytes"}, auth="operator")
@operator_required
def read_any_file(file_id: str) -> Response:
    return _served(parts().store.sent_file(file_id))


@blueprint.get("/files/<file_id>/preview")
@operation("A picture of any message, small.", returns={200: "Bytes"}, auth="operator")
@operator_required
def read_any_preview(file_id: str) -> Response:
    return _served(parts().store.sent_file(file_id), preview=True)


def _received(conversation_id: str, operator_id: str | None) -> tuple[Json, int]:
    most = parts().config.file_bytes
    if request.mimetype != "multipart/form-data":
        raise UnsupportedMedia("Send the file as multipart/form-data, with client_id and file.")
    # Beyond that nothing of it is read. Without a length it would be read in vain, too.
    if request.content_length is None or request.content_length > most + ENVELOPE:
        raise TooLarge(f"A file may have at most {most / 1e6:g} MB.", most=most)
    request.max_content_length = most + ENVELOPE
    request.max_form_parts = 4
    try:  # what is larger than half a megabyte lies in TMPDIR meanwhile
        form, sent = request.form.to_dict(), request.files.get("file")
    except OSError as error:
        raise StoreError(f"The file cannot be kept: {error.strerror}.") from None
    body = checked(NewFile, form)
    if sent is None:
        raise InvalidInput("file: is missing.", field="file")
    file, repeated = parts().uploads.receive(
        sent.stream,  # type: ignore[arg-type]
        sent.filename or "",
        conversation_id=conversation_id,
        client_id=body.client_id,
        operator_id=operator_id,
    )
    return {"file": file_json(file)}, 200 if repeated else 201


def _served(file: File, *, preview: bool = False) -> Response:
    """The bytes. Only pictures that the desk has written itself are shown where they are opened."""
    path = parts().uploads.shelf.path(file.id, preview=preview)
    response = Response(_pieces(path), mimetype=PREVIEW_TYPE if preview else file.type)
    response.content_length = path.stat().st_size
    how = "inline" if file.width is not None else "attachment"
    headers = response.headers
    headers["Content-Disposition"] = f"{how}; filename*=UTF-8''{quote(file.name, safe='')}"
    headers["Content-Security-Policy"] = LOCKED
    headers["Cache-Control"] = KEPT
    response.set_etag(f"{file.id}-{'preview' if preview else 'whole'}")  # always the same bytes
    response.make_conditional(request)
    return response


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            yield piece
