"""The words of a song's files as other people's programs read them: mido, pretty_midi, symusic, music21, an LRC player.

Does not know how the files are written; what they should hold is told from the lead sheet. A reader that is not installed
has no figure. A new format is a function here and a row in READERS.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from engine.music.lead_sheet import LeadSheet, syllables_covered, words_of_line
from engine.music.score import TICKS_PER_QUARTER

Sung = list[tuple[float, str]]  # (seconds from the start, letters)
TOLERANCE_SECONDS = 0.011  # LRC counts hundredths
_STAMP = re.compile(r"[\[<](\d+):(\d+(?:\.\d+)?)[\]>]")


def expected_syllables(sheet: LeadSheet) -> Sung:
    """Return every syllable with the seconds at which it is sung."""
    sung = [(note.onset_ticks, note.syllable) for note in sheet.notes if note.syllable is not None]
    return [(seconds_at(sheet, onset), letters(syllable.text)) for onset, syllable in sung]


def expected_words(sheet: LeadSheet) -> Sung:
    """Return every word with the seconds at which its first syllable is sung."""
    words: Sung = []
    for note in sheet.notes:
        if note.syllable is None:
            continue
        if note.syllable.word_position in ("single", "begin") or not words:
            words.append((seconds_at(sheet, note.onset_ticks), letters(note.syllable.text)))
        else:
            words[-1] = words[-1][0], words[-1][1] + letters(note.syllable.text)
    return words


def seconds_at(sheet: LeadSheet, ticks: int) -> float:
    """Return the time of a tick in seconds; a lead sheet has one tempo."""
    return ticks / TICKS_PER_QUARTER * 60 / sheet.tempo_qpm


def letters(text: str) -> str:
    """Return a syllable as it is compared: without spaces and the hyphens and underscores that formats add."""
    return re.sub(r"[\s\-_]", "", text).lower()


def same(read: Sequence[tuple[float, str]], expected: Sequence[tuple[float, str]]) -> bool:
    """Return whether both have the same texts in the same order, at the same times to within a hundredth of a second."""
    return len(read) == len(expected) and all(
        text == wanted and abs(seconds - at) <= TOLERANCE_SECONDS
        for (seconds, text), (at, wanted) in zip(read, expected, strict=True)
    )


def midi_by_mido(data: bytes) -> Sung:
    """Return the lyric events of a MIDI file as mido plays them."""
    import mido

    found: Sung = []
    seconds = 0.0
    for message in mido.MidiFile(file=io.BytesIO(data), charset="utf-8"):  # iterating is playing: times are seconds
        seconds += message.time
        if message.type == "lyrics" and letters(message.text):
            found.append((seconds, letters(message.text)))
    return found


def midi_by_pretty_midi(data: bytes) -> Sung:
    """Return the lyric events of a MIDI file as pretty_midi reads them."""
    import pretty_midi

    lyrics = pretty_midi.PrettyMIDI(io.BytesIO(data), charset="utf-8").lyrics
    return [(float(lyric.time), letters(lyric.text)) for lyric in lyrics if letters(lyric.text)]


def midi_by_symusic(data: bytes) -> Sung:
    """Return the lyric events of a MIDI file as symusic reads them."""
    import symusic

    score: Any = symusic.Score.from_midi(data)  # its stubs leave the kinds of scores open
    score = score.to("second")
    events = sorted((float(e.time), e.text) for track in score.tracks for e in track.lyrics)
    return [(seconds, letters(text)) for seconds, text in events if letters(text)]


def musicxml_by_music21(data: bytes) -> tuple[Sung, list[str]]:
    """Return the lyrics of a MusicXML file as music21 reads them, in quarters, and what it warned of."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its import
        import music21
    with warnings.catch_warnings(record=True) as caught, TemporaryDirectory() as folder:
        warnings.simplefilter("always")
        path = Path(folder) / "song.musicxml"
        path.write_bytes(data)
        score = music21.converter.parse(path, forceSource=True)
        found = [
            (float(note.getOffsetInHierarchy(score)), letters(note.lyrics[0].rawText or note.lyrics[0].text))
            for note in score.recurse().notes
            if note.lyrics
        ]
    told = [str(one.message) for one in caught if not issubclass(one.category, DeprecationWarning)]
    return [(at, text) for at, text in found if text], told


def lrc_words(text: str) -> Sung:
    """Return the words of an LRC text with their seconds, as a player reads it: word by word where words have times.

    A line that has one time for all its words is one entry. Tags such as [ti:...] are left out.
    """
    found: Sung = []
    for row in text.splitlines():
        stamps = list(_STAMP.finditer(row))
        for stamp, following in zip(stamps, [*stamps[1:], None], strict=False):
            end = following.start() if following is not None else len(row)
            if said := letters(row[stamp.end() : end]):
                found.append((int(stamp[1]) * 60 + float(stamp[2]), said))
    return found


def _mid_is_right(read: Callable[[bytes], Sung]) -> Callable[[LeadSheet, bytes], bool]:
    return lambda sheet, data: same(read(data), expected_syllables(sheet))


def _musicxml_is_right(sheet: LeadSheet, data: bytes) -> bool:
    found, warned = musicxml_by_music21(data)
    quarters = [(seconds_at(sheet, round(at * TICKS_PER_QUARTER)), text) for at, text in found]
    return not warned and same(quarters, expected_syllables(sheet))


def _lrc_is_right(sheet: LeadSheet, data: bytes) -> bool:
    """Compare word by word, or line by line where the file has a time for each line alone."""
    read = lrc_words(data.decode("utf-8"))
    if len(read) > 1 + max((s.line for s in syllables_covered(sheet)), default=-1):
        return same(read, expected_words(sheet))
    return same(read, expected_lines(sheet))


def expected_lines(sheet: LeadSheet) -> Sung:
    """Return every line with the seconds at which it begins."""
    starts: dict[int, float] = {}
    for note in sheet.notes:
        if note.syllable is not None:
            starts.setdefault(note.syllable.line, seconds_at(sheet, note.onset_ticks))
    return [(at, letters("".join(words_of_line(sheet, line)))) for line, at in starts.items()]


# (the ending of the file, whether a program reads from it what the sheet says), by what is said of it.
READERS: Mapping[str, tuple[str, Callable[[LeadSheet, bytes], bool]]] = {
    "MIDI by mido": ("mid", _mid_is_right(midi_by_mido)),
    "MIDI by pretty_midi": ("mid", _mid_is_right(midi_by_pretty_midi)),
    "MIDI by symusic": ("mid", _mid_is_right(midi_by_symusic)),
    "MusicXML by music21, no warning": ("musicxml", _musicxml_is_right),
    "LRC by a player": ("lrc", _lrc_is_right),
}


def read_back(name: str, sheet: LeadSheet, files: Mapping[str, bytes]) -> bool | None:
    """Return whether a reader finds every syllable at its time; None where the file or the reader is not there."""
    ending, is_right = READERS[name]
    if ending not in files:
        return None
    try:
        return is_right(sheet, files[ending])
    except ImportError:
        return None
