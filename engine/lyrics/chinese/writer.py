"""Writes Chinese verse line by line under a plan: candidates for each line, the best one kept. Does not know music."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

from engine.contract import Sampling
from engine.decoding import Candidate, Session
from engine.errors import RequestError
from engine.families import CausalModel
from engine.lyrics.chinese.constraint import ChineseLineConstraint, WishedCharacters
from engine.lyrics.chinese.prompt import ChineseLine, ChinesePrompt, PlannedLine, plan_ids
from engine.lyrics.chinese.rhyme import NAMES, is_level, rhyme_class, rhymes_surely
from engine.lyrics.chinese.tokenizer import FREE, ChineseTokenizer
from engine.lyrics.memory_filter import MemoryFilter, MemoryGuard

CANDIDATES = 24
FEWEST_RHYMES = 12  # characters that must be left for each later line of a rhyme
LIKELY_ENOUGH = -2.0  # nats per character; what is likelier is a commonplace and earns nothing more
THEME, REPEATED, TWICE_IN_LINE, REPEATED_PAIR, OTHER_TONE = 0.6, 0.22, 0.35, 0.5, 0.3
LEARNED = 5.0  # per run; more than anything else is worth
EACH_SEED = 7919
USUAL = frozenset("不人一无有来何去是自")  # characters that no poet counts


class ChineseWriter:
    """Holds the model; one `write` per text. candidates: written per line, 1 or more.

    memory: runs of five characters that stand so in training texts; a line that has one gives way to one that has fewer.
    """

    def __init__(
        self,
        model: CausalModel,
        tokenizer: ChineseTokenizer,
        *,
        candidates: int = CANDIDATES,
        memory: MemoryFilter | None = None,
    ) -> None:
        self._model, self._tokenizer, self._candidates = model, tokenizer, candidates
        self._guard = MemoryGuard(memory) if memory is not None else None
        sounds = [rhyme_class(entry) if len(entry) == 1 else None for entry in tokenizer.entries]
        self._classes = np.array([-1 if sound is None else sound for sound in sounds])
        self._sure = np.array([len(entry) == 1 and rhymes_surely(entry) for entry in tokenizer.entries])

    def write(
        self,
        prompt: ChinesePrompt,
        plan: Sequence[PlannedLine],
        *,
        seed: int,
        sampling: Sampling,
        avoid: Sequence[str] = (),
        report: Callable[[int, int, str], None] = lambda done, total, text: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> list[ChineseLine]:
        """Return a line for each of the plan: exact in length, rhymed as it says, with the theme in it.

        avoid: words that are not written. report: called after each line with lines done, lines in all and the line.
        RequestError where the plan cannot be kept, Cancelled when `cancelled` returns True between two steps.
        """
        ids = prompt.ids(self._tokenizer)
        needed = len(ids) + sum(line.length + 2 for line in plan)
        if needed > self._model.context_length:
            raise RequestError(
                f"{sum(line.length for line in plan)} characters are more than the model can hold at once; "
                f"ask for fewer lines, {self._model.context_length // 10} or so"
            )
        lines: list[ChineseLine] = []
        rhymes: dict[str, list[str]] = {}
        with Session(self._model, self._candidates, cancelled) as session:
            session.extend(ids)
            for number, wanted in enumerate(plan):
                session.extend(plan_ids(wanted, self._tokenizer))
                ends = self._ends(wanted, plan[number + 1 :], rhymes, avoid)
                constraints = self._constraints(wanted, ends, prompt.theme, lines, avoid)
                seeds = [(seed + (number + 1) * EACH_SEED) * 64 + i for i in range(len(constraints))]
                found = session.sample(constraints, sampling, seeds, wanted.length, cancelled=cancelled)
                scores = [self._score(one, wanted, prompt.theme, lines, rhymes) for one in found]
                best = found[int(np.argmax(np.array(scores) - LEARNED * np.array(self._learned(found, lines))))]
                session.keep(best)
                lines.append(ChineseLine(self._text(best), wanted.mark))
                if wanted.rhyme != FREE:
                    rhymes.setdefault(wanted.rhyme, []).append(lines[-1].characters[-1])
                report(number + 1, len(plan), lines[-1].characters + wanted.mark)
        return lines

    def _ends(
        self, wanted: PlannedLine, later: Sequence[PlannedLine], rhymes: dict[str, list[str]], avoid: Sequence[str]
    ) -> np.ndarray:
        """Return the characters that may end a line: bool (V,)."""
        free = self._sure.copy()
        free[[self._tokenizer.id_of(c) for said in rhymes.values() for c in said]] = False
        free[[self._tokenizer.id_of(word) for word in avoid if len(word) == 1 and self._tokenizer.knows(word)]] = False
        if wanted.rhyme == FREE:
            return free
        if wanted.rhyme in rhymes:
            ends = free & (self._classes == rhyme_class(rhymes[wanted.rhyme][0]))
        else:
            taken = np.array([rhyme_class(said[0]) for said in rhymes.values()], dtype=np.int64)
            needed = 1 + sum(line.rhyme == wanted.rhyme for line in later)
            counts = np.bincount(self._classes[free], minlength=len(NAMES))
            for room in (FEWEST_RHYMES * needed, needed):
                ends = free & np.isin(self._classes, np.setdiff1d(np.flatnonzero(counts >= room), taken))
                if ends.any():
                    break
        if not ends.any():
            raise RequestError("no character is left that rhymes; ask for fewer lines that rhyme with each other")
        return ends

    def _constraints(
        self,
        wanted: PlannedLine,
        ends: np.ndarray,
        theme: Sequence[str],
        lines: Sequence[ChineseLine],
        avoid: Sequence[str],
    ) -> list[ChineseLineConstraint]:
        """Return one constraint per candidate; while a word of the theme is missing, half of them bring it."""
        said = "".join(line.characters for line in lines)
        missing = [word for word in theme if word not in said]
        wishes: list[WishedCharacters | None] = [None] * self._candidates
        if missing and (len(missing) == len(theme) or len(lines) % 3 == 2):
            for i in range(self._candidates // 2):
                word = missing[i % len(missing)]
                after = (i // len(missing)) % max(1, wanted.length - len(word) + 1)
                wishes[i] = WishedCharacters(self._tokenizer.encode(word[::-1]), after)
        return [ChineseLineConstraint(self._tokenizer, wanted.length, ends, wish, avoid) for wish in wishes]

    def _learned(self, found: Sequence[Candidate], lines: Sequence[ChineseLine]) -> list[int]:
        if self._guard is None:
            return [0] * len(found)
        return self._guard.learned([list(line.characters) for line in lines], [list(self._text(one)) for one in found])

    def _text(self, candidate: Candidate) -> str:
        return self._tokenizer.decode(candidate.ids)[::-1]

    def _score(
        self, candidate: Candidate, wanted: PlannedLine, theme: Sequence[str], lines: Sequence[ChineseLine],
        rhymes: dict[str, list[str]],
    ) -> float:  # fmt: skip
        text = self._text(candidate)
        said = [line.characters for line in lines]
        if text in said:
            return -np.inf
        score = min(LIKELY_ENOUGH, candidate.log_probability / len(text))
        everything = "".join(said)
        hits = sum(word in text and word not in everything for word in theme)
        # The longer the theme is not there, the more it is wanted: some words are unlikely wherever they come.
        unsaid = not any(word in everything for word in theme)
        score += THEME * min(hits, 1) * (2.0 + len(lines) if unsaid else 1.0)
        used = Counter(everything)
        score -= REPEATED * sum(min(used[c], 2) for c in set(text) - USUAL if not any(c in word for word in theme))
        doubled = sum(a == b for a, b in pairwise(text))  # 寻寻觅觅 is an ornament, 月明月下月 is not
        score -= TWICE_IN_LINE * (len(text) - len(set(text)) - doubled + max(0, doubled - 2))
        pairs = {a + b for line in said for a, b in pairwise(line)} - set(theme)
        score -= REPEATED_PAIR * sum(a + b in pairs for a, b in pairwise(text))
        first = rhymes.get(wanted.rhyme)
        return score - (OTHER_TONE if first and is_level(first[0]) != is_level(text[-1]) else 0.0)
