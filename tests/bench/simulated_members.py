"""Simulated members with hidden tastes, who rate takes as people might, for the benches. They are no people.

A member likes some mixture of words that rhyme, cheerful words, short lines and step-wise tunes: most lean the same way,
each in its own measure, and a fifth of what they say is chance. Nothing here knows a model, a judge or a store, and no
model, judge or store knows this file.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from statistics import fmean, pstdev

from engine.corpus.snapshots import Judgement, Take
from engine.evaluation.tune_shape import step_share
from engine.lyrics.prosody import plain_words, word_rhyme_key
from engine.lyrics.text import parse_lyrics
from engine.music.as_json import lead_sheet_from_json

MEMBERS = 60
NOISE = 0.2  # the share of stars and choices that are chance
QUINTILES = (-0.84, -0.25, 0.25, 0.84)  # of a normal taste: what parts the five stars
OWN = 0.6  # how much each member's weights differ from those of all, one standard deviation
SHORTEST_RHYMING = 3  # letters: "a" and "the" rhyme with each other, and nobody hears it
CHEERFUL = frozenset(
    """
    angel angels baby beach beautiful bells beloved bird birds birthday bless blessed blessing bliss bloom blooming blossom
    bounce breeze bright brighter brightly bubble butterfly candy care caress celebrate champagne charm cheer cheerful
    cheers cherish children clap comfort cuddle dance danced dances dancing darling dawn daydream dear delight
    diamond dream dreaming dreams embrace enjoy fair fairy faith feast festival fiddle flower flowers fly flying free
    freedom fresh friend friends fun garden gentle giggle glad gladly gladness gleam glee glitter glory glow
    glowing gold golden good grace green grin happily happiness happy harmony harvest heaven holiday honey hooray
    hope hopes hug joy joyful joyous jump kind kindly kindness kiss kissed kisses kissing laugh laughed laughing
    laughs laughter light lights lovely lover loving lucky magic melody merrily merry mirth morning music new nice
    paradise party peace peaceful picnic play played playing pleasure praise pretty pride promise proud rainbow
    rejoice romance rose roses shine shines shining silver sing singing sings smile smiled smiles smiling song songs
    sparkle spring springtime star stars summer sun sunlight sunny sunrise sunshine sweet sweeter sweetest
    sweetheart sweetly swing tender tenderly thank thankful thrill treasure tune warm warmth welcome wine wings
    wonder wonderful yes young youth
    """.split()
)


def rhyme_density(take: Take) -> float:
    """Return the share of a take's words that rhyme with another word of their section; NaN without words.

    Rhymes inside lines count like those at their ends, for these are as a form asks and hardly differ between takes.
    """
    rhyming = words = 0
    for lines in _sections(take):
        keys: dict[str, set[str]] = {}
        heard = [word for line in lines for word in plain_words(line) if len(word) >= SHORTEST_RHYMING]
        for word in heard:
            keys.setdefault(word_rhyme_key(word), set()).add(word)
        rhyming += sum(len(keys[word_rhyme_key(word)]) > 1 for word in heard)
        words += len(heard)
    return rhyming / words if words else math.nan


def cheerful_share(take: Take) -> float:
    """Return the share of a take's words that are cheerful; NaN without words."""
    words = [word for lines in _sections(take) for line in lines for word in plain_words(line)]
    return sum(word in CHEERFUL for word in words) / len(words) if words else math.nan


def shortness(take: Take) -> float:
    """Return minus the mean of letters, spaces and signs in a line; NaN without words."""
    lengths = [len(line) for lines in _sections(take) for line in lines]
    return -fmean(lengths) if lengths else math.nan


def stepwise(take: Take) -> float:
    """Return the share of steps of a take's tune; NaN without one."""
    return step_share(lead_sheet_from_json(take.sheet)) if take.sheet is not None else math.nan


TASTES: Mapping[str, Callable[[Take], float]] = {
    "rhymes": rhyme_density,
    "cheerful words": cheerful_share,
    "short lines": shortness,
    "steps": stepwise,
}


class Scale:
    """What is usual in a sample of takes, so that each taste has mean 0 and deviation 1 there."""

    def __init__(self, sample: Sequence[Take]) -> None:
        self._usual: dict[str, tuple[float, float]] = {}
        self._known: dict[tuple[str, str], dict[str, float]] = {}
        for name, measure in TASTES.items():
            found = [value for value in map(measure, sample) if not math.isnan(value)]
            self._usual[name] = (fmean(found), pstdev(found) or 1.0) if found else (0.0, 1.0)

    def of(self, take: Take) -> dict[str, float]:
        """Return each taste's value in deviations; 0 for what the take does not have."""
        key = (take.id, take.text)
        if key not in self._known:
            values = {name: measure(take) for name, measure in TASTES.items()}
            self._known[key] = {
                name: 0.0 if math.isnan(value) else (value - self._usual[name][0]) / self._usual[name][1]
                for name, value in values.items()
            }
        return self._known[key]


@dataclass(frozen=True)
class Member:
    """A simulated member. weights: how much it likes each of TASTES. noise: 0-1, the share of what it says by chance."""

    name: str
    weights: Mapping[str, float]
    scale: Scale
    noise: float = NOISE

    def likes(self, take: Take) -> float:
        """Return how much it likes a take: mean 0 and deviation about 1 over the sample, without noise."""
        values = self.scale.of(take)
        present = {name: weight for name, weight in self.weights.items() if name != "steps" or take.sheet is not None}
        length = math.sqrt(sum(weight * weight for weight in present.values())) or 1.0
        return sum(weight * values[name] for name, weight in present.items()) / length

    def stars(self, take: Take) -> int:
        """Return the stars it gives, 1-5: the same at each asking."""
        chance = random.Random(f"stars {self.name} {take.id}")
        if chance.random() < self.noise:
            return chance.randint(1, 5)
        return 1 + sum(self.likes(take) > bound for bound in QUINTILES)

    def prefers(self, a: Take, b: Take) -> bool:
        """Return whether it chooses a over b: the same at each asking."""
        chance = random.Random(f"pair {self.name} {a.id} {b.id}")
        if chance.random() < self.noise:
            return chance.random() < 0.5
        return self.likes(a) > self.likes(b)


@dataclass(frozen=True)
class Crowd:
    """All simulated members together."""

    members: tuple[Member, ...]

    def taste(self, take: Take) -> float:
        """Return the hidden taste: the mean of how much each likes a take, without noise."""
        return fmean(member.likes(take) for member in self.members)

    def wins(self, a: Take, b: Take) -> float:
        """Return 1 if the crowd likes a better than b, 0 if less, 0.5 for the same."""
        first, second = self.taste(a), self.taste(b)
        return 0.5 if math.isclose(first, second, abs_tol=1e-9) else float(first > second)


def crowd(sample: Sequence[Take], *, count: int = MEMBERS, seed: int = 0, noise: float = NOISE) -> Crowd:
    """Return simulated members for whom the sample is usual; most lean towards all of TASTES, each in its own measure."""
    scale = Scale(sample)
    members = []
    for number in range(count):
        chance = random.Random(f"member {seed} {number}")
        weights = {name: 1.0 + chance.gauss(0.0, OWN) for name in TASTES}
        members.append(Member(f"simulated {seed}-{number + 1}", weights, scale, noise))
    return Crowd(tuple(members))


@dataclass(frozen=True)
class Brigadier(Member):
    """One of those who act together: they give the same stars to the same takes, whatever they like."""

    def stars(self, take: Take) -> int:
        """Return five stars for what it likes and one for the rest."""
        return 5 if self.likes(take) > 0 else 1


def brigade(honest: Crowd, *, count: int = 5) -> tuple[Member, ...]:
    """Return members who vote in step for the opposite of what a crowd likes."""
    against = {name: -fmean(member.weights[name] for member in honest.members) for name in TASTES}
    scale = honest.members[0].scale
    return tuple(Brigadier(f"brigadier {number + 1}", against, scale, 0.0) for number in range(count))


def random_raters(sample: Sequence[Take], *, count: int = MEMBERS, seed: int = 0) -> tuple[Member, ...]:
    """Return members whose stars and choices have nothing to do with what they rate."""
    return crowd(sample, count=count, seed=seed, noise=1.0).members


def rate(
    members: Sequence[Member], takes: Sequence[Take], ratings: int, *, seed: int = 0, day: date = date(2026, 11, 21)
) -> list[Judgement]:
    """Return so many stars, spread evenly over members and takes; nobody rates a take twice. Weights are all 1.

    ValueError where there are fewer combinations than ratings.
    """
    if ratings > len(members) * len(takes):
        raise ValueError(f"{len(members)} members can give {len(takes)} takes no {ratings} ratings")
    chance = random.Random(f"rate {seed}")
    said: dict[tuple[str, str], Judgement] = {}
    given: Counter[str] = Counter()
    while len(said) < ratings:
        member = members[len(said) % len(members)]
        left = [take for take in takes if (member.name, take.id) not in said]
        take = min(left, key=lambda take: (given[take.id], chance.random()))
        given[take.id] += 1
        said[member.name, take.id] = Judgement(
            rater=member.name, kind="stars", take=take.id, value=float(member.stars(take)), day=day
        )
    return list(said.values())


def _sections(take: Take) -> list[tuple[str, ...]]:
    """Return the lines of each sung section, those that come again word for word once."""
    labelled = [section.lines for section in parse_lyrics(take.text).sections if section.label]
    return list(dict.fromkeys(labelled))
