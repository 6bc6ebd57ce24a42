"""A lead sheet as MusicXML 4.0: one part with melody, words, chord symbols and section labels.

Does not know how lengths become notes, rests and ties (see notation) nor how a program lays the page out.
"""

from __future__ import annotations

import re
from statistics import median
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from engine.music.lead_sheet import LeadSheet, SungSyllable
from engine.music.score import TICKS_PER_QUARTER
from engine.music.theory import Key
from engine.output.musicxml_harmony import ALTERATIONS, harmony
from engine.output.notation import Written, write_out
from engine.output.note_values import NoteValue

PROLOGUE = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n'
    b'<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN" '
    b'"http://www.musicxml.org/dtds/partwise.dtd">\n'
)
NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
LOWEST_TREBLE_PITCH, LOWEST_TENOR_PITCH = 60, 53  # of the median note; see add_clef


def lead_sheet_to_musicxml(sheet: LeadSheet) -> bytes:
    """Return the lead sheet as an uncompressed MusicXML file; the same bytes each time.

    Rests fill what is not sung, up to the end of the last bar. A sheet without notes has empty bars with chords.
    """
    root = Element("score-partwise", version="4.0")
    SubElement(SubElement(root, "work"), "work-title").text = clean(sheet.title)
    encoding = SubElement(SubElement(root, "identification"), "encoding")
    SubElement(encoding, "software").text = "Songwright"
    score_part = SubElement(SubElement(root, "part-list"), "score-part", id="P1")
    SubElement(score_part, "part-name").text = "Voice" if sheet.is_sung else "Melody"
    part = SubElement(root, "part", id="P1")
    key, bars = Key.parse(sheet.key_name), in_bars(sheet)
    for number, inside in enumerate(bars, start=1):
        part.append(bar_element(sheet, key, number, inside))
    bar_line(part[-1], "light-heavy")
    indent(root, " ")
    return PROLOGUE + bytes(tostring(root, encoding="utf-8", xml_declaration=False)) + b"\n"


def in_bars(sheet: LeadSheet) -> list[list[Written]]:
    """Return what is written in each bar."""
    written, bar_ticks = write_out(sheet), sheet.time_signature.bar_ticks
    bars: list[list[Written]] = [[] for _ in range(written[-1].piece.onset_ticks // bar_ticks + 1)]
    for part in written:
        bars[part.piece.onset_ticks // bar_ticks].append(part)
    return bars


def bar_element(sheet: LeadSheet, key: Key, number: int, inside: list[Written]) -> Element:
    """Return `<measure>`; in it labels and chord symbols stand before the note during which they begin."""
    bar = Element("measure", number=str(number))
    bar_ticks = sheet.time_signature.bar_ticks
    starts = {section.onset_ticks // bar_ticks for section in sheet.sections}
    if number > 1 and number - 1 in starts:
        SubElement(bar, "print", {"new-system": "yes"})
    if number == 1:
        add_attributes(bar, sheet, key)
        add_tempo(bar, sheet.tempo_qpm)
    for written in inside:
        onset, end = written.piece.onset_ticks, written.piece.onset_ticks + written.piece.duration_ticks
        for section in sheet.sections:
            if onset <= section.onset_ticks < end:
                add_label(bar, section.label, section.onset_ticks - onset)
        for chord in sheet.chords:
            if onset <= chord.onset_ticks < end:
                symbol = harmony(clean(chord.symbol), chord.onset_ticks - onset)
                bar.extend([symbol] if symbol is not None else [])
        bar.append(note_element(written, key, bar_ticks))
    if number in starts:
        bar_line(bar, "light-light")
    return bar


def add_attributes(bar: Element, sheet: LeadSheet, key: Key) -> None:
    attributes = SubElement(bar, "attributes")
    SubElement(attributes, "divisions").text = str(TICKS_PER_QUARTER)
    signature = SubElement(attributes, "key")
    SubElement(signature, "fifths").text = str(key.fifths)
    SubElement(signature, "mode").text = key.mode
    time = SubElement(attributes, "time")
    SubElement(time, "beats").text = str(sheet.time_signature.numerator)
    SubElement(time, "beat-type").text = str(sheet.time_signature.denominator)
    add_clef(attributes, [note.pitch for note in sheet.notes])


def add_clef(attributes: Element, pitches: list[int]) -> None:
    """Add a treble clef, one that sounds an octave lower for tenors, or a bass clef."""
    middle = median(pitches) if pitches else LOWEST_TREBLE_PITCH
    clef = SubElement(attributes, "clef")
    is_bass = middle < LOWEST_TENOR_PITCH
    SubElement(clef, "sign").text = "F" if is_bass else "G"
    SubElement(clef, "line").text = "4" if is_bass else "2"
    if not is_bass and middle < LOWEST_TREBLE_PITCH:
        SubElement(clef, "clef-octave-change").text = "-1"


def add_tempo(bar: Element, tempo_qpm: float) -> None:
    direction = SubElement(bar, "direction", placement="above")
    metronome = SubElement(SubElement(direction, "direction-type"), "metronome")
    SubElement(metronome, "beat-unit").text = "quarter"
    SubElement(metronome, "per-minute").text = f"{tempo_qpm:g}"
    SubElement(direction, "sound", tempo=f"{tempo_qpm:g}")


def add_label(bar: Element, label: str, offset_ticks: int) -> None:
    direction = SubElement(bar, "direction", placement="above")
    SubElement(SubElement(direction, "direction-type"), "rehearsal").text = clean(label)
    if offset_ticks:
        SubElement(direction, "offset").text = str(offset_ticks)


def note_element(written: Written, key: Key, bar_ticks: int) -> Element:
    """Return `<note>`. The order of its children is fixed by the format."""
    element = Element("note")
    is_whole_bar = written.note is None and written.piece.duration_ticks == bar_ticks
    if written.note is None:
        SubElement(element, "rest", {"measure": "yes"} if is_whole_bar else {})
    else:
        add_pitch(element, written.note.pitch, key)
    SubElement(element, "duration").text = str(written.piece.duration_ticks)
    ties = tie_types(written)
    for kind in ties:
        SubElement(element, "tie", type=kind)
    SubElement(element, "voice").text = "1"
    if written.piece.value is not None:
        add_value(element, written.piece.value)
    if ties or written.slur:
        notations = SubElement(element, "notations")
        for kind in ties:
            SubElement(notations, "tied", type=kind)
        if written.slur:
            SubElement(notations, "slur", type=written.slur, number="1")
    if written.note is not None and written.note.syllable is not None and written.is_first:
        add_lyric(element, written.note.syllable, goes_on=written.goes_on)
    return element


def add_pitch(element: Element, pitch: int, key: Key) -> None:
    """Add the pitch as the key spells it: 59 is B3 in C major and C flat 4 in Gb major."""
    name = key.spell(pitch % 12)
    alter = ALTERATIONS[name[1:]]
    place = SubElement(element, "pitch")
    SubElement(place, "step").text = name[0]
    if alter:
        SubElement(place, "alter").text = str(alter)
    SubElement(place, "octave").text = str((pitch - alter) // 12 - 1)


def tie_types(written: Written) -> list[str]:
    """Return "stop" for a piece tied to the one before and "start" for one tied to the next."""
    if written.note is None:
        return []
    return ([] if written.is_first else ["stop"]) + ([] if written.is_last else ["start"])


def add_value(element: Element, value: NoteValue) -> None:
    SubElement(element, "type").text = value.name
    for _ in range(value.dots):
        SubElement(element, "dot")
    if value.is_triplet:
        modification = SubElement(element, "time-modification")
        SubElement(modification, "actual-notes").text = "3"
        SubElement(modification, "normal-notes").text = "2"


def add_lyric(element: Element, syllable: SungSyllable, *, goes_on: bool) -> None:
    """Add the syllable, with a line after it if a word's last syllable goes on; within a word hyphens do that."""
    lyric = SubElement(element, "lyric", number="1")
    SubElement(lyric, "syllabic").text = syllable.word_position
    SubElement(lyric, "text").text = clean(syllable.text)
    if goes_on and syllable.word_position in ("single", "end"):
        SubElement(lyric, "extend")


def bar_line(bar: Element, style: str) -> None:
    """Set the style of the line at the bar's right side."""
    for old in bar.findall("barline"):
        bar.remove(old)
    SubElement(SubElement(bar, "barline", location="right"), "bar-style").text = style


def clean(text: str) -> str:
    """Return the text without the control characters that XML forbids."""
    return NOT_IN_XML.sub("", text)
