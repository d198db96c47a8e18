"""What people write to be polite, to win time or by machine: English, German, French, Spanish.

Read by ``service.history.pairing``. Every pattern is linear in a line's length.
"""

import re

POLITE = frozenset(
    """
    hi hello hey dear there good morning afternoon evening day thanks thank you welcome very much so
    please hallo guten tag morgen abend danke vielen dank bitte bonjour merci hola gracias ok okay
    yes no sure great all team sir madam help need i you're your me can a have nice to how are
    """.split()  # noqa: SIM905 - words
)
QUOTED = re.compile(
    r"^(?:>.*|-{2,}\s*(?:original message|forwarded message|ursprüngliche nachricht).*"
    r"|(?:on|am|le|el)\b[^\n]{8,100}(?:wrote|schrieb|a écrit|escribió)[^\n]{0,40}:|##-.*-##|-- ?)$",
    re.I,
)
GREETING = re.compile(
    r"\A\s*(?i:hi|hello|hey|hallo|dear|good (?:morning|afternoon|evening|day)"
    r"|guten (?:tag|morgen|abend)|sehr geehrter?|liebe[rs]?|bonjour|bonsoir|hola|buen[oa]s \w+)\b"
    r"(?:[ \t]+(?:(?i:there|all|team|everyone|sir|madam|or|customer|support|frau|herr|mr|mrs|ms)\b"
    r"|[A-ZÀ-ÖØ-Þ])[\w.'’-]*){0,4}[ \t]*(?:[,!.:;–]+|\n|\Z)\s*"
)
SIGNATURE = re.compile(
    r"\n\s*(?:(?:kind|best|warm|many)(?:est)? regards|regards|best(?: wishes)?|cheers|sincerely"
    r"|yours \w+|thanks|thank you|many thanks|cordialement|bien à vous|saludos|un saludo|mfg"
    r"|(?:mit )?(?:freundliche[nr]?|vielen?|besten?|lieben?) grü(?:ß|ss)en?)\b[^\n]{0,30}"
    r"(?:\n[^\n]*){0,5}\Z",
    re.I,
)
WAITS = re.compile(
    r"\b(?:please (?:hold|wait)|(?:one|just a|a) (?:moment|minute|sec(?:ond)?)\b|bear with|hang on"
    r"|let me (?:check|look|see|find)|(?:am|are|'m|'re|will be) (?:check|look)ing"
    r"|look into (?:it|this|that)|get back to you|(?:connect|transferr?)(?:ing)? you"
    r"|einen (?:moment|augenblick)|ich (?:schaue|prüfe)|melden? (?:mich|uns)"
    r"|un (?:moment|instant)|patient(?:er|ez)|un momento)",
    re.I,
)
MACHINE = re.compile(
    r"this is an automat|automat(?:ic|ed) (?:reply|response|message)|auto-?reply"
    r"|do not reply|no-?reply|out of (?:the )?office"
    r"|(?:request|message|e-?mail|ticket)(?: \S{1,20})? (?:has been|was) received"
    r"|(?:have|'ve) received your (?:request|message|e-?mail|ticket)"
    r"|automatische (?:antwort|nachricht)|ihre (?:anfrage|nachricht|e-?mail) (?:ist|wurde)"
    r"|réponse automatique|respuesta automática|rate (?:this|your) (?:conversation|experience)",
    re.I,
)
THANKS = re.compile(r"\b(?:thank|thx|perfect|great|worked|solved|danke|merci|gracias)", re.I)
