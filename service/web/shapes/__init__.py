"""Records as the JSON that the API speaks: the shapes that docs/api.md and OpenAPI tell.

Pure functions, but for the present time in words; what a customer may see and what only operators
may see is decided here. Called by the blueprints; `service.web.responses` has the schemas, in files
of much the same names:

- ``conversations``: messages and files, for customers and for operators
- ``tickets``, ``inbox``, ``labels``: what operators work with
- ``accounts``, ``webhooks``, ``alarms``: people who work here, other systems, what is watched
- ``events``: what the streams tell
"""
