"""What the desk needs from storage, by subject: the parts of ``service.store.Store``.

Every method that writes does so in one transaction that also appends the events telling of it, and
returns after the commit is durable. Unknown ids raise ``NotFound``. No method holds a
transaction across a call that it did not make itself. Stores never call a model or the network.

Where they are:

- ``conversations``, ``files``: what customers say and send; messages, events, traces
- ``tickets``, ``inbox``, ``waiting``: what operators handle and keep, and whoever waits for them
- ``review``, ``content``: what waits to be decided, and what people write for the desk
- ``accounts``: who works here, and who did what
- ``erasures``: forgetting customers
- ``alarms``, ``trials``, ``webhooks``: what is watched, tried, and told to other systems
"""
