"""The desk: chat API, router, store, console and widget."""
