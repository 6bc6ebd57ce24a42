"""The tune of a song or of a file, in lines that words can be written to. Does not know words or models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from engine.errors import RequestError
from engine.lyrics.own_words import MOST_LINES
from engine.music.heard import find_melody, heard_chords, heard_key, melody_line
from engine.music.lead_sheet import LeadSheet, SectionSpan, SungNote
from engine.music.phrases import MOST_NOTES, TimedNote, cut_into_phrases
from engine.music.score import Score
from engine.song.change_words import MELODY
from engine.song.edits import main_tempo, source_and_score
from engine.song.making import Making, SourceSong
from engine.song.parts import part_of
from engine.song.printed_lines import letters_of, repeats_of
from engine.song.source_plan import notes_by_line

LINES_PER_SECTION = 4


@dataclass(frozen=True)
class SungLine:
    """A phrase. held: for each note whether it goes on with the syllable before it; the first never does."""

    notes: tuple[SungNote, ...]
    held: tuple[bool, ...]


@dataclass(frozen=True)
class Tune:
    """A melody in sections of lines, as its lead sheet has them; those of the band alone have no lines.

    words_of: per section the earlier one whose words are sung again, or None. letters: the rhymes that each was planned
    by, "" where there were none. score: the music, in which one track is named as the melody.
    """

    sheet: LeadSheet
    score: Score
    labels: tuple[str, ...]
    lines: tuple[tuple[SungLine, ...], ...]
    words_of: tuple[int | None, ...]
    letters: tuple[str, ...]


def tune_of_song(source: SourceSong) -> Tune:
    """Return the tune of a song: the lines that its words have, or of music without words the phrases heard in it."""
    sheet, score, report = source.sheet, source.score, source.report
    assert sheet is not None
    if score is None or report is None or len(report.sections) != len(sheet.sections):
        raise RequestError("this song was made by an earlier version; ask for another take of it first")
    labels = tuple(span.label for span in sheet.sections)
    if not sheet.is_sung:
        lines = _in_sections(_phrases(sheet.notes), sheet.sections)
        return Tune(sheet, score, labels, lines, _choruses_again(sheet, lines), ("",) * len(labels))
    notes = notes_by_line(sheet, report)
    sung = tuple(
        tuple(_as_sung(notes[s, n]) for n in range(len(section.lines))) for s, section in enumerate(report.sections)
    )
    first = [repeats_of(report, s)[0] if section.lines else s for s, section in enumerate(report.sections)]
    same = [_syllables(sung[s]) == _syllables(sung[again]) for s, again in enumerate(first)]
    words_of = tuple(None if again == s or not same[s] else again for s, again in enumerate(first))
    letters = tuple(letters_of(section) if section.lines else "" for section in report.sections)
    return Tune(sheet, score, labels, sung, words_of, letters)


def tune_of_upload(source: SourceSong, named: str | None) -> Tune:
    """Return the tune of an uploaded file: one track's highest notes, in sections of four phrases.

    Its key and chords are those heard. RequestError where there is no melody, or where tempo or meter change on the way.
    """
    if source.score is None:
        raise RequestError("this has words alone and no music to change; set the words to music first, with /sing")
    _, score = source_and_score(Making(seed=0, models=None, source=source))  # type: ignore[arg-type]  # only looked at
    if len({t.tempo_qpm for t in score.tempos}) > 1 or len({str(t.time_signature) for t in score.time_signatures}) > 1:
        raise RequestError(
            "the tempo or the meter of this file changes on the way, and words are written to steady music only; "
            "send a version with one tempo"
        )
    chosen = find_melody(score, named, [part_of(track) == "melody" for track in score.tracks])
    heard = tuple(SungNote(n.onset_ticks, n.duration_ticks, n.pitch, None) for n in melody_line(score.tracks[chosen]))
    most = MOST_LINES * MOST_NOTES
    if len(heard) > most:
        raise RequestError(
            f"the melody has {len(heard)} notes, and words are written for at most {most}; send a part of it"
        )
    signature, key = score.time_signatures[0].time_signature, heard_key(score)
    phrases = _phrases(heard)
    spans, lines = _sections(phrases, signature.bar_ticks, score.length_ticks)
    sheet = LeadSheet(
        source.title, str(key), signature, main_tempo(score), score.length_ticks, heard,
        heard_chords(score, key, signature.bar_ticks), spans, is_sung=False,
    )  # fmt: skip
    labels = tuple(span.label for span in spans)
    return Tune(sheet, _named(score, chosen), labels, lines, (None,) * len(spans), ("",) * len(spans))


def _phrases(notes: Sequence[SungNote]) -> list[SungLine]:
    cut = cut_into_phrases([TimedNote(note.onset_ticks, note.duration_ticks) for note in notes])
    return [
        SungLine(tuple(notes[n] for n in phrase.notes), tuple(n in phrase.held for n in phrase.notes)) for phrase in cut
    ]


def _as_sung(notes: Sequence[SungNote]) -> SungLine:
    return SungLine(tuple(notes), tuple(note.syllable is None for note in notes))


def _syllables(lines: Sequence[SungLine]) -> list[int]:
    return [line.held.count(False) for line in lines]


def _in_sections(lines: Sequence[SungLine], spans: Sequence[SectionSpan]) -> tuple[tuple[SungLine, ...], ...]:
    """Return the lines by the section in which their middle note begins: a line may begin before its first bar."""
    found: list[list[SungLine]] = [[] for _ in spans]
    for line in lines:
        middle = line.notes[len(line.notes) // 2].onset_ticks
        found[max(n for n, span in enumerate(spans) if n == 0 or span.onset_ticks <= middle)].append(line)
    return tuple(map(tuple, found))


def _choruses_again(sheet: LeadSheet, lines: Sequence[Sequence[SungLine]]) -> tuple[int | None, ...]:
    """Return for each chorus the first one with its very tune; other sections have words of their own."""

    def tune(section: int) -> tuple[str, list[tuple[int, int, int]]]:
        span = sheet.sections[section]
        sung = [note for line in lines[section] for note in line.notes]
        return span.label, [(n.onset_ticks - span.onset_ticks, n.duration_ticks, n.pitch) for n in sung]

    again: list[int | None] = []
    for section, span in enumerate(sheet.sections):
        is_chorus = span.label.lower().startswith("chorus") and lines[section]
        first = next((n for n in range(section) if is_chorus and tune(n) == tune(section)), None)
        again.append(first)
    return tuple(again)


def _sections(
    lines: Sequence[SungLine], bar_ticks: int, length_ticks: int
) -> tuple[tuple[SectionSpan, ...], tuple[tuple[SungLine, ...], ...]]:
    """Return sections of four lines, each from the bar line nearest to its first note, and one before them if there is room."""
    groups = [list(lines[n : n + LINES_PER_SECTION]) for n in range(0, len(lines), LINES_PER_SECTION)]
    if len(groups) > 1 and len(groups[-1]) == 1:
        groups[-2] += groups.pop()
    starts: list[int] = []
    kept: list[list[SungLine]] = []
    for group in groups:
        first = group[0].notes[0].onset_ticks
        start = (first + bar_ticks // 2) // bar_ticks * bar_ticks  # a pickup belongs before the section's first bar
        start = start if start < length_ticks else first // bar_ticks * bar_ticks
        if starts and start <= starts[-1]:
            kept[-1] += group
        else:
            starts.append(start)
            kept.append(group)
    names = [f"Verse {n}" for n in range(1, len(kept) + 1)]
    if starts and starts[0] > 0:
        starts, names, kept = [0, *starts], ["Intro", *names], [[], *kept]
    ends = [*starts[1:], length_ticks]
    spans = tuple(SectionSpan(name, a, b - a) for name, a, b in zip(names, starts, ends, strict=True))
    return spans, tuple(map(tuple, kept))


def _named(score: Score, chosen: int) -> Score:
    """Return the score in which one track is the melody by name, and no other has words."""
    tracks = []
    for n, track in enumerate(score.tracks):
        name = MELODY if n == chosen else f"{track.name} 2" if track.name == MELODY else track.name
        tracks.append(replace(track, name=name, lyrics=()))
    return replace(score, tracks=tuple(tracks))
