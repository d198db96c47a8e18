"""``python -m service`` is the command ``frontdesk``."""

from service.cli import main

main()
