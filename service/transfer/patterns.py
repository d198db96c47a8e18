"""Whether a regular expression from elsewhere may run on every message of the desk. Pure."""

import re
import warnings

LONGEST = 1000
REPEAT = re.compile(r"[*+?]|\{(\d*)(,?)(\d*)\}")
OPENING = re.compile(r"\(\?(?:[:=!>]|<[=!]|[aiLmsux]+:)")
CHOICE, ENDLESS = 1, 2  # what a group holds: alternatives or something optional; a repetition


def unsafe(pattern: str) -> str | None:
    """Why not, in words; None for a pattern that is safe.

    Careful rather than exact: a repeated group that holds a repetition or a choice, which is what
    backtracking takes exponential time for, is refused even where it would do no harm.
    """
    if len(pattern) > LONGEST:
        return f"it is longer than {LONGEST} characters"
    try:
        with warnings.catch_warnings():  # Python warns of what it will read otherwise one day
            warnings.simplefilter("error")
            compiled = re.compile(pattern, re.IGNORECASE)
    except (re.error, RecursionError, OverflowError, Warning):
        return "it is malformed"
    if compiled.search(""):
        return "it fits an empty text"
    if re.search(r"\\[1-9]|\(\?P[=<]|\(\?\(", pattern):
        return "it refers to its own groups"
    return _slow(pattern)


def _slow(pattern: str) -> str | None:
    """Walks the pattern with a stack of what its open groups hold."""
    holds = [0]
    place = anything = 0
    atom, inside, before = "", 0, ""  # what a repetition would repeat; what was repeated before it
    while place < len(pattern):
        char = pattern[place]
        repeat = REPEAT.match(pattern, place)
        if repeat and atom:
            level = _level(repeat)
            if inside and (level == ENDLESS or (inside == ENDLESS and repeat.group() != "?")):
                return "it repeats a group that repeats or chooses: that may take for ever"
            anything += level == ENDLESS and atom == "."
            if anything > 1 or (level == ENDLESS and atom == before):
                return "it repeats the same twice in a row or . twice: that may take long"
            holds[-1] = max(holds[-1], level)
            before = atom if level == ENDLESS else ""
            atom, inside, place = "", 0, repeat.end()
            continue
        before = before if not atom else ""
        end, inside = place + 1, 0
        if char == "\\":
            end += 1
        elif char == "[":
            end = _class_end(pattern, place)
        elif char == "(":
            holds.append(0)
            opening = OPENING.match(pattern, place)
            end = opening.end() if opening else end
        elif char == ")" and len(holds) > 1:
            inside = holds.pop()
            holds[-1] = max(holds[-1], inside)
        elif char == "|":
            holds[-1] = max(holds[-1], CHOICE)
        atom = "" if char in "(|" else pattern[place:end]
        place = end
    return None


def _level(repeat: re.Match[str]) -> int:
    least, comma, most = repeat.groups()
    if repeat.group() == "?":
        return CHOICE
    exact = least is not None and (not comma or least == most)
    return 0 if exact else ENDLESS


def _class_end(pattern: str, place: int) -> int:
    """Behind the bracket that closes the one at ``place``."""
    end = place + 1
    end += pattern[end : end + 1] == "^"
    end += pattern[end : end + 1] == "]"
    while end < len(pattern) and pattern[end] != "]":
        end += 2 if pattern[end] == "\\" else 1
    return end + 1
