"""The files of a song: which there are, what they are called, and how they are made. Does not know requests or models."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import ExitStack

from engine.contract import Artifact
from engine.errors import OutputError
from engine.music.changed_bars import changed_bars
from engine.music.lead_sheet import LeadSheet
from engine.music.midi_file import length_seconds, score_to_midi
from engine.music.score import Score
from engine.song.making import Making

OUTPUTS = ("mid", "txt", "musicxml", "lrc", "png", "ogg")
TITLE_SLUG_CHARACTERS = 60
# Beyond these a picture and sound would take minutes: a file of 1 MB may hold 300,000 notes or last for hours.
LONGEST_SHOWN_SECONDS, MOST_SHOWN_NOTES = 600, 50_000
# The synthesiser plays track by track, and slower the more notes sound at once: 64 tracks of long notes took minutes.
MOST_TRACK_SECONDS, MOST_NOTE_SECONDS = 5_000, 12_000
_STAGES = {"png": "picture", "ogg": "audio"}

Maker = tuple[str, Callable[[], bytes]]  # media type, and what makes the bytes


def make_files(
    title: str, text: str, sheet: LeadSheet | None, score: Score, making: Making, *, before: Score | None = None
) -> tuple[tuple[Artifact, ...], tuple[str, ...]]:
    """Return the files asked for, and a sentence for each that could not be made.

    text: "" where nothing is sung, so that there are no words to write. sheet: None for an upload, which then has
    neither MusicXML nor LRC. before: what the music was before an edit, so that the picture shows which bars are new.
    Sound and picture are left out of music that is longer or denser than the limits above.
    """
    name, made, notices = slug(title), [], []
    makers = _makers(text, sheet, score, making, before)
    if making.outputs is not None:
        makers = {ending: maker for ending, maker in makers.items() if ending in making.outputs}
    if sentence := _too_much(score):
        left_out = [ending for ending in _STAGES if makers.pop(ending, None)]
        notices += [f"no {' and no '.join(f'.{ending}' for ending in left_out)}: {sentence}"] if left_out else []
    with ExitStack() as begun:
        if "ogg" in makers:
            makers["ogg"] = (makers["ogg"][0], _begun_audio(score, making, begun))
        for ending, (media_type, make) in makers.items():
            with making.stage(_STAGES.get(ending, "score")):
                try:
                    made.append(Artifact(f"{name}.{ending}", media_type, make()))
                except OutputError as error:
                    notices.append(f"no .{ending}: {error}")
    return tuple(made), tuple(notices)


def slug(title: str) -> str:
    """Return a file name for a title: lower-case words joined by hyphens; "song" where no letter is left."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:TITLE_SLUG_CHARACTERS].rstrip("-") or "song"


def _makers(text: str, sheet: LeadSheet | None, score: Score, making: Making, before: Score | None) -> dict[str, Maker]:
    makers: dict[str, Maker] = {"mid": ("audio/midi", lambda: score_to_midi(score))}
    if text:
        makers["txt"] = ("text/plain", text.encode)
    if sheet is not None:
        makers["musicxml"] = ("application/vnd.recordare.musicxml+xml", lambda: _musicxml(sheet))
        if sheet.is_sung:
            makers["lrc"] = ("text/plain", lambda: _lrc(sheet))
    makers["png"] = ("image/png", lambda: _picture(sheet, score, making, before))
    makers["ogg"] = ("audio/ogg", bytes)  # begun by make_files before the others are made
    return makers


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
def _musicxml(sheet: LeadSheet) -> bytes:
    from engine.output.musicxml import lead_sheet_to_musicxml

    return lead_sheet_to_musicxml(sheet)


def _lrc(sheet: LeadSheet) -> bytes:
    from engine.output.karaoke import lead_sheet_to_lrc

    return lead_sheet_to_lrc(sheet).encode()


def _picture(sheet: LeadSheet | None, score: Score, making: Making, before: Score | None) -> bytes:
    changed = changed_bars(before, score) if before is not None else None
    if sheet is not None:
        from engine.output.picture import piano_roll_png

        return piano_roll_png(sheet, score, making.cancelled, changed)
    from engine.output.score_picture import score_png

    return score_png(score, changed)


def _begun_audio(score: Score, making: Making, begun: ExitStack) -> Callable[[], bytes]:
    """Start the synthesiser, which plays in a process of its own while the other files are made; return its end."""
    from engine.output.audio import Rendering, find_soundfont

    try:
        rendering = begun.enter_context(Rendering(score, find_soundfont(making.soundfont)))
    except OutputError as error:
        return _failing(error)
    return lambda: rendering.wait(making.cancelled)


def _failing(error: OutputError) -> Callable[[], bytes]:
    def fail() -> bytes:
        raise error

    return fail
