"""What the picture of an explanation shows, found in the song. Does not know how it is drawn."""

from __future__ import annotations

from engine.lyrics.prosody import Syllable, syllables_of
from engine.lyrics.rhyme import find_scheme
from engine.lyrics.text import Section
from engine.music.lead_sheet import SungNote
from engine.output.explanation_picture import Block, ChordRow, ExplanationPage, SpokenLine, SpokenSyllable
from engine.song.alignment import metric_weight, sung_stress
from engine.song.explain_chords import chords_of, ways_of
from engine.song.explain_form import BLOCK_BARS, heard_blocks, parts_of
from engine.song.explain_metre import STRONG
from engine.song.explain_subject import Subject, kind_of
from engine.song.explain_wording import sentence


def page_of(subject: Subject) -> ExplanationPage:
    """Return the page of a song; parts of which nothing is known are empty."""
    sheet = subject.sheet
    facts = f"{sheet.key_name}   ·   {sheet.time_signature}   ·   ♩ = {sheet.tempo_qpm:g}" if sheet else ""
    verse = _verse(subject)
    return ExplanationPage(
        title=subject.title,
        facts=facts,
        form=_blocks(subject),
        chords=_chord_rows(subject),
        verse_label=verse.label if verse else "",
        verse=_spoken_lines(subject, verse) if verse else (),
    )


def _blocks(subject: Subject) -> tuple[Block, ...]:
    parts = parts_of(subject)
    if parts:
        return tuple(
            Block(part.label or "Words", part.bars or len(part.lines),
                  counted_digits(part.bars, "bar") if part.bars else counted_digits(len(part.lines), "line"))
            for part in parts
        )  # fmt: skip
    return tuple(Block(letter, BLOCK_BARS, counted_digits(BLOCK_BARS, "bar")) for letter in heard_blocks(subject))


def counted_digits(count: int, thing: str) -> str:
    """Return "8 bars", as it is short enough for a picture."""
    return f"{count} {thing}{'s' * (count != 1)}"


def _chord_rows(subject: Subject) -> tuple[ChordRow, ...]:
    if subject.sheet is None:
        return ()
    ways = ways_of(subject, chords_of(subject.sheet))
    rows = []
    for labels, way in ways:
        kinds = list(dict.fromkeys(kind_of(label) for label in labels))
        name = (
            sentence(", ".join(kinds))
            if len({kind for other, _ in ways for kind in map(kind_of, other)}) >= len(ways)
            else labels[0]
        )
        rows.append(ChordRow(name, tuple((chord.symbol, chord.numeral) for chord in way)))
    return tuple(rows)


def _verse(subject: Subject) -> Section | None:
    """Return the section that is shown: the first verse, or the first of all; None without English words."""
    if not subject.sections or subject.is_chinese:
        return None
    return next((section for section in subject.sections if section.kind == "verse"), subject.sections[0])


def _spoken_lines(subject: Subject, verse: Section) -> tuple[SpokenLine, ...]:
    first = next(
        sum(len(before.lines) for before in subject.sections[:n]) for n, s in enumerate(subject.sections) if s is verse
    )
    scheme = find_scheme(verse.lines)
    sung = subject.sung_lines[first : first + len(verse.lines)]
    lines = []
    for index, line in enumerate(verse.lines):
        notes = [note for note in sung[index] if note.syllable is not None] if sung else []
        lines.append(SpokenLine(_spoken(subject, syllables_of(line), notes), scheme[index]))
    return tuple(lines)


def _spoken(subject: Subject, syllables: tuple[Syllable, ...], notes: list[SungNote]) -> tuple[SpokenSyllable, ...]:
    """Return the syllables of a line with their beats, where as many are sung as are counted in the printed line."""
    placed: list[SungNote | None] = list(notes) if len(notes) == len(syllables) else [None] * len(syllables)
    found = []
    for syllable, note in zip(syllables, placed, strict=True):
        beat, strong = _beat(subject, note) if note is not None else ("", False)
        found.append(
            SpokenSyllable(
                syllable.text,
                sung_stress(syllable.text, syllable.stress, syllable.word_position) > 0,
                syllable.word_position in ("single", "end"),
                beat,
                strong,
            )
        )
    return tuple(found)


def _beat(subject: Subject, note: SungNote) -> tuple[str, bool]:
    """Return the beat on which a note begins, from "1" on, and whether it is a strong one; "" off the beat."""
    assert subject.sheet is not None
    signature = subject.sheet.time_signature
    beat, rest = divmod(note.onset_ticks % signature.bar_ticks, signature.beat_ticks)
    return ("" if rest else str(beat + 1)), metric_weight(note.onset_ticks, signature) >= STRONG
