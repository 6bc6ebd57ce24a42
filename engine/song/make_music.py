"""Music without words: a tune in phrases, played by an instrument with the band. Does not know lyrics or people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from engine.contract import BARS_RANGE, MusicRequest, SectionReport
from engine.errors import RequestError
from engine.lyrics.prosody import Syllable
from engine.music.bands import CHOIR, CLARINET, FLUTE, VOICE, Band
from engine.music.lead_sheet import LeadSheet
from engine.music.programs import program_named
from engine.music.score import TICKS_PER_QUARTER
from engine.song.files import make_files
from engine.song.harmony import cut_chords_notice
from engine.song.length import BREATH_EIGHTHS, EIGHTHS_PER_SYLLABLE, SECONDS_PER_SYLLABLE, bar_seconds
from engine.song.make_song import play, write_tune
from engine.song.making import MadeSong, Making
from engine.song.melody_frames import Line
from engine.song.plan_for_lines import Frame, GivenSection, choose_frame, plan_for_lines
from engine.song.song_report import report_song

PHRASES_PER_SECTION = 4
NOTES_RANGE = (3, 14)
FULLNESS = (0.6, 1.0)  # of the notes that a phrase has room for
# A tune without words is planned with syllables that are taken away again: a heavy one, and a light one for any place.
_HEAVY, _LIGHT = Syllable("la", 1, "single"), Syllable("oh", 0, "single")
_PLAYED_INSTEAD = {VOICE: FLUTE, CHOIR: CLARINET}
_LOW = frozenset({32, 33, 34, 35, 36, 37, 38, 39, 43, 47, 57, 58, 67, 70})
_MIDDLE = frozenset({42, 60, 66, 71, 109})


def make_music(request: MusicRequest, making: Making) -> MadeSong:
    """Make music of exactly so many bars, without words. RequestError for a bad value, before any model runs."""
    with making.stage("plan"):
        low, high = BARS_RANGE
        if not low <= request.bars <= high:
            raise RequestError(f"bars must be {low}-{high}, got {request.bars}; ask for a piece of another length")
        program = program_named(request.instrument) if request.instrument is not None else None
        frame = choose_frame(
            style=request.style,
            key=request.key,
            tempo_qpm=request.tempo_qpm,
            time_signature=request.time_signature,
            chords=request.chords,
            voice=None,
            seed=making.seed,
        )
        band = _band_with(frame.style.band, program)
        style = replace(frame.style, raps=())  # without words there is nothing to rap
        frame = replace(frame, voice=_voice_of(band.lead_program), style=style)
        given = _sections(frame, request.bars)
        plan = plan_for_lines(frame, given)
        if notice := cut_chords_notice(request.chords, plan.bars_of_sections):
            making.notices.append(notice)
        title = f"{frame.style.name.capitalize()} in {frame.key}"
    sheet = without_words(write_tune(plan, _lines(given), title, making))
    score = play(sheet, band, making)
    artifacts, notices = make_files(title, "", sheet, score, making)
    sections = [SectionReport(label=section.label, lines=()) for section in given]
    versions = {"melody": making.models.melody.version}
    report = report_song(request, title, plan, sections, making, versions, score, notices)
    return MadeSong(report, "", artifacts, sheet, score)


def without_words(sheet: LeadSheet) -> LeadSheet:
    """Return the same tune without syllables."""
    return replace(sheet, notes=tuple(replace(note, syllable=None) for note in sheet.notes), is_sung=False)


def _band_with(band: Band, program: int | None) -> Band:
    """Return the band with another lead; where it would be a voice, an instrument plays instead."""
    lead = _PLAYED_INSTEAD.get(band.lead_program, band.lead_program) if program is None else program
    return replace(band, lead_program=lead)


def _voice_of(program: int) -> str:
    """Return the voice in whose range a program sounds well."""
    return "bass" if program in _LOW else "tenor" if program in _MIDDLE else "soprano"


def _sections(frame: Frame, bars: int) -> list[GivenSection]:
    """Return sections of up to four phrases, in the order A B A B..., that fill the bars; what is left is the outro's.

    Sections of one kind and length share their tune; their phrases answer each other, the third and fourth the first two.
    """
    phrase_bars = min(frame.style.bars_per_line[str(frame.time_signature)], bars)
    phrases, left = divmod(bars, phrase_bars)
    notes = _notes_per_phrase(frame, phrase_bars)
    sections: list[GivenSection] = []
    while phrases:
        count = min(phrases, PHRASES_PER_SECTION)
        kind_is_theme = len(sections) % 2 == 0
        sections.append(
            GivenSection(
                "verse" if kind_is_theme else "chorus",
                "Theme" if kind_is_theme else "Chorus",
                tuple(notes[not kind_is_theme][index % 2] for index in range(count)),
                bars=count * phrase_bars,
            )
        )
        phrases -= count
    return sections + ([GivenSection("outro", "Outro", bars=left)] if left else [])


def _notes_per_phrase(frame: Frame, phrase_bars: int) -> Sequence[tuple[int, int]]:
    """Return how many notes the odd and even phrases of theme and chorus have: fewer than there is room for."""
    eighths = phrase_bars * frame.time_signature.bar_ticks * 2 / TICKS_PER_QUARTER
    seconds = phrase_bars * bar_seconds(frame.time_signature, frame.tempo_qpm)
    room = min((eighths - BREATH_EIGHTHS) / EIGHTHS_PER_SYLLABLE, seconds / SECONDS_PER_SYLLABLE)
    low, high = NOTES_RANGE

    def chosen() -> int:
        return min(max(int(room * frame.rng.uniform(*FULLNESS)), low), high)

    return [(chosen(), chosen()) for _ in range(2)]


def _lines(given: Sequence[GivenSection]) -> list[list[Line]]:
    return [[_phrase(notes, index) for index, notes in enumerate(section.syllables)] for section in given]


def _phrase(notes: int, index: int) -> Line:
    """Return a phrase of alternating weight; some begin before the beat."""
    return tuple(_HEAVY if (note + notes + index) % 2 else _LIGHT for note in range(notes))
