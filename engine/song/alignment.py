"""Alignment of words with metre: how heavy a syllable is, how heavy a place in the bar. Does not know models."""

from __future__ import annotations

import re

from engine.music.score import TICKS_PER_QUARTER, TimeSignature

# Words that a dictionary gives a stress when they stand alone, and that verse treats as weak.
_WEAK = """
    a an the and but or nor as if than that this of in on at to by for from with into upon unto till o'er 'neath
    i'm i'll i've you'll you're we'll we're he's she's it's they'll i me my mine you your thou thee thy ye he him his
    she her it its we us our they them their who whom whose which what am is are was were be been do does did doth has
    hath have had hast shall should will would wilt may might can could must let so some no not there when where while
    how then just 'tis 'twas o oh
"""
# Of those, words that may as well be sung on a beat: nothing is lost when they are.
_OPEN = """
    i you he she we they thou me thee him us my your what who when where how no not so oh o
"""
WEAK_WORDS, OPEN_WORDS = frozenset(_WEAK.split()), frozenset(_OPEN.split())


def sung_stress(text: str, stress: int, word_position: str) -> int:
    """Return the stress as sung: as in the dictionary, but 0 for words of one syllable that verse treats as weak."""
    if word_position != "single":
        return stress
    word = re.sub(r"[^a-z']", "", text.lower().replace("’", "'"))
    return 0 if word in WEAK_WORDS else max(stress, 1)


def may_be_heavy(text: str) -> bool:
    """Return whether a weak word of one syllable, such as "you", sounds as well on a strong beat."""
    return re.sub(r"[^a-z]", "", text.lower()) in OPEN_WORDS


def breath_after(text: str) -> int:
    """Return how much a singer wants to breathe after a syllable as printed: 2 at a stop or dash, 1 at a comma, 0 else."""
    end = re.sub(r"""['"’”)\]\s]+$""", "", text)[-1:]
    return 2 if end in tuple(".;:!?…—–。；：！？") else 1 if end in tuple(",，、") else 0


def metric_weight(onset_ticks: int, time_signature: TimeSignature) -> int:
    """Return 3 on the downbeat, 2 in the middle of the bar, 1 on other beats, 0 off the beat.

    The middle is beat 3 of 4/4 and each further dotted quarter of 6/8, 9/8 and 12/8; 2/4 and 3/4 have none.
    """
    place = onset_ticks % time_signature.bar_ticks
    if place == 0:
        return 3
    if _is_compound(time_signature):
        strong, beat = 3 * time_signature.beat_ticks, time_signature.beat_ticks
    else:
        middle = time_signature.numerator % 2 == 0 and time_signature.numerator >= 4
        strong = time_signature.bar_ticks // 2 if middle else time_signature.bar_ticks
        beat = time_signature.beat_ticks
    if place % strong == 0:
        return 2
    return 1 if place % beat == 0 else 0


def _is_compound(time_signature: TimeSignature) -> bool:
    return time_signature.numerator % 3 == 0 and time_signature.numerator > 3


def pickup_ticks(weak_syllables: int, time_signature: TimeSignature) -> int:
    """Return how early a line that begins with so many weak syllables may start before its first bar.

    One weak syllable has a quarter, or an eighth in compound time; more have twice that, at most half a bar, and one
    beat where a bar has three.
    """
    if not weak_syllables:
        return 0
    unit = TICKS_PER_QUARTER // 2 if _is_compound(time_signature) else TICKS_PER_QUARTER
    longest = time_signature.bar_ticks // (2 if time_signature.numerator % 2 == 0 else 3)
    return min(unit * min(weak_syllables, 2), longest)
