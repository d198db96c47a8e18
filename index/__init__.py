"""Text to reading to nearest templates: a pure library without HTTP, storage or environment."""
