"""JSON schemas of what the API returns, by the names that views use in ``operation``.

Read by ``service.web.openapi``; a test holds real responses against them. Where what is:

- ``table``: all of them
- ``schema``: what schemas are made of; ``shared``: small ones that several subjects have in common
- ``conversations``, ``site``: what the widget gets, and the site's settings
- ``accounts``, ``webhooks``: people who work here, and other systems that hear of events
- ``tickets``, ``inbox``, ``labels``, ``traces``: what operators work with
- ``content``, ``review``: what people write for the desk, and what waits to be decided
- ``alarms``, ``releases``, ``reports``: what is watched and measured
"""
