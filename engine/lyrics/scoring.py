"""How good a candidate line is beside its likelihood: theme, metre, repetition. Does not know models or plans."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import log

from engine.lyrics.associations import Associations
from engine.lyrics.draft import Draft
from engine.lyrics.lexicon import Word
from engine.lyrics.manner import PLAIN, Manner
from engine.lyrics.metre import smoothness
from engine.lyrics.prosody import Syllable, syllables_of
from engine.lyrics.rhyme import near_family
from engine.lyrics.theme_words import FUNCTION_WORDS
from engine.lyrics.word_pairs import WordPairs

# Weights in nats per token of likelihood; chosen by reading songs, and watched by `songwright evaluate songs`.
LIKELY_ENOUGH = -2.3  # a line likelier than what people write is a commonplace, and earns nothing more
THEME_WORD, THEME_NEAR, NEAR_ENOUGH = 0.55, 0.6, 0.5
MOOD_NEAR, AGAINST, PERSON, LAST_CHANCE = 1.2, 0.7, 0.5, 5.0
METRE, SAME_STRESS, SMOOTH = 0.5, 0.8, 1.0
REPEATED_WORD, REPEATED_START, REPEATED_PAIR, TWICE_IN_LINE = 0.25, 0.35, 0.3, 0.7
# Of lines that people write 12 in 100 begin with these and 54 end in a comma; left alone the model writes 23 and 73.
JOINED_START, JOINED_SHARE, JOINERS = 0.3, 0.15, frozenset("and but for".split())
OPEN_END, OPEN_SHARE = 0.2, 0.55
STOCK_END, STOCK_USES = 0.15, 3000  # an end word with more uses in training is one of a few that end everything
SAME_FAMILY = 0.5  # a rhyme that sounds nearly as one that the song has had: rained, pains after rain, chain
# Of a model's likeliest lines too many are such as fit everywhere; so the likelihood of words alone is taken off (MMI-antiLM,
# Li et al., NAACL 2016), as far as a line is more common than those of people.
COMMONPLACE, USUAL_COMMONNESS, RARE_USES = 0.13, 9.3, 60
UNSAID_THEME = 0.3
UNSEEN_PAIR = 0.5  # of neighbours that surely do not go together, as the training texts never have them so
STEM_LETTERS = 4  # words that share these say the same thing twice
WEAK_END, WEAK_START, UNFINISHED_END, SLIP, INTERJECTION, EXTRA_COMMA = 0.5, 0.5, 0.25, 1.2, 0.2, 0.3

WEAK_ENDS = frozenset(
    """
    the a an of and to in for with from by at as is are was be or but my your his her its our their
    """.split()
)

INTERJECTIONS = frozenset("oh o ah ho hark hey lo alas yea nay".split())
BE_FORMS = {"i": {"am", "was"}, "you": {"are", "were"}, "we": {"are", "were"}, "they": {"are", "were"},
            "he": {"is", "was"}, "she": {"is", "was"}, "it": {"is", "was"}}  # fmt: skip
ALL_BE = frozenset("am is are was were".split())
PLURAL_SUBJECTS, SINGULAR_SUBJECTS = frozenset("i you we they".split()), frozenset("he she it".split())
SINGULAR_VERBS = frozenset("has does hasn't doesn't isn't wasn't goes comes".split())
PLURAL_VERBS = frozenset("have do haven't don't aren't weren't go come".split())


def score_line(
    words: Sequence[Word],
    text: str,
    draft: Draft,
    associations: Associations,
    *,
    like: Sequence[Syllable] | None,
    is_last: bool,
    is_chorus: bool,
    is_end: bool = False,
    manner: Manner = PLAIN,
    pairs: WordPairs | None = None,
) -> float:
    """Return what to add to the likelihood of a line. like: the syllables of the line sung to the same tune.

    is_last: of its section. is_end: the last of the song, so that what is missing must come now. pairs: those of the
    training texts, where they are known.
    """
    syllables = syllables_of(text)
    score = theme_score(words, draft, associations, is_chorus=is_chorus)
    score += METRE * evenness(syllables) if manner.metre is None else SMOOTH * smoothness(syllables, manner.metre)
    score += SAME_STRESS * agreement(syllables, like) if like else 0.0
    texts = [word.text.lower() for word in words]
    score += manner_score(texts, draft, associations, manner)
    score += LAST_CHANCE * _brings_what_is_due(texts, draft, is_end=is_end, is_hook_due=is_last and is_chorus)
    score -= repetition(texts, draft) + SLIP * slips(words)
    score -= sameness(words, text, draft)
    score -= UNSEEN_PAIR * pairs.oddness(words, draft.theme | draft.hook) if pairs is not None else 0.0
    score -= INTERJECTION * sum(t in INTERJECTIONS for t in texts) + EXTRA_COMMA * max(0, text[:-1].count(",") - 1)
    if texts[-1] in WEAK_ENDS:
        score -= WEAK_END
    if texts[0] in ALL_BE and not text.endswith("?"):
        score -= WEAK_START
    if is_last == (text[-1] in ",") or (is_last and text[-1].isalnum()):
        score -= UNFINISHED_END
    return score


def theme_score(words: Sequence[Word], draft: Draft, associations: Associations, *, is_chorus: bool) -> float:
    """Reward a theme word that is still missing from the section, and words that keep company with the theme."""
    texts = [word.text.lower() for word in words]
    named = draft.theme | draft.hook
    hits = sum(text in named for text in set(texts))
    said = sum(line_word.text.lower() in named for line in draft.sections[-1] for line_word in line.words)
    content = {text for text in texts if text not in FUNCTION_WORDS}
    company = draft.theme | draft.hook | draft.kin
    near = sum(max(0.0, associations.nearness(text, company)) for text in content) / max(1, len(content))
    bonus = THEME_WORD * (1.5 if is_chorus else 1.0) * min(hits, 1) / (1 + 2 * said)
    bonus += UNSAID_THEME * any(text in named and not draft.used[text] for text in texts)
    return bonus + THEME_NEAR * min(near, NEAR_ENOUGH)


def _brings_what_is_due(texts: Sequence[str], draft: Draft, *, is_end: bool, is_hook_due: bool) -> bool:
    """Return whether a line brings what must come now or never: the theme of a song at its end, the hook of a chorus."""
    if is_hook_due and draft.hook and draft.missing(in_chorus=True).intersection(texts):
        return True
    return is_end and bool(draft.missing(in_chorus=False).intersection(texts))


def sameness(words: Sequence[Word], text: str, draft: Draft) -> float:
    """Return what a line loses for joining on, staying open, or ending as most lines of the song, or of all songs, do."""
    before = draft.texts
    lost = 0.0
    if words[0].text.lower() in JOINERS:
        joined = 1 + sum(line[0] in JOINERS for line in before)
        lost += JOINED_START * (joined > JOINED_SHARE * (len(before) + 1))
    if text.endswith(","):
        left_open = 1 + sum(line.text.endswith(",") for line in draft.lines())
        lost += OPEN_END * (left_open > OPEN_SHARE * (len(before) + 1))
    lost += SAME_FAMILY * (near_family(words[-1].rhyme_key) in draft.near_families)
    lost += COMMONPLACE * max(0.0, commonness(words) - USUAL_COMMONNESS)
    return lost + STOCK_END * max(0.0, log(max(words[-1].count, 1) / STOCK_USES))


def commonness(words: Sequence[Word]) -> float:
    """Return the mean natural logarithm of how often the training texts use the words of a line; rare words are alike."""
    return sum(log(max(word.count, RARE_USES)) for word in words) / len(words)


def manner_score(texts: Sequence[str], draft: Draft, associations: Associations, manner: Manner) -> float:
    """Reward words that keep company with a mood, and the first word in a section of who tells the song."""
    score = 0.0
    if manner.mood_words:
        content = {text for text in texts if text not in FUNCTION_WORDS}
        near = sum(max(0.0, associations.nearness(text, manner.mood_words)) for text in content)
        # "Joy" and "sorrow" keep company with each other, so that alone would not tell them apart.
        near -= AGAINST * sum(max(0.0, associations.nearness(text, manner.against)) for text in content)
        score += MOOD_NEAR * min(near / max(1, len(content)), NEAR_ENOUGH)
    if manner.pronouns.intersection(texts) and not draft.section_says(manner.pronouns):
        score += PERSON
    return score


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


def repetition(texts: Sequence[str], draft: Draft) -> float:
    """Return what a line of lower-case words loses for words, starts and word pairs that the song has used already."""
    content = [text for text in texts if text not in FUNCTION_WORDS]
    lost = REPEATED_WORD * sum(min(draft.used[text], 3) for text in set(content) - draft.theme)
    lost += TWICE_IN_LINE * (len(content) - len({text[:STEM_LETTERS] for text in content}))  # "rain is rained"
    lost += REPEATED_START * sum(line[:1] == texts[:1] for line in draft.texts[-4:])
    lost += REPEATED_START * sum(line[:2] == texts[:2] for line in draft.texts)
    return lost + REPEATED_PAIR * sum(pair in draft.pairs for pair in pairwise(texts))


def slips(words: Sequence[Word]) -> int:
    """Count what no ear forgives: "a" before a vowel, "an" before a consonant, "you am", "I is"."""
    found = 0
    for first, second in pairwise(words):
        subject, sounds_open = first.text.lower(), second.sound[0][-1].isdigit()
        found += (subject == "a" and sounds_open) or (subject == "an" and not sounds_open)
        verb = second.text.lower()
        found += subject in BE_FORMS and verb in ALL_BE - BE_FORMS[subject]
        found += subject in PLURAL_SUBJECTS and verb in SINGULAR_VERBS
        found += subject in SINGULAR_SUBJECTS and verb in PLURAL_VERBS
    return found
