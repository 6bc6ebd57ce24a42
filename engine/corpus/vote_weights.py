"""How much each rater's word counts, so that a few who act together do not speak for all. Knows neither songs nor a store.

Three rules, each for a way in which votes go wrong; tastes that differ are no reason to count less:

    in step     raters who give the same stars to nearly all that they share count together as one
    too many    nobody counts for more than a few times what the usual rater does
    never moved who gives the same stars to everything has said nothing of any one song
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import combinations
from statistics import median

Stars = Mapping[str, Mapping[str, float]]  # by rater, by song

FEWEST_SHARED = 6  # songs of two raters, under which being in step may be chance
IN_STEP = 0.9  # share of shared songs with the same stars
CHANCE = 0.5  # or by how much the two differ less than either does from all others
MOST_TIMES_USUAL = 3.0
FEWEST_UNMOVED = 5
UNMOVED_WEIGHT = 0.1


def weights_of_raters(votes: Iterable[tuple[str, str, float]]) -> dict[str, float]:
    """Return the weight of each rater, 0-1, from (rater, song, stars); 1 for most. Empty for no votes."""
    stars: dict[str, dict[str, float]] = defaultdict(dict)
    for rater, song, given in votes:
        stars[rater][song] = given
    if not stars:
        return {}
    together = _groups(stars)
    usual = median(len(given) for given in stars.values())
    return {
        rater: _moved(given.values()) * min(1.0, MOST_TIMES_USUAL * usual / len(given)) / together[rater]
        for rater, given in sorted(stars.items())
    }


def _moved(stars: Iterable[float]) -> float:
    given = list(stars)
    return UNMOVED_WEIGHT if len(given) >= FEWEST_UNMOVED and len(set(given)) == 1 else 1.0


def _groups(stars: Stars) -> dict[str, int]:
    """Return for each rater how many are in step with each other, the rater included."""
    parent = {rater: rater for rater in stars}

    def root(rater: str) -> str:
        while parent[rater] != rater:
            rater = parent[rater]
        return rater

    means = _means(stars)
    for a, b in combinations(sorted(stars), 2):
        if _in_step(stars[a], stars[b], means):
            parent[root(b)] = root(a)
    sizes: dict[str, int] = defaultdict(int)
    for rater in stars:
        sizes[root(rater)] += 1
    return {rater: sizes[root(rater)] for rater in stars}


def _in_step(a: Mapping[str, float], b: Mapping[str, float], means: Mapping[str, tuple[float, int]]) -> bool:
    shared = a.keys() & b.keys()
    if len(shared) < FEWEST_SHARED or len({a[song] for song in shared}) == 1:
        return False  # two who like all that they share say little of each other
    if sum(a[song] == b[song] for song in shared) < IN_STEP * len(shared):
        return False
    others = [
        abs(a[song] - (total - a[song] - b[song]) / (count - 2))
        for song, (total, count) in ((song, means[song]) for song in shared)
        if count > 2
    ]
    if not others:
        return True
    between = sum(abs(a[song] - b[song]) for song in shared) / len(shared)
    return between < CHANCE * sum(others) / len(others)  # songs that everybody likes put honest raters in step, too


def _means(stars: Stars) -> dict[str, tuple[float, int]]:
    """Return the sum of the stars of each song, and how many gave some."""
    found: dict[str, tuple[float, int]] = {}
    for given in stars.values():
        for song, value in given.items():
            total, count = found.get(song, (0.0, 0))
            found[song] = (total + value, count + 1)
    return found
