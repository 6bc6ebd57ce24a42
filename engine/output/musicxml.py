"""A lead sheet as MusicXML 4.0: one part with melody, words, chord symbols and section labels.

Does not know how lengths become notes, rests and ties (see notation) nor how a program lays the page out.
"""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from engine.music.lead_sheet import LeadSheet, SungSyllable, bare
from engine.music.score import TICKS_PER_QUARTER
from engine.music.theory import Key
from engine.output.musicxml_harmony import ALTERATIONS, harmony
from engine.output.notation import Written, WrittenBar, clef_of, metronome_mark, written_bars
from engine.output.note_values import NoteValue

PROLOGUE = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n'
    b'<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN" '
    b'"http://www.musicxml.org/dtds/partwise.dtd">\n'
)
NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


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
    key, bars = Key.parse(sheet.key_name), written_bars(sheet)
    for index, bar in enumerate(bars):
        part.append(bar_element(sheet, key, bar, is_first=index == 0))
    for element, following in zip(list(part)[:-1], bars[1:], strict=True):
        if following.label:
            bar_line(element, "light-light")
    bar_line(part[-1], "light-heavy")
    indent(root, " ")
    return PROLOGUE + bytes(tostring(root, encoding="utf-8", xml_declaration=False)) + b"\n"


def bar_element(sheet: LeadSheet, key: Key, written_bar: WrittenBar, *, is_first: bool) -> Element:
    """Return `<measure>`; in it labels and chord symbols stand before the note during which they begin."""
    bar = Element("measure", number=str(written_bar.number))
    if written_bar.number == 0:
        bar.set("implicit", "yes")  # a pickup, which programs do not count
    if written_bar.label and not is_first:
        SubElement(bar, "print", {"new-system": "yes"})
    if is_first:
        add_attributes(bar, sheet, key)
        add_tempo(bar, sheet)
    for written in written_bar.pieces:
        onset, end = written.piece.onset_ticks, written.piece.onset_ticks + written.piece.duration_ticks
        if written_bar.label and onset <= written_bar.label_ticks < end:
            add_label(bar, written_bar.label, written_bar.label_ticks - onset)
        for at, symbol in written_bar.chords:
            if onset <= at < end:
                element = harmony(clean(symbol), at - onset)
                bar.extend([element] if element is not None else [])
        bar.append(note_element(written, key, sheet.time_signature.bar_ticks))
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
    add_clef(attributes, sheet)


def add_clef(attributes: Element, sheet: LeadSheet) -> None:
    chosen = clef_of(sheet)
    clef = SubElement(attributes, "clef")
    SubElement(clef, "sign").text = chosen.sign
    SubElement(clef, "line").text = str(chosen.line)
    if chosen.octaves:
        SubElement(clef, "clef-octave-change").text = str(chosen.octaves)


def add_tempo(bar: Element, sheet: LeadSheet) -> None:
    """Add the tempo in beats as they are felt: dotted quarters in 6/8."""
    beat, per_minute = metronome_mark(sheet)
    direction = SubElement(bar, "direction", placement="above")
    metronome = SubElement(SubElement(direction, "direction-type"), "metronome")
    SubElement(metronome, "beat-unit").text = beat.name
    for _ in range(beat.dots):
        SubElement(metronome, "beat-unit-dot")
    SubElement(metronome, "per-minute").text = f"{per_minute:g}"
    SubElement(direction, "sound", tempo=f"{sheet.tempo_qpm:g}")


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
    if written.note is not None and written.note.is_spoken:
        SubElement(element, "notehead").text = "x"
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
    SubElement(lyric, "text").text = clean(bare(syllable))
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
