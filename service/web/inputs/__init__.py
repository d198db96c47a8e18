"""What requests may carry: one model per body, and the functions that read it.

Used by the blueprints and by the OpenAPI document. Unknown fields and wrong types are refused with
the field's name; nothing here touches the store. Where what is:

- ``parsing``: reads a body or a query parameter of the request at hand
- ``body``: the base of all bodies, and fields that several of them carry
- ``conversations``: what customers send
- ``accounts``, ``site``, ``promises``, ``webhooks``: people who work here, and settings
- ``tickets``, ``inbox``: what operators do and keep
- ``content``, ``learning``: what people write for the desk, and what it learns by
"""
