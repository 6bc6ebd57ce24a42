"""Writes Chinese verse line by line under a plan: candidates for each line, the best one kept. Does not know music."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from engine.contract import Sampling
from engine.decoding import Candidate, Session
from engine.errors import RequestError
from engine.families import CausalModel
from engine.lyrics.chinese.constraint import AvoidedWords, ChineseLineConstraint, WishedCharacters
from engine.lyrics.chinese.manner import PLAIN, ChineseManner
from engine.lyrics.chinese.prompt import ChineseLine, ChinesePrompt, WantedLine, plan_ids
from engine.lyrics.chinese.ranking import ChineseDraft, score_line
from engine.lyrics.chinese.rhyme import NAMES, rhyme_class, rhymes_surely
from engine.lyrics.chinese.tokenizer import FREE, MOST_CHARACTERS, ChineseTokenizer
from engine.lyrics.memory_filter import MemoryFilter, MemoryGuard

CANDIDATES = 24
FEWEST_RHYMES = 12  # characters that must be left for each later line of a rhyme
WISHED_PERSONS = 3  # words: the others are seldom sung
MARKS_OF_LINE = 2  # ids that announce it
LEARNED = 5.0  # per run; more than anything else is worth
EACH_SEED = 7919


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
        prompts: Sequence[ChinesePrompt],
        wanted: Sequence[WantedLine],
        *,
        seed: int,
        sampling: Sampling,
        avoid: Sequence[str] = (),
        manner: ChineseManner = PLAIN,
        theme: Sequence[str] | None = None,
        theme_anew: bool = False,
        report: Callable[[int, int, str], None] = lambda done, total, text: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> list[ChineseLine]:
        """Return all lines: those that stand as they are, the others exact in length, rhymed as planned, with the theme.

        prompts: for the sections in turn. avoid: words that are not written. theme: words of which the text is to have
        one, those of the first prompt if None; theme_anew: the lines written now are to have one. report: called after
        each line written with their number, how many there are to write, and the line. RequestError where the plan
        cannot be kept, Cancelled when `cancelled` returns True between two steps.
        """
        draft = ChineseDraft(wanted, prompts[0].theme if theme is None else theme, theme_anew, manner)
        total = sum(not one.given for one in wanted)
        with Session(self._model, self._candidates, cancelled) as session:
            work = _Work(self, session, prompts, draft, seed, sampling, avoid, cancelled)
            for index, one in enumerate(wanted):
                if not one.given:
                    text = work.write_line(index)
                    report(len(draft.written), total, text + one.mark)
        return [ChineseLine(text, one.mark) for text, one in zip(draft.lines, wanted, strict=True)]

    def _learned(self, found: Sequence[str], before: Sequence[str]) -> list[int]:
        if self._guard is None:
            return [0] * len(found)
        return self._guard.learned([list(line) for line in before if line], [list(text) for text in found])


@dataclass
class _Work:
    """One text under way: the session with the model, and the lines so far."""

    writer: ChineseWriter
    session: Session
    prompts: Sequence[ChinesePrompt]
    draft: ChineseDraft
    seed: int
    sampling: Sampling
    avoid: Sequence[str]
    cancelled: Callable[[], bool]
    prompt: ChinesePrompt | None = None
    told: int = 0  # lines that the context has, or has let go

    def __post_init__(self) -> None:
        self._avoided = AvoidedWords(self.writer._tokenizer, self.avoid)

    def write_line(self, index: int) -> str:
        """Write the candidates of a line, keep the best, and add it to the draft."""
        tokenizer, draft, wanted = self.writer._tokenizer, self.draft, self.draft.wanted[index]
        self._tell_lines_before(index)
        self.session.extend(plan_ids(wanted, tokenizer))
        constraints = self._constraints(index)
        seeds = [(self.seed + (index + 1) * EACH_SEED) * 64 + i for i in range(len(constraints))]
        found = self.session.sample(constraints, self.sampling, seeds, wanted.length, cancelled=self.cancelled)
        texts = [tokenizer.decode(one.ids)[::-1] for one in found]
        best = self._best(index, found, texts)
        self.session.keep(found[best])
        self.told = index + 1
        draft.add(index, texts[best])
        return texts[best]

    def _best(self, index: int, found: Sequence[Candidate], texts: Sequence[str]) -> int:
        pairs = zip(texts, found, strict=True)
        scores = [score_line(text, one.log_probability, index, self.draft) for text, one in pairs]
        learned = self.writer._learned(texts, self.draft.lines[:index])
        return int(np.argmax(np.array(scores) - LEARNED * np.array(learned)))

    def _tell_lines_before(self, index: int) -> None:
        """Bring the context up to a line; it begins again where another prompt holds from here on."""
        prompt = self.prompts[self.draft.wanted[index].section % len(self.prompts)]
        if prompt != self.prompt:
            self.prompt, self.told = prompt, self._first_that_fits(prompt, index)
            self.session.truncate(0)
            self.session.extend(prompt.ids(self.writer._tokenizer))
        for line in range(self.told, index):
            self.session.extend(self._ids(line))
        self.told = index

    def _first_that_fits(self, prompt: ChinesePrompt, index: int) -> int:
        """Return the first of the lines before `index` that the context has room for beside all that are to come."""
        open_lines = [number for number, line in enumerate(self.draft.lines) if not line]
        coming = self.draft.wanted[index : open_lines[-1] + 1]
        room = self.writer._model.context_length - len(prompt.ids(self.writer._tokenizer))
        room -= sum(line.length + MARKS_OF_LINE for line in coming)
        if room < 0:
            raise RequestError(
                f"{sum(line.length for line in coming)} characters are more than the model can hold at once; "
                f"ask for fewer lines, {self.writer._model.context_length // 10} or so"
            )
        first = index
        while first and len(self._ids(first - 1)) <= room:
            first -= 1
            room -= len(self._ids(first))
        return first

    def _ids(self, line: int) -> list[int]:
        """Return the ids of a line that stands; none for one longer than any that the model has read."""
        wanted, text = self.draft.wanted[line], self.draft.lines[line]
        if len(text) > MOST_CHARACTERS:
            return []
        return [*plan_ids(wanted, self.writer._tokenizer), *self.writer._tokenizer.encode(text[::-1])]

    def _ends(self, index: int) -> np.ndarray:
        """Return the characters that may end a line; where a text runs out of them, those of other sections come again."""
        here = [n for n, one in enumerate(self.draft.wanted) if one.section == self.draft.wanted[index].section]
        for lines in (range(len(self.draft.lines)), here):
            ends = self._ends_beside(index, lines)
            if ends.any():
                return ends
        raise RequestError("no character is left that rhymes; ask for fewer lines that rhyme with each other")

    def _ends_beside(self, index: int, lines: Sequence[int]) -> np.ndarray:
        """Return the characters that may end a line and end none of some lines that rhyme: bool (V,)."""
        tokenizer, classes, rhymes = self.writer._tokenizer, self.writer._classes, self.draft.rhymes
        wanted, free = self.draft.wanted[index], self.writer._sure.copy()
        rhyming = [n for n in lines if self.draft.lines[n] and self.draft.wanted[n].rhyme != FREE]
        used = [self.draft.lines[n][-1] for n in rhyming]
        refused = [*used, *wanted.refused, *(word for word in self.avoid if len(word) == 1)]
        free[[tokenizer.id_of(c) for c in refused if tokenizer.knows(c)]] = False
        if wanted.rhyme == FREE:
            return free
        if wanted.rhyme in rhymes:
            return free & (classes == rhyme_class(rhymes[wanted.rhyme][0]))
        others = [sound for character in used if (sound := rhyme_class(character)) is not None]
        needed = 1 + sum(line.rhyme == wanted.rhyme for line in self.draft.wanted[index + 1 :])
        counts = np.bincount(classes[free], minlength=len(NAMES))
        plenty = np.setdiff1d(np.flatnonzero(counts >= FEWEST_RHYMES * needed), others)
        enough = np.setdiff1d(np.flatnonzero(counts >= needed), others)
        return free & np.isin(classes, plenty if len(plenty) else enough)

    def _constraints(self, index: int) -> list[ChineseLineConstraint]:
        """Return one constraint per candidate.

        While a word of the theme is missing, half of them bring it; a quarter bring a word of the mood while few lines
        have one, and a quarter say who tells the text until its section does.
        """
        tokenizer, draft, wanted = self.writer._tokenizer, self.draft, self.draft.wanted[index]
        count, ends = self.writer._candidates, self._ends(index)
        wishes: list[WishedCharacters | None] = [None] * count
        quarter = count // 4
        if draft.mood_owed():
            wishes[count - 2 * quarter : count - quarter] = self._wishes(
                draft.manner.mood, quarter, wanted.length, index
            )
        if draft.lines_untold(wanted.section):
            wishes[count - quarter :] = self._wishes(draft.manner.person[:WISHED_PERSONS], quarter, wanted.length, 0)
        missing = draft.missing()
        if missing and (len(missing) == len(draft.theme) or index % 3 == 2):
            wishes[: count // 2] = self._wishes(missing, count // 2, wanted.length, 0)
        return [ChineseLineConstraint(tokenizer, wanted.length, ends, wish, self._avoided) for wish in wishes]

    def _wishes(self, words: Sequence[str], count: int, length: int, first: int) -> list[WishedCharacters | None]:
        """Return wishes for the words in turn from `first` on, each at another place of a line of that length."""
        writable = [word for word in words if all(map(self.writer._tokenizer.knows, word))]
        found: list[WishedCharacters | None] = [None] * (0 if writable else count)
        for i in range(count if writable else 0):
            word = writable[(first + i) % len(writable)]
            after = (i // len(writable)) % max(1, length - len(word) + 1)
            found.append(WishedCharacters(self.writer._tokenizer.encode(word[::-1]), after))
        return found
