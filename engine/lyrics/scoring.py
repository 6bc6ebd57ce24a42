"""How good a candidate line is beside its likelihood: theme, metre, repetition. Does not know models or plans."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from engine.lyrics.associations import Associations
from engine.lyrics.draft import Draft
from engine.lyrics.lexicon import Word
from engine.lyrics.prosody import Syllable, syllables_of

# Weights in nats per token of likelihood; chosen by reading, and measured by `songwright evaluate`.
THEME_WORD, THEME_NEAR = 0.55, 0.9
METRE, SAME_STRESS = 0.5, 0.8
REPEATED_WORD, REPEATED_START, REPEATED_PAIR = 0.18, 0.35, 0.5
WEAK_END, UNFINISHED_END = 0.5, 0.25
PLAIN_LENGTH = 3  # letters; shorter words carry no theme and may come again

WEAK_ENDS = frozenset(
    """
    the a an of and to in for with from by at as is are was be or but my your his her its our their
    """.split()
)


def score_line(
    words: Sequence[Word],
    text: str,
    draft: Draft,
    associations: Associations,
    *,
    like: Sequence[Syllable] | None,
    is_last: bool,
    is_chorus: bool,
) -> float:
    """Return what to add to a line's mean log-probability. like: the syllables of the line sung to the same tune."""
    syllables = syllables_of(text)
    score = theme_score(words, draft, associations, is_chorus=is_chorus)
    score += METRE * evenness(syllables) + (SAME_STRESS * agreement(syllables, like) if like else 0.0)
    score -= repetition(words, draft)
    if words[-1].text.lower() in WEAK_ENDS:
        score -= WEAK_END
    if is_last == (text[-1] in ",") or (is_last and text[-1].isalnum()):
        score -= UNFINISHED_END
    return score


def theme_score(words: Sequence[Word], draft: Draft, associations: Associations, *, is_chorus: bool) -> float:
    """Reward a theme word that is still missing from the section, and words that keep company with the theme."""
    texts = [word.text.lower() for word in words]
    hits = sum(text in draft.theme for text in set(texts))
    said = sum(line_word.text.lower() in draft.theme for line in draft.sections[-1] for line_word in line.words)
    content = [text for text in texts if len(text) > PLAIN_LENGTH]
    near = sum(max(0.0, associations.nearness(text, draft.theme)) for text in content) / max(1, len(content))
    bonus = THEME_WORD * (2.0 if is_chorus else 1.0) * min(hits, 1) / (1 + 2 * said)
    return bonus + THEME_NEAR * near


def evenness(syllables: Sequence[Syllable]) -> float:
    """Return how regularly stress alternates, 0 to 1: the better of the two alternating patterns.

    Words of one syllable fit either way; in longer words the stressed syllable must fall on the pattern's strong place.
    """
    places = [(i, s.stress > 0) for i, s in enumerate(syllables) if s.word_position != "single"]
    if not places:
        return 0.8
    fits = [sum(strong == (i % 2 == start) for i, strong in places) for start in (0, 1)]
    return max(fits) / len(places)


def agreement(syllables: Sequence[Syllable], like: Sequence[Syllable]) -> float:
    """Return the share of places in longer words whose stress agrees with the other line's, 1 where there is none."""
    places = [
        (a.stress > 0) == (b.stress > 0)
        for a, b in zip(syllables, like, strict=False)
        if a.word_position != "single" and b.word_position != "single"
    ]
    return sum(places) / len(places) if places else 1.0


def repetition(words: Sequence[Word], draft: Draft) -> float:
    """Return what a line loses for words, starts and word pairs that the song has already used."""
    texts = [word.text.lower() for word in words]
    content = [text for text in texts if len(text) > PLAIN_LENGTH and text not in draft.theme]
    lines = [[word.text.lower() for word in line.words] for section in draft.sections for line in section]
    pairs = {pair for line in lines for pair in pairwise(line)}
    lost = REPEATED_WORD * sum(draft.used[text] for text in content)
    lost += REPEATED_WORD * 2 * (len(content) - len(set(content)))
    lost += REPEATED_START * sum(line[:1] == texts[:1] for line in lines[-4:])
    lost += REPEATED_START * sum(line[:2] == texts[:2] for line in lines)
    return lost + REPEATED_PAIR * sum(pair in pairs for pair in pairwise(texts)) / 2
