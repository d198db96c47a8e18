"""Whether the server stays as it is after an hour of steady load."""
