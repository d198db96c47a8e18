"""`make bench-understanding`: what the desk understands, on public sets, against the goals set."""
