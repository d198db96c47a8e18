"""The fixed words that records of several subjects share: who speaks, what the desk does, states.

A word that only one subject uses stands beside its records.
"""

from typing import Literal

Author = Literal["customer", "desk", "operator"]
Action = Literal["answer", "clarify", "ask", "handoff", "none"]
Status = Literal["desk", "waiting", "operator", "resolved"]
TicketStatus = Literal["open", "claimed", "returned", "resolved"]
Priority = Literal["low", "normal", "high", "urgent"]
PRIORITIES: tuple[Priority, ...] = ("low", "normal", "high", "urgent")

ContactForm = Literal["closed", "away", "never"]

ContactKind = Literal["email", "phone"]
