"""The one error of this room. Callers in `service` turn it into their own."""


class ReleaseError(Exception):
    """A release or an encoder cannot be used; the message names what is missing or damaged."""
