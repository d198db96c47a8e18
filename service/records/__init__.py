"""The desk's records: what the store keeps and the rest of the service speaks of.

Plain frozen dataclasses; times are UTC ISO 8601 strings. They hold no behaviour beyond small
derived properties, and never touch storage or HTTP. Where they are:

- ``words``: who speaks, what the desk does, states; shared by the rest
- ``settings``, ``content``: what people write for a desk
- ``people``: customers, operators, who is there right now
- ``conversations``, ``turns``: what is said, and what the desk makes of it
- ``tickets``, ``waiting``: what operators handle, and what customers may expect meanwhile
- ``labels``, ``proposals``: what operators say that messages were, and what waits to be decided
- ``alarms``, ``trials``: what is watched
- ``past``: what was said some time ago, and what became of it
- ``storage``: what a copy of the store holds, and what was erased from it
"""
