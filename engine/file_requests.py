"""What a song can be written as: the names of all files, and the request for some of them.

Knows as little as `engine.contract`, whose fields and rules these are.
"""

from __future__ import annotations

from typing import Annotated, Literal

from engine.contract import MusicEditRequest, option

# Made with every song; the others are made when they are asked for.
USUAL_FILES = ("mid", "txt", "musicxml", "lrc", "png", "ogg")
FILES = (*USUAL_FILES, "sheet", "pdf", "kar", "abc", "cho", "lrc-lines", "lrc-syllables", "mp3", "stems", "guide")

MOST_SENT_BYTES = 10 * 1024 * 1024  # of a file that is sent in a chat; Discord takes no larger ones


class ExportRequest(MusicEditRequest):
    """Files of a song that was made before, or of an uploaded MIDI file; nothing of it is changed."""

    kind: Literal["export"] = "export"
    source: Annotated[str, option("the song that is wanted as other files", "song", suggest="songs", uploads=True)]
    formats: Annotated[
        str, option("sheet, pdf, kar, abc, cho, mp3, stems, lrc-lines ...; several with commas", positional=True)
    ]


class ExplainRequest(MusicEditRequest):
    """What form, chords, rhyme, metre and melody of a song or of an uploaded MIDI file do; nothing of it is changed."""

    kind: Literal["explain"] = "explain"
    source: Annotated[str, option("the song that is to be explained", "song", suggest="songs", uploads=True)]
