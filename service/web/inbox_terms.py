"""What a request asks of the inbox: its parameters and the filters in ``q``, as one query.

Used by the routes that list, count and keep searches. Knows who "me" is, and whose name is meant.
"""

from collections.abc import Sequence
from dataclasses import replace

from flask import g, request

from service.errors import InvalidInput
from service.inbox_query import InboxQuery, Term, parse_query
from service.records.people import Operator
from service.web.context import parts
from service.web.inputs.parsing import query_choice

STATUSES = ("active", "open", "claimed", "returned", "resolved")
SENTIMENTS = ("negative", "neutral", "positive")
LONGEST = 500


def asked_query() -> InboxQuery:
    """The query of this request; ``InvalidInput`` names the field at fault."""
    query = query_of((request.args.get("q") or "").strip()[:LONGEST])
    given = {
        "status": query_choice("status", STATUSES),
        "intent": request.args.get("intent"),
        "sentiment": query_choice("sentiment", SENTIMENTS),
        "owner": request.args.get("owner"),
    }
    # What the words say of a thing wins over the parameter, which is what the console shows anyway.
    asked = [Term(n, v) for n, v in given.items() if v and (n == "owner" or not query.asks(n))]
    terms = [_named(term) if term.value == "me" else term for term in asked]
    snoozed = query_choice("snoozed", ("yes", "no", "any"), "any")
    if snoozed != "any" and Term("is", "snoozed") not in query.terms:
        terms.append(Term("is", "snoozed", negated=snoozed == "no"))
    return replace(query, terms=(*query.terms, *terms))


def query_of(text: str) -> InboxQuery:
    """Words and filters of a text, with owners by id."""
    query = parse_query(text)
    if not query.asks("owner"):
        return query
    return replace(query, terms=tuple(map(_named, query.terms)))


def _named(term: Term) -> Term:
    """An owner is an id by now: "me" is who asks, and a name or address whose it is."""
    if term.name != "owner" or term.value == "none":
        return term
    if term.value.lower() == "me":
        return replace(term, value=g.operator.id)
    return replace(term, value=_operator(term.value, parts().store.operators()))


def _operator(text: str, operators: Sequence[Operator]) -> str:
    wanted = text.casefold()
    ids = [
        o.id for o in operators if text == o.id or wanted in (o.email.casefold(), o.name.casefold())
    ]
    ids = ids or [o.id for o in operators if o.name.casefold().startswith(wanted)]
    if len(ids) != 1:
        problem = "several people are called so" if ids else "nobody is called so"
        raise InvalidInput(f"owner: {problem}: {text!r}.", field="q")
    return ids[0]
