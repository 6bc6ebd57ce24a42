"""Songs with Chinese words that are written here: the words of `chinese_lyrics`, set to music as own words are.

Does not know how words are written or notes are chosen.
"""

from __future__ import annotations

from engine.contract import SongRequest
from engine.errors import RequestError
from engine.lyrics.own_words import OwnLine, OwnSection, OwnWords
from engine.song.chinese_lyrics import make_chinese_lyrics
from engine.song.chinese_source import is_chinese_song
from engine.song.making import MadeSong, Making, SourceSong
from engine.song.sing import planned, set_to_music


def make_chinese_song(request: SongRequest, making: Making) -> MadeSong:
    """Write Chinese words by a tune's pattern or a form and sing them; a chorus comes back with its notes.

    RequestError as `make_chinese_lyrics`, and for a key, tempo, length or voice that cannot be.
    """
    written = make_chinese_lyrics(request, making)
    report = written.report
    sections = tuple(
        OwnSection(told.label, tuple(OwnLine(line.text, line.text) for line in told.lines)) for told in report.sections
    )
    making.notices.extend(report.notices)
    with making.stage("plan"):
        sung, plan = planned(request, OwnWords(report.title, sections), request.style, making)
    return set_to_music(request, report.title, sung, plan, making, told=report.sections, versions=report.model_versions)


def refuse_sung_chinese(source: SourceSong | None) -> None:
    """RequestError for a song whose words are Chinese and sung: single lines and verses of it are not written here."""
    if source is not None and source.sheet is not None and is_chinese_song(source):
        raise RequestError(
            "lines of a sung Chinese song are not written one by one so far; "
            "change its words with /words, or ask for another take"
        )
