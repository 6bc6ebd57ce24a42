"""A lead sheet as ABC 2.1: one voice with chords in quotes, words below it and section names as parts.

Does not know how lengths become notes, rests and ties (see notation).
"""

from __future__ import annotations

from fractions import Fraction

from engine.music.lead_sheet import LeadSheet, SungSyllable, bare, goes_on
from engine.music.score import TICKS_PER_QUARTER
from engine.music.theory import Key
from engine.output.musicxml_harmony import ALTERATIONS
from engine.output.notation import BASS, Written, WrittenBar, clef_of, metronome_mark, written_bars
from engine.output.note_values import NAMES, NoteValue, pulse_ticks

UNIT_TICKS = TICKS_PER_QUARTER // 2  # L:1/8
BARS_PER_LINE = 4
ACCIDENTALS = {-2: "__", -1: "_", 0: "=", 1: "^", 2: "^^"}
SHARPS = "FCGDAEB"
# What ABC reads as a mark is written as the letter that looks alike.
WORDS = str.maketrans(
    {"%": "％", "_": "＿", "*": "＊", "|": "｜", "~": "～", "\\": "＼", "-": "\\-", " ": "~", "\n": "~"}
)
TEXT = str.maketrans({"%": "％", "\\": "＼", '"': "'", "\n": " ", "\r": " "})


def lead_sheet_to_abc(sheet: LeadSheet) -> str:
    """Return the lead sheet as one ABC tune; the same text each time.

    Lines hold four bars; a chord that begins within a note is written over a tied note, as every chord stands before one.
    """
    key, bars = Key.parse(sheet.key_name), written_bars(sheet)
    beat, per_minute = metronome_mark(sheet)
    rows = [
        "%abc-2.1",
        "X:1",
        f"T:{sheet.title.translate(TEXT).strip() or 'Untitled'}",
        f"M:{sheet.time_signature}",
        "L:1/8",
        f"Q:{fraction_of(beat)}={per_minute:g}",
        f"K:{key.short}{clef(sheet)}",
    ]
    for line in lines_of(bars):
        if line[0].label:
            rows.append(f"P:{line[0].label.translate(TEXT)}")
        ends = "|]" if line[-1] is bars[-1] else "|"
        pieces = [cut_at_chords(bar) for bar in line]
        pulse = pulse_ticks(sheet.time_signature)
        written = [abc_bar(inside, bar, key, pulse) for inside, bar in zip(pieces, line, strict=True)]
        rows.append(f"[V:1]{' | '.join(written)} {ends}")
        if sheet.is_sung:
            words = words_below([piece for inside in pieces for piece in inside])
            rows += [f"w:{words}"] if words else []
    return "\n".join(rows) + "\n"


def fraction_of(value: NoteValue) -> str:
    """Return a note value as a fraction of a whole note: "1/4", or "3/8" for a dotted quarter."""
    whole = Fraction(1, 2 ** NAMES.index(value.name)) * (Fraction(3, 2) if value.dots else 1)
    return f"{whole.numerator}/{whole.denominator}"


def clef(sheet: LeadSheet) -> str:
    """Return the bass clef for low voices; a tenor's would make some programs play an octave lower still."""
    return " clef=bass" if clef_of(sheet) == BASS else ""


def lines_of(bars: list[WrittenBar]) -> list[list[WrittenBar]]:
    """Return the bars in lines of four; every section begins a line, and a pickup stands before the first four."""
    lines: list[list[WrittenBar]] = []
    for bar in bars:
        full = len(lines[-1]) - (lines[-1][0].number == 0) >= BARS_PER_LINE if lines else True
        if full or (bar.label and lines[-1][0].number != 0):
            lines.append([])
        lines[-1].append(bar)
    return lines


def cut_at_chords(bar: WrittenBar) -> list[Written]:
    """Return the pieces of a bar, cut and tied where a chord begins within one."""
    return [part for written in bar.pieces for part in written.cut_at([at for at, _ in bar.chords])]


def abc_bar(pieces: list[Written], bar: WrittenBar, key: Key, pulse: int) -> str:
    """Return the notes of a bar; those within a beat of so many ticks stand together, so that they are beamed."""
    chords, altered, text = dict(bar.chords), set[str](), ""
    for index, written in enumerate(pieces):
        onset = written.piece.onset_ticks
        if text and onset % pulse == 0:
            text += " "
        text += f'"{chords[onset].translate(TEXT)}"' if onset in chords else ""
        text += tuplet_mark(pieces, index)
        text += pitch_of(written, key, altered) + length_of(written)
        text += "" if written.note is None or written.is_last else "-"
    return text


def tuplet_mark(pieces: list[Written], index: int) -> str:
    """Return "(3:2:n" before n triplet notes within a quarter, or one longer than that; else nothing."""
    if not is_triplet(pieces[index]):
        return ""
    quarter = pieces[index].piece.onset_ticks // TICKS_PER_QUARTER
    before = pieces[index - 1] if index else None
    if before is not None and is_triplet(before) and before.piece.onset_ticks // TICKS_PER_QUARTER == quarter:
        return ""
    group = [p for p in pieces[index:] if p.piece.onset_ticks // TICKS_PER_QUARTER == quarter]
    count = next((n for n, piece in enumerate(group) if not is_triplet(piece)), len(group))
    return f"(3:2:{count}"


def is_triplet(written: Written) -> bool:
    return written.piece.value is not None and written.piece.value.is_triplet


def pitch_of(written: Written, key: Key, altered: set[str]) -> str:
    """Return the note's name with its octave, or "z". altered: letters that had an accidental in this bar; grows.

    Programs do not agree for how long an accidental holds, so that after one every note of its letter has its own.
    """
    if written.note is None:
        return "z"
    name = key.spell(written.note.pitch % 12)
    alter = ALTERATIONS[name[1:]]
    octave = (written.note.pitch - alter) // 12 - 1
    in_key = (name[0] in SHARPS[: max(key.fifths, 0)]) - (name[0] in SHARPS[::-1][: max(-key.fifths, 0)])
    accidental = ACCIDENTALS[alter] if alter != in_key or name[0] in altered else ""
    if accidental:
        altered.add(name[0])
    letter = name[0].lower() if octave >= 5 else name[0]
    return accidental + letter + ("'" * (octave - 5) if octave >= 5 else "," * (4 - octave))


def length_of(written: Written) -> str:
    """Return the length in eighths, of a triplet as it is written: "" for 1, "3", "/2", "3/2"."""
    eighths = Fraction(written.piece.duration_ticks, UNIT_TICKS) * (Fraction(3, 2) if is_triplet(written) else 1)
    over = f"/{eighths.denominator}" if eighths.denominator > 1 else ""
    return (str(eighths.numerator) if eighths.numerator > 1 else "") + over


def words_below(pieces: list[Written]) -> str:
    """Return a word, or "_" where it goes on, for every written note; syllables of a word are parted by hyphens.

    Empty where nothing begins to be sung.
    """
    text, inside_word, begins = "", False, False
    for written in pieces:
        if written.note is None:
            continue
        if not written.is_first or written.note.syllable is None:
            text += "_"
            continue
        text += ("" if inside_word or not text else " ") + sung(written.note.syllable)
        inside_word, begins = goes_on(written.note.syllable), True
    return text if begins else ""


def sung(syllable: SungSyllable) -> str:
    return bare(syllable).translate(WORDS) + ("-" if goes_on(syllable) else "")
