"""What messages really were, who does not agree, and what waits to be decided."""

from typing import Any

from service.agreement import Agreement
from service.records.labels import Correction, LabelConflict
from service.records.proposals import Proposal


def correction_json(correction: Correction) -> dict[str, Any]:
    """What the labels of a message come to, and who said the last of them."""
    return {
        "id": correction.id,
        "message_id": correction.message_id,
        "intent": correction.intent,
        "sentiment": correction.sentiment,
        "template": correction.template,
        "at": correction.at,
        "kind": correction.kind,
        "weight": correction.weight,
        "operator": {"id": correction.operator_id, "name": correction.operator_name},
    }


def conflict_json(conflict: LabelConflict) -> dict[str, Any]:
    """Who said what of which messages."""
    return {
        "fields": list(conflict.fields),
        "messages": list(conflict.message_ids),
        "said": [
            {
                "id": label.id,
                "message_id": label.message_id,
                "conversation_id": label.conversation_id,
                "text": label.text,
                "operator": {"id": label.operator_id, "name": label.operator_name},
                "kind": label.kind,
                "intent": label.intent,
                "sentiment": label.sentiment,
                "at": label.at,
            }
            for label in conflict.said
        ],
    }


def agreement_json(figures: Agreement) -> dict[str, Any]:
    """How one operator's labels fare beside those of others."""
    share = figures.agreement
    return {
        "operator": {"id": figures.operator_id, "name": figures.operator_name},
        "labels": figures.labels,
        "overruled": figures.overruled,
        "compared": figures.compared,
        "contradicting": figures.contradicting,
        "read": figures.read,
        "read_otherwise": figures.read_otherwise,
        "agreement": None if share is None else round(share, 4),
        "stands_out": figures.stands_out,
    }


def proposal_json(proposal: Proposal) -> dict[str, Any]:
    """What waits for a decision, with its texts."""
    fields = {name: getattr(proposal, name) for name in Proposal.__slots__}
    texts = [{"place": t.place, "text": t.text, "message_id": t.message_id} for t in proposal.texts]
    return {**fields, "texts": texts}
