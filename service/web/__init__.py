"""The HTTP edge: blueprints that turn requests into calls of the desk and the store."""
