"""Content from and for other systems: a module a format, each with ``read`` and ``write``."""
