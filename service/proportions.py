"""Shares and chances: two of them compared, seldom enough that looking again and again does not
make chance look like harm. Used by `service.trials` and `service.agreement`. Pure; counts in,
chances out.
"""

import math

Z = 1.959964  # of a 95 % interval
LEVEL = 0.05  # the chance that a challenger as good as the champion is ever stopped
FIRST_LOOK = 20  # conversations of the challenger's; each next look comes at twice as many


def wilson(part: int, whole: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927); from 0 to 1 when there is nothing."""
    if not whole:
        return 0.0, 1.0
    share, square = part / whole, Z * Z
    middle = share + square / (2 * whole)
    reach = Z * math.sqrt(share * (1 - share) / whole + square / (4 * whole * whole))
    scale = 1 + square / whole
    return max(0.0, (middle - reach) / scale), min(1.0, (middle + reach) / scale)


def chance_of_more(part: int, whole: int, other_part: int, other_whole: int) -> float:
    """The chance of ``part`` or more in ``whole`` if both shares are the same: one-sided.

    Fisher's exact test (1935): it holds for small counts, where the normal approximation does not.
    """
    chances = chances_of_parts(whole, other_whole, part + other_part)
    return min(1.0, math.fsum(chances[part:]))


def chances_of_parts(whole: int, other_whole: int, parts: int) -> list[float]:
    """The chances of 0, 1, 2 … of all ``parts`` to be of ``whole``, if both shares are the same:
    the hypergeometric distribution."""

    def log_ways(chosen: int) -> float:
        return _log_choose(whole, chosen) + _log_choose(other_whole, parts - chosen)

    scale = _log_choose(whole + other_whole, parts)
    fewest = max(0, parts - other_whole)
    found = [math.exp(log_ways(n) - scale) for n in range(fewest, min(whole, parts) + 1)]
    return [*[0.0] * fewest, *found]


def looks(conversations: int) -> int:
    """How many looks are due with so many conversations: at 20, 40, 80 and so on."""
    return (conversations // FIRST_LOOK).bit_length()


def next_look(conversations: int) -> int:
    """With how many conversations the next look is due."""
    return FIRST_LOOK << looks(conversations)


def level(look: int, tests: int) -> float:
    """The level of one of the ``tests`` of a look, counted from 1.

    Together they spend ``LEVEL``: 1/2 + 1/6 + 1/12 + … = 1, so that by Bonferroni it holds over any
    number of looks, also when some are left out.
    """
    return LEVEL / tests / (look * (look + 1))


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
