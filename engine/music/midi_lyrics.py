"""The words in a MIDI file: syllables from its lyric or karaoke texts, and the track that sings them.

Knows no bytes and no files.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from engine.music.score import LyricEvent, Track

KARAOKE_MARK = "@K"  # a karaoke (.kar) file says so in a text, and then holds its syllables as texts
_NEW_LINE_MARKS = ("/", "\\")  # of karaoke texts, before the first syllable of a line or a stanza


def karaoke_syllables(texts: Sequence[tuple[int, str]]) -> list[tuple[int, str]]:
    """Return the texts of a karaoke file that are sung, a new line where one is marked. Lyric events have no such marks."""
    sung = [(tick, text) for tick, text in texts if not text.startswith("@")]
    return [(tick, "\n" + text[1:] if text.startswith(_NEW_LINE_MARKS) else text) for tick, text in sung]


def lyric_events(raw: Sequence[tuple[int, str]]) -> list[LyricEvent]:
    """Return the syllables of one chunk stripped; those that go on get their "-" where the file shows words by spaces.

    raw: tick and text in order. Spaces may stand after words, as score_to_midi writes them, or before.
    """
    texts = [text for _, text in raw]
    spaced = any(text.strip() and (text[-1].isspace() or text[0] == " ") for text in texts)
    followers = [*texts[1:], "\n"] if texts else []
    events = []
    for (tick, _), text, following in zip(raw, texts, followers, strict=True):
        goes_on = spaced and not text[-1:].isspace() and not following[:1].isspace()
        if syllable := text.strip():
            events.append(LyricEvent(tick, syllable + "-" if goes_on and syllable[-1] != "-" else syllable))
    return events


def with_lyrics(tracks: list[Track], lyrics: Sequence[LyricEvent]) -> list[Track]:
    """Give the lyrics to the track that has most notes where syllables begin; none where there is no track."""
    if not lyrics or not tracks:
        return tracks
    onsets = {lyric.onset_ticks for lyric in lyrics}
    shared = [0 if t.is_drum else len(onsets & {note.onset_ticks for note in t.notes}) for t in tracks]
    best = shared.index(max(shared))
    merged = sorted((*tracks[best].lyrics, *lyrics), key=lambda lyric: lyric.onset_ticks)
    return [replace(t, lyrics=tuple(merged)) if index == best else t for index, t in enumerate(tracks)]
