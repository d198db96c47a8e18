"""What people write for the desk, in the SQLite store: one truth, read as one snapshot.

Every write raises the content revision and tells of it, so that engines know when to look
again. Nothing is cached here.
"""

from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import Any

from service.errors import Conflict, InvalidInput, NotFound
from service.records import Article, Content, DeskSettings, Example, Intent, Template
from service.sqlite.base import Part
from service.sqlite.commit import Transaction
from service.sqlite.content_rows import (
    check_content,
    check_example,
    check_template,
    content_revision,
    intent_names,
    raise_revision,
    settings_from,
    settings_rows,
)
from service.sqlite.ids import new_id
from service.sqlite.rows import (
    article_from,
    article_row,
    example_from,
    example_row,
    golden_from,
    intent_from,
    intent_row,
    template_from,
    template_row,
)

CLEAR = """
DELETE FROM desk_setting; DELETE FROM intent; DELETE FROM template; DELETE FROM article;
DELETE FROM golden_case; DELETE FROM example WHERE source <> 'correction';
"""
