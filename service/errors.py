"""The one small tree of errors; ``service.web.problems`` turns them into problem+json.

Raise the most specific one with a message that names the field, file or id at fault.
"""


class DeskError(Exception):
    """Something that the caller did or asked for cannot be done; safe to show."""

    status = 400
    code = "bad_request"

    def __init__(self, message: str, **detail: object) -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail


class InvalidInput(DeskError):
    """A value is malformed; ``field`` in the detail names it."""

    status = 422
    code = "invalid_input"


class Unauthorized(DeskError):
    """No credentials, or wrong ones."""

    status = 401
    code = "unauthorized"


class TotpNeeded(Unauthorized):
    """The password was right; the account wants a code of its second factor, too."""

    code = "totp_needed"


class TotpWrong(Unauthorized):
    """The password was right, and the code is wrong or was used before."""

    code = "totp_wrong"


class Forbidden(DeskError):
    """Known, but not allowed."""

    status = 403
    code = "forbidden"


class NotFound(DeskError):
    """No such thing, or not one that the caller may know of."""

    status = 404
    code = "not_found"


class Conflict(DeskError):
    """Somebody else was first, or the state does not allow it."""

    status = 409
    code = "conflict"


class Edited(Conflict):
    """Somebody else saved it meanwhile; ``current`` in the detail is what stands now."""

    code = "edited"


class TooLarge(DeskError):
    """More than the desk accepts at once."""

    status = 413
    code = "too_large"


class ConversationFull(TooLarge):
    """The files of one conversation have come to their limit."""

    code = "conversation_full"


class FileRefused(DeskError):
    """A file that is broken, made to do harm, or that a scanner does not let pass."""

    status = 422
    code = "file_refused"


class FileUnchecked(DeskError):
    """Nobody can say at the moment whether a file is clean, so nobody gets it."""

    status = 503
    code = "file_unchecked"


class FilesOff(Forbidden):
    """Customers may not send files here."""

    code = "files_off"


class TooMany(DeskError):
    """Too often; try again later."""

    status = 429
    code = "too_many_requests"


class EngineAway(DeskError):
    """No model can read at the moment: none is trained, or its process is away."""

    status = 503
    code = "engine_away"


class EngineChanged(EngineAway):
    """The engine in hand was replaced a while ago: take the current one."""


class EngineBusy(EngineAway):
    """The model is there and had no time."""


class ContentError(DeskError):
    """A content file is broken; the message names the file, the line or the field."""

    status = 422
    code = "invalid_content"


class ConfigError(DeskError):
    """A setting is unknown or malformed."""

    status = 500
    code = "invalid_config"


class UnsupportedMedia(DeskError):
    """The body is not JSON by its content type, or a file is of a kind that is not taken."""

    status = 415
    code = "unsupported_media_type"


class Busy(DeskError):
    """More at once than the desk can carry."""

    status = 503
    code = "busy"


class StoreError(DeskError):
    """The storage cannot be read or written: away, locked, full, or not a database."""

    status = 503
    code = "store_away"
