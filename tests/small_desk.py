"""A small desk for tests: seven intents that together meet every rule of the router."""

from service.records.content import Article, Content, Example, GoldenCase, Intent, Template
from service.records.settings import DeskSettings, Slot

SETTINGS = DeskSettings(
    name="Lantern & Co",
    language="en",
    promise=0.95,
    facts={"shop_name": "Lantern & Co", "return_days": "30", "phone": ""},
    slots=(
        Slot(
            name="order_number",
            title="Order number",
            ask="Which order is it about?",
            ask_again="I could not find a number in that. It looks like LC-1234.",
            pattern=r"\b(?:lc[- ]?)?([0-9]{4})\b",
            format="LC-{0}",
        ),
        Slot("postcode", "Postcode", "Where shall it go?", "", r"\b([A-Z]{2}[0-9]{2})\b"),
    ),
    replies={
        "welcome": ("Welcome to {shop_name}!",),
        "handoff": ("A colleague will answer you here.",),
        "handoff_upset": ("We are sorry. A colleague will answer you here.",),
        "unavailable": ("The assistant is away; your message is safe.",),
    },
    suggested=("track_order", "return_policy"),
)

INTENTS = (
    Intent("track_order", "orders", "Where is my order?", "A parcel.", ("order_number",)),
    Intent("cancel_order", "orders", "Cancel my order", slots=("order_number",), action="handoff"),
    Intent("return_policy", "returns", "How do returns work?"),
    Intent("delivery_cost", "delivery", "What does delivery cost?"),
    Intent("call_us", "contact", "What is your phone number?"),
    Intent("broken_item", "complaints", "Something is broken", action="handoff", priority="high"),
    Intent("greeting", "small_talk", "Say hello"),
    Intent("gift_card", "payments", "About gift cards", priority="low"),
    Intent("talk_to_person", "person", "Talk to a person", action="handoff", priority="high"),
)

TEMPLATES = (
    Template("track_order", "track_order", "Order {order_number} is on its way."),
    Template("return_policy", "return_policy", "You have {return_days} days."),
    Template(
        "return_policy_upset", "return_policy", "Sorry! You have {return_days} days.", "negative"
    ),
    Template("delivery_cost", "delivery_cost", "To {postcode} it costs 4 pounds."),
    Template("call_us", "call_us", "Call {phone}."),
    Template("broken_item", "broken_item", "That should not happen."),
    Template("greeting", "greeting", "Hello!"),
    Template("greeting_glad", "greeting", "Hello, how nice!", "positive"),
)

# What the fake engine looks for; the first that occurs decides.
KEYWORDS = {
    "person": "talk_to_person",
    "cancel": "cancel_order",
    "broken": "broken_item",
    "where is": "track_order",
    "return": "return_policy",
    "delivery": "delivery_cost",
    "phone": "call_us",
    "gift": "gift_card",
    "hello": "greeting",
}


def small_desk() -> Content:
    """The content; examples have no ids yet, the store gives them."""
    examples = [
        Example("", f"{opening} {words} please", intent)
        for words, intent in KEYWORDS.items()
        for opening in ("well,", "so", "hi!")
    ]
    examples += [
        Example(
            "",
            "does the Moth lamp run hot",
            "return_policy",
            entities=({"start": 9, "end": 18, "label": "product"},),
        ),
        Example("", "this is dreadful", None, "negative"),
        Example("", "fine by me", None, "neutral", split="test"),
        Example("", "will it rain on sunday", "out_of_scope"),
    ]
    return Content(
        settings=SETTINGS,
        intents=INTENTS,
        templates=TEMPLATES,
        examples=tuple(examples),
        articles=(
            Article(
                "returns",
                "Sending things back",
                "You may.\n\n## How\n\nIn a box.",
                ("return_policy",),
                "2026-11-01",
            ),
        ),
        golden=(
            GoldenCase("where is LC-1234", "track_order", "answer"),
            GoldenCase("will it snow", "out_of_scope", "clarify"),
        ),
    )
