"""Laws of the styles: each can be planned, sung and played in every metre. Knows no models."""

from __future__ import annotations

import pytest

from engine.contract import SYLLABLES_RANGE, TEMPO_RANGE_QPM, SongRequest
from engine.errors import RequestError
from engine.music.arranger import arrange
from engine.music.bands import BANDS
from engine.music.lead_sheet import ChordSpan, LeadSheet
from engine.music.roman_numerals import chord_of_degree
from engine.music.theory import Chord, Key
from engine.music.tones import pentatonic
from engine.song.form import parse_form, parse_rhyme, parse_syllables
from engine.song.plan import TIME_SIGNATURES, SongPlan, make_plan
from engine.song.progressions import Palette, lay_lines, lay_vamp
from engine.song.styles import STYLES, Style, find_style

NAMED = {"pop", "rock", "ballad", "folk", "waltz", "hymn", "lullaby", "country", "blues", "jazz", "bossa nova", "hip-hop",
         "electronic", "chinese"}  # fmt: skip
each_style = pytest.mark.parametrize("style", STYLES.values(), ids=lambda style: style.name)


def silent_sheet(plan: SongPlan) -> LeadSheet:
    """Return the plan as a lead sheet without a melody."""
    chords = [
        ChordSpan(place.onset_ticks + span.onset_ticks, span.duration_ticks, span.symbol)
        for place, section in zip(plan.section_spans(), plan.sections, strict=True)
        for span in section.chords
    ]
    return LeadSheet(
        title="Song", key_name=plan.key_name, time_signature=plan.time_signature, tempo_qpm=plan.tempo_qpm,
        length_ticks=plan.length_ticks, notes=(), chords=tuple(chords), sections=plan.section_spans(),
    )  # fmt: skip


def test_the_promised_styles_exist_under_their_own_names() -> None:
    assert set(STYLES) >= NAMED
    assert all(name == style.name for name, style in STYLES.items())


@each_style
def test_what_a_style_says_can_be_read(style: Style) -> None:
    assert parse_form(style.form)
    assert set(style.time_signatures) <= set(TIME_SIGNATURES) == set(style.bars_per_line)
    for rhyme, syllables in zip(style.rhyme, style.syllables, strict=True):
        row = parse_syllables(syllables)[0]
        assert len(parse_rhyme(rhyme)[0]) == len(row)
        assert all(SYLLABLES_RANGE[0] <= one.fewest <= one.most <= SYLLABLES_RANGE[1] for one in row)
    for signature in TIME_SIGNATURES:
        slowest, fastest = style.tempo_range(signature)
        assert TEMPO_RANGE_QPM[0] <= slowest < fastest <= TEMPO_RANGE_QPM[1]
    assert all(str(Key.parse(key)) == key and Key.parse(key).mode in style.palettes for key in style.keys)
    assert style.band in BANDS.values()


def test_only_hymns_may_sound_archaic() -> None:
    assert [style.name for style in STYLES.values() if style.archaic] == ["hymn"]
    kinds = {style.name: style.lyric_kind for style in STYLES.values()}
    assert (kinds["pop"], kinds["ballad"], kinds["hymn"], kinds["lullaby"]) == ("song", "ballad", "hymn", "nursery")


def palettes() -> list[tuple[str, str, Palette]]:
    return [(style.name, mode, palette) for style in STYLES.values() for mode, palette in style.palettes.items()]


@pytest.mark.parametrize(("mode", "palette"), [case[1:] for case in palettes()], ids=[case[0] for case in palettes()])
def test_progressions_close_where_they_should(mode: str, palette: Palette) -> None:
    key = Key(0, mode)  # type: ignore[arg-type]  # the palettes' names are modes
    for part, closes in (("verse", 0), ("chorus", 0), ("bridge", 7), ("prechorus", 7)):
        for progression in getattr(palette, part):
            for lines in range(2, 9):
                cells = lay_lines(progression, lines=lines, bars_per_line=2)
                assert sum(cell.bars for cell in cells) == 2 * lines
                roots = [chord_of_degree(key, cell.numeral).root for cell in cells]
                assert roots[-1] == closes
                assert closes == 7 or roots[-2] in (5, 7)
    for vamp in palette.vamps:
        for amen in palette.amens:
            cells = lay_vamp(vamp, bars=4, close=tuple(amen.split()))
            assert sum(cell.bars for cell in cells) == 4
            assert chord_of_degree(key, cells[-1].numeral).root == 0
    assert len(set(palette.chorus) - {palette.verse[0]}) >= 1
    assert chord_of_degree(key, palette.dominant).root == 7


@each_style
@pytest.mark.parametrize("signature", sorted(TIME_SIGNATURES))
@pytest.mark.parametrize("key", ["Eb major", "F# minor"])
def test_every_style_is_planned_and_played_in_every_metre(style: Style, signature: str, key: str) -> None:
    request = SongRequest(theme="rain", style=style.name, time_signature=signature, key=key)
    plan = make_plan(request, 11)
    score = arrange(silent_sheet(plan), style.band, 11)
    assert score.length_ticks == plan.length_ticks
    for track in score.tracks:
        assert track.notes or track.name == "Melody"
        for note in track.notes:
            assert note.end_ticks <= plan.length_ticks
            assert track.is_drum or 24 <= note.pitch <= 84


@pytest.mark.parametrize(
    ("typed", "style"),
    [
        ("pop", "pop"), (" Pop ", "pop"), ("POP", "pop"), ("bossa nova", "bossa nova"), ("Bossa-Nova", "bossa nova"),
        ("bossanova", "bossa nova"), ("hiphop", "hip-hop"), ("hip hop", "hip-hop"), ("Hip-Hop", "hip-hop"),
        ("rap", "hip-hop"), ("edm", "electronic"), ("traditional Chinese", "chinese"),
    ],
)  # fmt: skip
def test_styles_are_found_however_they_are_written(typed: str, style: str) -> None:
    assert find_style(typed) is STYLES[style]


@pytest.mark.parametrize("key", ["G major", "E minor"])
def test_chinese_chords_are_mostly_of_five_tones(key: str) -> None:
    plan = make_plan(SongRequest(theme="moon", style="chinese", key=key), 3)
    five = pentatonic(Key.parse(key))
    tones = [
        tone in five
        for section in plan.sections
        for c in section.chords
        for tone in Chord.parse(c.symbol).pitch_classes
    ]
    assert sum(tones) >= 0.75 * len(tones)


def test_an_unknown_style_is_refused_with_the_nearest_and_all_names() -> None:
    with pytest.raises(RequestError) as refused:
        find_style("ballade")
    assert "did you mean ballad" in str(refused.value)
    assert all(name in str(refused.value) for name in STYLES)
    with pytest.raises(RequestError, match="known styles: pop"):
        find_style("x" * 1000)
