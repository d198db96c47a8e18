"""The schema and its history; ``SqliteStore.open`` applies what is missing, under a lock.

A migration that was released is never edited: write another one, and name it at the end of
``order``, which says in what order a database takes them. Times are UTC ISO 8601 text of one width,
so that they compare as text. Removing a conversation removes everything that was said in it. All
that is missing is one transaction, which ``Database.executescript`` keeps open (sqlite-utils from
4.0; ``sqlite3``'s own would commit it).
"""
