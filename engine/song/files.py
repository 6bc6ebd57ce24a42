"""The files of a song: which there are, what they are called, and how they are made. Does not know requests or models."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass

from engine.contract import Artifact
from engine.errors import OutputError
from engine.file_requests import FILES, USUAL_FILES
from engine.music.changed_bars import changed_bars
from engine.music.lead_sheet import LeadSheet
from engine.music.midi_file import length_seconds, score_to_midi
from engine.music.score import Score
from engine.output.audio import Sound
from engine.output.engraver import Form
from engine.song.making import Making

OUTPUTS = USUAL_FILES
TITLE_SLUG_CHARACTERS = 60
# Beyond these a picture and sound would take minutes: a file of 1 MB may hold 300,000 notes or last for hours.
LONGEST_SHOWN_SECONDS, MOST_SHOWN_NOTES = 600, 50_000
# The synthesiser plays track by track, and slower the more notes sound at once: 64 tracks of long notes took minutes.
MOST_TRACK_SECONDS, MOST_NOTE_SECONDS = 5_000, 12_000
_SOUNDS: tuple[Sound, ...] = ("ogg", "mp3", "stems")
_STAGES: dict[str, str] = {
    "png": "picture",
    "sheet": "picture",
    "pdf": "picture",
    "ogg": "audio",
    "mp3": "audio",
    "stems": "audio",
    "guide": "audio",
}
_BIG = (*_SOUNDS, "guide", "png")  # those that the limits above are for


@dataclass(frozen=True)
class _Song:
    """What files are made of.

    title: shown where the score has none. text: "" where nothing is sung. sheet: None for an upload. before: what an edit
    began with. notices: sentences for whoever asked, filled in as files are made.
    """

    title: str
    text: str
    sheet: LeadSheet | None
    score: Score
    making: Making
    before: Score | None
    notices: list[str]


@dataclass(frozen=True)
class _File:
    """How a file is made. ending: of its name. make: its bytes, or those of its pages. needs: what a song must have."""

    ending: str
    media_type: str
    make: Callable[[_Song], bytes | list[bytes]]
    needs: str = "music"


def make_files(
    title: str, text: str, sheet: LeadSheet | None, score: Score, making: Making, *, before: Score | None = None
) -> tuple[tuple[Artifact, ...], tuple[str, ...]]:
    """Return the files asked for, and a sentence for each that could not be made.

    text: "" where nothing is sung, so that there are no words to write. sheet: None for an upload, which then has
    neither MusicXML nor LRC. before: what the music was before an edit, so that the picture shows which bars are new.
    Sound and picture are left out of music that is longer or denser than the limits above.
    """
    notices: list[str] = []
    song = _Song(title, text, sheet, score, making, before, notices)
    asked = OUTPUTS if making.outputs is None else [name for name in FILES if name in making.outputs]
    wanted = [name for name in asked if not lack(name, text, sheet)]
    notices += [lack(name, text, sheet) for name in asked if name not in wanted and name not in USUAL_FILES]
    if sentence := _too_much(score):
        left_out = [f".{_FILES[name].ending}" for name in wanted if name in _BIG]
        wanted = [name for name in wanted if name not in _BIG]
        notices += [f"no {' and no '.join(left_out)}: {sentence}"] if left_out else []
    made: list[Artifact] = []
    with ExitStack() as begun:
        playing = {name: _begun_audio(song, name, begun) for name in _SOUNDS if name in wanted}
        for name in wanted:
            file = _FILES[name]
            with making.stage(_STAGES.get(name, "score")):
                try:
                    made += _named(slug(title), file, playing[name]() if name in playing else file.make(song))
                except OutputError as error:
                    notices.append(f"no .{file.ending}: {error}")
    return tuple(made), tuple(notices)


def slug(title: str) -> str:
    """Return a file name for a title: lower-case words, or Chinese ones, joined by hyphens; "song" where no letter is left."""
    return (
        re.sub(r"[^a-z0-9\u4e00-\u9fff]+", "-", title.lower()).strip("-")[:TITLE_SLUG_CHARACTERS].rstrip("-") or "song"
    )


def lack(name: str, text: str, sheet: LeadSheet | None) -> str:
    """Return the sentence that says why a file cannot be made of this song; "" where it can."""
    file = _FILES[name]
    has = {
        "music": True,
        "words": bool(text),
        "sheet": sheet is not None,
        "singing": sheet is not None and sheet.is_sung,
    }
    return "" if has[file.needs] else f"no .{file.ending}: {_LACKS[file.needs]}"


_LACKS = {
    "words": "there are no words",
    "sheet": "this is a MIDI file, of which no lead sheet is known",
    "singing": "nothing is sung in it",
}


def _named(stem: str, file: _File, made: bytes | list[bytes]) -> Iterable[Artifact]:
    """Give names to a file or to its pages: song.sheet.png, song.sheet-2.png ..."""
    pages = [made] if isinstance(made, bytes) else made
    first, _, last = file.ending.rpartition(".")
    for number, data in enumerate(pages, start=1):
        ending = file.ending if number == 1 else f"{first}-{number}.{last}"
        yield Artifact(f"{stem}.{ending}", file.media_type, data)


def _too_much(score: Score) -> str:
    seconds, notes = length_seconds(score), sum(len(track.notes) for track in score.tracks)
    if seconds > LONGEST_SHOWN_SECONDS:
        minutes = LONGEST_SHOWN_SECONDS // 60
        return f"the music lasts {seconds / 60:.0f} minutes, and sound and pictures are made up to {minutes}"
    if notes > MOST_SHOWN_NOTES:
        return f"the music has {notes} notes, and sound and pictures are made up to {MOST_SHOWN_NOTES}"
    tracks = sum(bool(track.notes) for track in score.tracks)
    sounding_ticks = sum(note.duration_ticks for track in score.tracks for note in track.notes)
    if tracks * seconds > MOST_TRACK_SECONDS or sounding_ticks * seconds > MOST_NOTE_SECONDS * score.length_ticks:
        return "the music has too many notes and tracks at once; mute some parts or send a shorter piece"
    return ""


# Imported when needed: matplotlib and the synthesiser take longer to import than a file takes to write.
def _midi(song: _Song) -> bytes:
    return score_to_midi(song.score)


def _text(song: _Song) -> bytes:
    return song.text.encode()


def _sheet_of(song: _Song) -> LeadSheet:
    assert song.sheet is not None, "files that need a lead sheet are left out where there is none"
    return song.sheet


def _musicxml(song: _Song) -> bytes:
    from engine.output.musicxml import lead_sheet_to_musicxml

    return lead_sheet_to_musicxml(_sheet_of(song))


def _words_by_time(song: _Song) -> bytes:
    from engine.output.karaoke import lead_sheet_to_lrc

    return lead_sheet_to_lrc(_sheet_of(song), song.score).encode()


def _lines_by_time(song: _Song) -> bytes:
    from engine.output.karaoke import lead_sheet_to_lrc

    return lead_sheet_to_lrc(_sheet_of(song), song.score, "lines").encode()


def _syllables_by_time(song: _Song) -> bytes:
    from engine.output.karaoke import lead_sheet_to_lrc

    return lead_sheet_to_lrc(_sheet_of(song), song.score, "syllables").encode()


def _karaoke(song: _Song) -> bytes:
    from engine.music.karaoke_file import score_to_kar

    return score_to_kar(song.score, _sheet_of(song))


def _abc(song: _Song) -> bytes:
    from engine.output.abc import lead_sheet_to_abc

    return lead_sheet_to_abc(_sheet_of(song)).encode()


def _chord_sheet(song: _Song) -> bytes:
    from engine.output.chord_sheet import lead_sheet_to_chordpro

    return lead_sheet_to_chordpro(_sheet_of(song)).encode()


def _lead_sheet(song: _Song) -> list[bytes]:
    from engine.output.lead_sheet_picture import lead_sheet_pngs

    return _engraved(song, "png") or lead_sheet_pngs(_sheet_of(song), song.making.cancelled)


def _printed_lead_sheet(song: _Song) -> bytes:
    from engine.output.lead_sheet_picture import lead_sheet_pdf

    pages = _engraved(song, "pdf")
    return pages[0] if pages else lead_sheet_pdf(_sheet_of(song), song.making.cancelled)


def _engraved(song: _Song, form: Form) -> list[bytes]:
    """Return the pages of the engraver that is set; none without one, or where it fails, which a notice says."""
    if song.making.engraver is None:
        return []
    from engine.output.engraver import find_engraver

    try:
        return find_engraver(song.making.engraver).pages(_musicxml(song), form, song.making.cancelled)
    except OutputError as error:
        song.notices.append(f"the pages are drawn by Songwright: {error}")
        return []


def _piano_roll(song: _Song) -> bytes:
    changed = changed_bars(song.before, song.score) if song.before is not None else None
    if song.sheet is not None:
        from engine.output.picture import piano_roll_png

        return piano_roll_png(song.sheet, song.score, song.making.cancelled, changed)
    from engine.output.score_picture import score_png

    return score_png(song.score, changed, song.title)


def _vocal_guide(song: _Song) -> bytes:
    from engine.output.vocal_guide import vocal_guide_ogg

    return vocal_guide_ogg(_sheet_of(song), song.score, song.making.soundfont, song.making.cancelled)


def _sound(song: _Song) -> bytes:
    raise AssertionError("sound is begun before the other files are made")


_FILES = {
    "mid": _File("mid", "audio/midi", _midi),
    "txt": _File("txt", "text/plain", _text, "words"),
    "musicxml": _File("musicxml", "application/vnd.recordare.musicxml+xml", _musicxml, "sheet"),
    "lrc": _File("lrc", "text/plain", _words_by_time, "singing"),
    "png": _File("png", "image/png", _piano_roll),
    "ogg": _File("ogg", "audio/ogg", _sound),
    "sheet": _File("sheet.png", "image/png", _lead_sheet, "sheet"),
    "pdf": _File("pdf", "application/pdf", _printed_lead_sheet, "sheet"),
    "kar": _File("kar", "audio/midi", _karaoke, "singing"),
    "abc": _File("abc", "text/vnd.abc", _abc, "sheet"),
    "cho": _File("cho", "text/plain", _chord_sheet, "singing"),
    "lrc-lines": _File("lines.lrc", "text/plain", _lines_by_time, "singing"),
    "lrc-syllables": _File("syllables.lrc", "text/plain", _syllables_by_time, "singing"),
    "mp3": _File("mp3", "audio/mpeg", _sound),
    "stems": _File("stems.zip", "application/zip", _sound),
    "guide": _File("guide.ogg", "audio/ogg", _vocal_guide, "singing"),
}


def _begun_audio(song: _Song, name: Sound, begun: ExitStack) -> Callable[[], bytes]:
    """Start the synthesiser, which plays in a process of its own while the other files are made; return its end."""
    from engine.output.audio import Rendering, find_soundfont

    try:
        soundfont = find_soundfont(song.making.soundfont)
        rendering = begun.enter_context(Rendering(song.score, soundfont, name, song.making.largest_file_bytes))
    except OutputError as error:
        return _failing(error)
    return lambda: rendering.wait(song.making.cancelled)


def _failing(error: OutputError) -> Callable[[], bytes]:
    def fail() -> bytes:
        raise error

    return fail
