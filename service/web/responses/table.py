"""All named schemas as one table, in the order in which the OpenAPI document has them.

A subject's table is in its file; what stands here by itself has its place between two of them.
"""

from service.web.responses import (
    accounts,
    alarms,
    content,
    conversations,
    inbox,
    labels,
    releases,
    reports,
    review,
    shared,
    site,
    tickets,
    traces,
    webhooks,
)
from service.web.responses.schema import Schema

SCHEMAS: dict[str, Schema] = {
    "Problem": shared.PROBLEM,
    "Conversation": conversations.CONVERSATION,
    "File": conversations.FILE,
    "Message": conversations.MESSAGE,
    "Ticket": tickets.TICKET,
    "Site": site.SITE,
    **conversations.SCHEMAS,
    **accounts.SCHEMAS,
    "SiteSettings": site.SITE_SETTINGS,
    **webhooks.SCHEMAS,
    "AuditLog": accounts.AUDIT_LOG,
    **tickets.SCHEMAS,
    **inbox.SCHEMAS,
    "Promises": site.PROMISES,
    "PromisesPreview": site.PROMISES_PREVIEW,
    "Replied": tickets.REPLIED,
    **labels.SCHEMAS,
    "Trace": traces.TRACE,
    **alarms.SCHEMAS,
    **content.SCHEMAS,
    "Tried": traces.TRIED,
    **review.SCHEMAS,
    **releases.SCHEMAS,
    **reports.SCHEMAS,
}
