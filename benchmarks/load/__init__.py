"""How many turns a second the server carries, beside what others make of the same encoder."""
