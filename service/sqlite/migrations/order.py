"""All migrations, in the order in which a database takes them.

``m016`` stands before ``m015``, as it was released.
"""

from sqlite_utils import Migrations

from service.sqlite.migrations.m001_m003_foundation import (
    m001_schema,
    m002_closed_tickets_last,
    m003_erasures,
)
from service.sqlite.migrations.m004_m007_learning import (
    m004_labels,
    m005_proposals,
    m006_trials,
    m007_alarms,
)
from service.sqlite.migrations.m008_accounts import m008_accounts
from service.sqlite.migrations.m009_m012_console import (
    m009_inbox,
    m010_content_history,
    m011_canned_replies_and_presence,
    m012_conversation_tokens,
)
from service.sqlite.migrations.m013_webhooks import m013_webhooks
from service.sqlite.migrations.m014_m016_files import m014_files, m015_contacts, m016_resolved_by

MIGRATIONS = Migrations("frontdesk")  # databases record migrations under this name and their own
for migration in (
    m001_schema,
    m002_closed_tickets_last,
    m003_erasures,
    m004_labels,
    m005_proposals,
    m006_trials,
    m007_alarms,
    m008_accounts,
    m009_inbox,
    m010_content_history,
    m011_canned_replies_and_presence,
    m012_conversation_tokens,
    m013_webhooks,
    m014_files,
    m016_resolved_by,
    m015_contacts,
):
    MIGRATIONS()(migration)
