"""What each role may: the one place that says so.

Roles rise: who has one may do all that the ones before may. Asked by the web, which guards every
route by the least role that may call it, and shown to admins who give roles.
"""

from collections.abc import Mapping
from typing import get_args

from service.records.people import Role

ROLES: tuple[Role, ...] = get_args(Role)  # rising

MAY: Mapping[Role, str] = {
    "operator": "Answers customers: tickets, labels, the review queue, content, reports; looks at "
    "releases and nights.",
    "lead": "Besides: sees the figures of trials and how often everybody is contradicted, and "
    "decides about the tickets of others; shared views, tags, business hours, and how soon "
    "the desk replies.",
    "admin": "Besides: releases and trials, people, everybody's tokens, the site's settings, "
    "webhooks, the audit log.",
}


def may(role: Role, least: Role) -> bool:
    """Whether who has ``role`` may do what takes at least ``least``."""
    return ROLES.index(role) >= ROLES.index(least)
