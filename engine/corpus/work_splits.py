"""Which side of a corpus a work is on, so that nothing is on two sides. Does not know texts.

Works that belong together (their songs are near-duplicates that were kept) form a group, and a group is on one side.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence

from engine.corpus.records import Split, split_of

LARGEST_JOINED = 0.1  # of all songs; a joined group that is larger is trained on, wherever its name would put it


def groups_of(works: Sequence[str], together: Iterable[tuple[int, int]]) -> dict[str, str]:
    """Return for each work the name of its group: the first of its names. together: pairs of songs, by their places."""
    parent = {work: work for work in works}

    def root(work: str) -> str:
        while parent[work] != work:
            parent[work] = parent[parent[work]]
            work = parent[work]
        return work

    for first, second in together:
        low, high = sorted((root(works[first]), root(works[second])))
        parent[high] = low
    return {work: root(work) for work in parent}


def splits_of(works: Sequence[str], groups: dict[str, str], *, valid: float, test: float) -> dict[str, Split]:
    """Return the split of each work. works: of every song; groups: of every work.

    A group goes where the SHA-1 of its name puts it, so that songs which are added move no others. Where a side stays empty,
    as in a small corpus, it gets one of the smaller groups of training, as long as another stays there.
    """
    sizes = Counter(groups[work] for work in works)
    members = Counter(groups.values())
    sides: dict[str, Split] = {group: split_of(group, valid=valid, test=test) for group in sizes}
    for group, size in sizes.items():
        if members[group] > 1 and size > LARGEST_JOINED * len(works):
            sides[group] = "train"
    wanted: tuple[tuple[Split, float], ...] = (("valid", valid), ("test", test))
    for side, share in wanted:
        if share and side not in sides.values():
            _fill(sides, sizes, side)
    return {work: sides[group] for work, group in groups.items()}


def _fill(sides: dict[str, Split], sizes: Counter[str], side: Split) -> None:
    """Move one of the smaller groups of training to a side that is empty."""
    free = [group for group, where in sides.items() if where == "train"]
    if len(free) > 1:
        half = sorted(free, key=lambda group: (sizes[group], group))[: (len(free) + 1) // 2]
        sides[min(half, key=lambda group: hashlib.sha1(group.encode()).hexdigest())] = side
