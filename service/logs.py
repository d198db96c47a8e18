"""How the processes of a server log. Called once a process, by who starts it."""

import logging
import sys

FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def start_logging(level: str) -> None:
    """Log to stderr from this level on."""
    logging.basicConfig(level=level.upper(), stream=sys.stderr, format=FORMAT)
