"""What replies to a song ask of its music, in three languages; what they cannot mean is said."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.wishes import SongFacts, understand_wish
from engine.errors import RequestError
from tests.bot.test_wishes import SONG, edit, fields, lost_or_doubled, remade

MUSIC = replace(SONG, kind="music", request={"kind": "music", "bars": 16}, has_words=False)
UPLOAD = replace(SONG, kind="tempo", request={"source": "upload:1"}, has_words=False, length_seconds=36.0)
WORDS = replace(SONG, kind="lyrics", key=None, tempo_qpm=None, time_signature=None)

WISHES: dict[str, dict[str, Any]] = {
    "harmonise it for a choir": edit("harmonize", voices="choir"),
    "harmonize it": edit("harmonize"),
    "please reharmonise the melody in bars 5-8": edit("harmonize", bars="5-8"),
    "other chords": edit("harmonize"),
    "four-part harmony": edit("harmonize", voices="choir"),
    "harmonise it with block chords": edit("harmonize", voices="chords"),
    "neue Akkorde in Takt 5 bis 8": edit("harmonize", bars="5-8"),
    "für einen Chor": edit("harmonize", voices="choir"),
    "vierstimmig bitte": edit("harmonize", voices="choir"),
    "重新配和声": edit("harmonize"),
    "改成四部合唱": edit("harmonize", voices="choir"),
    "another melody": edit("melody"),
    "a new tune in bar 9 please": edit("melody", bars="9"),
    "eine andere Melodie": edit("melody"),
    "换一段旋律": edit("melody"),
    "remix it": edit("remix"),
    "remix the rhythm in bars 5-8": edit("remix", what="rhythm", bars="5-8"),
    "remix the rhythm in bars 5 to 8 by 50 percent": edit("remix", what="rhythm", bars="5-8", amount=50),
    "in bars 1-4, another rhythm": edit("remix", what="rhythm", bars="1-4"),
    "change the notes a little from bar 5 on": edit("remix", bars="5-", amount=30),
    "half the notes, another rhythm": edit("remix", what="rhythm"),
    "ein anderer Rhythmus in den Takten 5-8": edit("remix", what="rhythm", bars="5-8"),
    "第5到8小节换节奏": edit("remix", what="rhythm", bars="5-8"),
    "fill in bars 3 and 4": edit("infill", bars="3-4"),
    "rewrite bars 5-8": edit("infill", bars="5-8"),
    "schreib Takte 3 und 4 neu": edit("infill", bars="3-4"),
    "重写第三到四小节": edit("infill", bars="3-4"),
    "as a jazz waltz": edit("arrange", style="jazz"),
    "in jazz style": edit("arrange", style="jazz"),
    "arrange it for a rock band": edit("arrange", style="rock"),
    "im Jazz-Stil": edit("arrange", style="jazz"),
    "改编成爵士": edit("arrange", style="jazz"),
    "on a flute": edit("instrument", instrument="flute"),
    "the chords on a harp": edit("instrument", instrument="harp", part="chords"),
    "auf einer Geige": edit("instrument", instrument="violin"),
    "用长笛演奏": edit("instrument", instrument="flute"),
    "eight more bars": edit("extend"),
    "extend it by 12 bars": edit("extend", bars=12),
    "noch vier Takte": edit("extend", bars=4),
    "再来12小节": edit("extend", bars=12),
    "less mechanical": edit("humanize"),
    "weniger mechanisch": edit("humanize"),
    "更自然": edit("humanize"),
}  # fmt: skip
HALF_UNDERSTOOD = ("half the notes, another rhythm",)


@pytest.mark.parametrize("text", WISHES)
def test_a_reply_is_read_into_a_change_of_music(text: str) -> None:
    for typed in (text, text.upper(), f"{text}!"):
        understood = understand_wish(typed, SONG)
        assert fields(understood) == WISHES[text]
        assert not lost_or_doubled(typed, understood)
        assert understood.not_understood == () or text in HALF_UNDERSTOOD


def test_bars_and_amount_are_repeated() -> None:
    understood = understand_wish("remix the rhythm in bars 5-8 by 50 percent", SONG)
    assert [(phrase.key, dict(phrase.values)) for phrase in understood.phrases] == [
        ("understood.remix_rhythm", {}), ("understood.in_bars", {"bars": "5-8"}), ("understood.amount", {"amount": "50"}),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("longer", edit("extend")),
        ("continue", edit("extend")),
        ("mach weiter", edit("extend")),
        ("继续", edit("extend")),
    ],
)
def test_music_without_words_goes_on_as_music(text: str, expected: dict[str, Any]) -> None:
    assert fields(understand_wish(text, MUSIC)) == expected


def test_an_edited_file_grows_by_a_share_of_its_bars() -> None:
    assert UPLOAD.bars == 20  # 36 seconds at 100 quarters a minute, in 3/4
    assert fields(understand_wish("longer", UPLOAD)) == edit("extend", bars=10)
    assert fields(understand_wish("twice as long", replace(UPLOAD, length_seconds=300.0))) == edit("extend", bars=32)


def test_a_style_by_itself_is_an_arrangement_only_where_its_bands_play_in_this_meter() -> None:
    assert fields(understand_wish("as a jazz song", SONG)) == edit("arrange", style="jazz")
    common = replace(SONG, time_signature="4/4")
    assert fields(understand_wish("as a waltz", common)) == remade()
    assert fields(understand_wish("as a jazz waltz", common)) == remade(style="jazz", time_signature="3/4")
    assert fields(understand_wish("another take as jazz", SONG)) == remade(style="jazz", seed=None)


def test_what_is_wished_for_beside_an_arrangement_waits_in_its_order() -> None:
    understood = understand_wish("faster and as a jazz song", SONG)
    assert fields(understood) == edit("tempo", percent=112)
    assert [phrase.key for phrase in understood.later] == ["understood.arrange"]


@pytest.mark.parametrize("text", ["harmonise it", "another melody", "remix it", "rewrite bars 3-4", "8 more bars"])
def test_words_alone_have_no_music_to_change(text: str) -> None:
    understood = understand_wish(text, WORDS)
    assert understood.request is None
    assert [phrase.key for phrase in understood.phrases] == ["wish.no_music"]


@pytest.mark.parametrize(
    ("text", "not_understood"),
    [
        ("fill in bars 3 and 7", ("fill in bars 3 and 7",)),
        ("another rhythm on a kazoo", ("kazoo",)),
        ("faster, only bars 5-8", ("only bars 5-8",)),
    ],
)
def test_what_cannot_be_meant_is_said(text: str, not_understood: tuple[str, ...]) -> None:
    assert understand_wish(text, SONG).not_understood == not_understood


@pytest.mark.parametrize(
    ("text", "told"),
    [("99 more bars", "bars must be 1-32, got 99"), ("remix it by 5 percent", "amount must be 10-100 percent, got 5")],
)
def test_a_number_out_of_range_is_refused_with_the_range(text: str, told: str) -> None:
    with pytest.raises(RequestError, match=told):
        understand_wish(text, SONG)


@pytest.mark.parametrize("facts", [SONG, MUSIC, UPLOAD, WORDS], ids=lambda facts: facts.kind)
def test_nothing_is_lost_whatever_is_replied_to(facts: SongFacts) -> None:
    for text in WISHES:
        assert not lost_or_doubled(text, understand_wish(text, facts))
