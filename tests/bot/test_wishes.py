"""What sentences of members mean, in three languages; and that none of their words is lost."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.wishes import SongFacts, Understood, small_talk, understand_request, understand_wish
from engine.contract import PARTS
from engine.errors import RequestError

SEA = {"kind": "song", "theme": "the sea", "style": "waltz", "seed": 5}
SONG = SongFacts(
    id="s1", kind="song", request=SEA, key="A minor", tempo_qpm=100.0, time_signature="3/4", style="waltz",
    parts=("melody", "chords", "bass", "drums"), has_words=True,
)  # fmt: skip


def remade(**values: Any) -> dict[str, Any]:
    """The song's own request with other values; seed=None is another take."""
    fields = {**SEA, **values}
    return {name: value for name, value in fields.items() if value is not None}


def edit(kind: str, **values: Any) -> dict[str, Any]:
    return {"kind": kind, "source": "s1", **values}


def song(theme: str, **values: Any) -> dict[str, Any]:
    return {"kind": "song", "theme": theme, **values}


def fields(understood: Understood) -> dict[str, Any] | None:
    request = understood.request
    if request is None:
        return None
    return {"kind": request.kind, **request.model_dump(exclude_defaults=True, exclude_none=True)}


REQUESTS = {
    "a sad waltz about the sea in A minor, rhyme ABAB, slow, 2 minutes": song(
        "the sea", style="waltz", mood="sad", key="A minor", rhyme="ABAB", tempo_qpm=99.0, length_seconds=120.0
    ),
    "a sad waltz about the sea": song("the sea", style="waltz", mood="sad", key="A minor"),
    "please make me a song about rain over the harbour": song("rain over the harbour"),
    "<@123> rain over the harbour": song("rain over the harbour"),
    "an angry song about traffic": song("traffic", mood="angry"),
    "sad lyrics about rain": {"kind": "lyrics", "theme": "rain", "mood": "sad"},
    "a song about a calm sea": song("a calm sea"),
    "a sad song about cats in C minor": song("cats", mood="sad", key="C minor"),
    "sad music in A minor": {"kind": "music", "key": "A minor"},
    'a mysterious ballad called "The Lost Key" about a castle': song(
        "a castle", style="ballad", mood="mysterious", title="The Lost Key"
    ),
    'a song called "Rain"': song("Rain"),
    "a song about rain with internal rhymes AABB": song("rain", rhyme="AABB internal"),
    "a song about rain, internal rhyme": song("rain", rhyme="internal"),
    "iambic lyrics about the moon": {"kind": "lyrics", "theme": "the moon", "metre": "iambic"},
    "a song about rain, 7-9 syllables per line": song("rain", syllables="7-9"),
    "ein ruhiges Lied über das Meer": song("das Meer", mood="calm"),
    "写一首神秘的歌，关于月亮": song("月亮", mood="mysterious"),
    "rain over the harbour": song("rain over the harbour"),
    "slow train coming": song("slow train coming"),
    "happy birthday to Anna": song("happy birthday to Anna"),
    "make me a love song": song("love"),
    "a jazz waltz about the moon": song("the moon", style="jazz", time_signature="3/4"),
    "lyrics about the last bus, rhyming AABB, 8 syllables per line": {
        "kind": "lyrics", "theme": "the last bus", "rhyme": "AABB", "syllables": "8",
    },
    "can you write a poem about autumn leaves in free verse": {"kind": "lyrics", "theme": "autumn leaves", "rhyme": "X"},
    "words about a dog": {"kind": "lyrics", "theme": "a dog"},
    "instrumental jazz, 20 bars, flute": {"kind": "music", "style": "jazz", "bars": 20, "instrument": "flute"},
    "music": {"kind": "music"},
    "slow music, 90 seconds": {"kind": "music", "tempo_qpm": 82.0, "time_signature": "4/4", "bars": 31},
    "a slow rock song in E minor, sing this:\nRow the boat\n\nHome": {
        "kind": "sing", "style": "rock", "key": "E minor", "tempo_qpm": 95.0, "lyrics": "Row the boat\n\nHome",
    },
    "sing: Slow, slow the waltz": {"kind": "sing", "lyrics": "Slow, slow the waltz"},
    'a song "the sea, slow and in A minor" in 3/4': song("the sea, slow and in A minor", time_signature="3/4"),
    "folk song about a slow train to rock bottom, fast": song("a slow train to rock bottom", style="folk", tempo_qpm=138.0),
    "a song about the sea, the sky and the stars, 8,6,8,6": song("the sea, the sky and the stars", syllables="8,6,8,6"),
    "a song on the moon in F#, at 90": song("the moon", key="F# major", tempo_qpm=90.0),
    "something about cats for a tenor": song("cats", voice="tenor"),
    "a song about cats, sung by a bass": song("cats", voice="bass"),
    "a lullaby for my daughter in Eb major": song("my daughter", style="lullaby", key="Eb major"),
    "a ballad in the style of Robert Burns about whisky, seed 7": song(
        "whisky", style="ballad", artist="Robert Burns", seed=7
    ),
    "a song like Robert Burns about love": song("love", artist="Robert Burns"),
    "a song in the style of a waltz about love": song("love", style="waltz"),
    "chords C G Am F about trains": song("trains", chords="C G Am F"),
    "a hymn about light with chords C, G/B, Am7, F": song("light", style="hymn", chords="C G/B Am7 F"),
    "two verses and a chorus about spring": song("spring", form="VCVC"),
    "VCVC about spring, 90 bpm": song("spring", form="VCVC", tempo_qpm=90.0),
    "a song about cars; verse, chorus, verse, bridge, chorus": song("cars", form="VCVBC"),
    "a song about 2 minutes of silence, 1:30": song("2 minutes of silence", length_seconds=90.0),
    "a song about winter for two and a half minutes": song("winter", length_seconds=150.0),
    "a limerick about a goat": song("a goat", rhyme="AABBA", syllables="9,9,6,6,9"),
    "a short pop song about dogs and cats please": song("dogs and cats", length_seconds=60.0),
    "a song about rock and roll": song("rock and roll"),
    "a song in waltz time about rain": song("rain", style="waltz"),
    "march time, about soldiers": song("soldiers", time_signature="2/4"),
    "how about a song about winter?": song("winter"),
    "song about rain rhyme abab": song("rain", rhyme="ABAB"),
    "song about rain rhyme ABXYZ!": song("rain", rhyme="ABXYZ"),
    "a love song in 6/8, couplets": song("love", rhyme="AABB", time_signature="6/8"),
    "about a <<man>> [Chorus] **bold**": song("a <<man>> [Chorus] **bold**"),
    "write lyrics for a lullaby about stars": {"kind": "lyrics", "theme": "stars", "style": "lullaby"},
    "trains and AABB rhymes": song("trains", rhyme="AABB"),
    "a ballad on the theme of lost love, for an alto": song("lost love", style="ballad", voice="alto"),
    'a country song called "Dusty Road"': song("Dusty Road", style="country"),
    "song about coffee. Make it slow and sad. Rhyme scheme ABAB.": song(
        "coffee", mood="sad", key="A minor", tempo_qpm=82.0, rhyme="ABAB"
    ),
    "a bossa nova about the sea": song("the sea", style="bossa nova"),
    "a bossa-nova song about the sea": song("the sea", style="bossa nova"),
    "hiphop about my town": song("my town", style="hip-hop"),
    "a rap about money": song("money", style="hip-hop"),
    "an electronic song about light": song("light", style="electronic"),
    "a traditional Chinese song about tea": song("tea", style="chinese"),
    "a song about Chinese tea": song("Chinese tea"),
    "ein Bossa Nova über das Meer": song("das Meer", style="bossa nova"),
    "一首关于月亮的中国风歌曲": song("月亮", style="chinese"),
    "波萨诺瓦，关于大海": song("大海", style="bossa nova"),
    "写一首关于大海的华尔兹": song("大海", style="waltz"),
    "请写一首关于大海的忧伤的华尔兹，C小调，慢一点": song(
        "大海", style="waltz", mood="sad", key="C minor", tempo_qpm=99.0
    ),
    "关于大海的歌词": {"kind": "lyrics", "theme": "大海"},
    "一首快乐的摇滚歌，关于猫和狗，2分钟": song("猫和狗", style="rock", mood="happy", key="G major", length_seconds=120.0),
    "关于月亮的摇篮曲，3/4拍，押韵ABAB，每行8个音节": song(
        "月亮", style="lullaby", time_signature="3/4", rhyme="ABAB", syllables="8"
    ),
    "关于雨的歌，女高音，升F小调，每分钟90拍": song("雨", voice="soprano", key="F# minor", tempo_qpm=90.0),
    "帮我写一首关于the sea的慢歌": song("the sea", tempo_qpm=82.0),
    "Bitte schreib mir einen traurigen Walzer über das Meer in c-Moll, Reim ABAB, langsam, 2 Minuten": song(
        "das Meer", style="waltz", mood="sad", key="C minor", rhyme="ABAB", tempo_qpm=99.0, length_seconds=120.0
    ),
    "ein Lied über den Winter für einen Tenor": song("den Winter", voice="tenor"),
    "Liedtext über die Liebe, 8 Silben pro Zeile": {"kind": "lyrics", "theme": "die Liebe", "syllables": "8"},
    "Volkslied über Berge in Es-Dur im 3/4-Takt, 90 Sekunden": song(
        "Berge", style="folk", key="Eb major", time_signature="3/4", length_seconds=90.0
    ),
    "ein langsames Wiegenlied für meine Tochter": song("meine Tochter", style="lullaby", tempo_qpm=71.0),
}  # fmt: skip

WISHES = {
    "faster": edit("tempo", percent=112),
    "a bit slower please": edit("tempo", percent=94),
    "can you make it a little bit faster?": edit("tempo", percent=106),
    "twice as fast": edit("tempo", percent=200),
    "half the tempo": edit("tempo", percent=50),
    "not so fast": edit("tempo", percent=89),
    "it is too slow": edit("tempo", percent=112),
    "slow it down": edit("tempo", percent=89),
    "at 120": edit("tempo", tempo_qpm=120.0),
    "120 bpm": edit("tempo", tempo_qpm=120.0),
    "10% faster": edit("tempo", percent=110),
    "20 percent slower": edit("tempo", percent=80),
    "10 bpm slower": edit("tempo", tempo_qpm=90.0),
    "in C minor": edit("transpose", key="C minor"),
    "in D": edit("transpose", key="D minor"),
    "transpose it to E minor": edit("transpose", key="E minor"),
    "up a tone": edit("transpose", semitones=2),
    "up a fifth": edit("transpose", semitones=7),
    "down 3 semitones": edit("transpose", semitones=-3),
    "an octave lower": edit("transpose", semitones=-12),
    "higher": edit("transpose", semitones=2),
    "a bit lower": edit("transpose", semitones=-1),
    "speed it up by 20%": edit("tempo", percent=120),
    "change the theme to dogs": remade(theme="dogs"),
    "不要鼓和贝斯": edit("mute", part="drums"),
    "kannst du es in D-Dur machen?": remade(key="D major"),
    "without drums": edit("mute", part="drums"),
    "no bass": edit("mute", part="bass"),
    "mute the chords": edit("mute", part="chords"),
    "please don't use drums": edit("mute", part="drums"),
    "add a verse": edit("verse"),
    "another verse about winter": edit("verse", theme="winter"),
    "another verse about winter and faster": edit("verse", theme="winter"),
    "one more verse about the snow and the ice, please": edit("verse", theme="the snow and the ice"),
    "rewrite line 3": edit("rewrite", line="3"),
    "please change lines 3 to 4": edit("rewrite", line="3-4"),
    "line three again": edit("rewrite", line="3"),
    "rewrite lines 1, 2 and 5 about winter": edit("rewrite", line="1,2,5", theme="winter"),
    "another line after 4": edit("insert", after=4),
    "add a line after line 4 about snow": edit("insert", after=4, theme="snow"),
    "continue": edit("continue"),
    "go on with another verse": edit("continue"),
    "please continue about the sea": edit("continue", theme="the sea"),
    "4 more lines": edit("continue", more=4),
    "schreib Zeile 3 neu": edit("rewrite", line="3"),
    "Zeile 3 und 4 neu bitte": edit("rewrite", line="3,4"),
    "noch eine Zeile nach Zeile 4": edit("insert", after=4),
    "mach weiter": edit("continue"),
    "noch vier Zeilen": edit("continue", more=4),
    "重写第3行": edit("rewrite", line="3"),
    "第三行重写": edit("rewrite", line="3"),
    "在第4行后面加一行": edit("insert", after=4),
    "继续写": edit("continue"),
    "再写4行": edit("continue", more=4),
    "different words: Row the boat\nHome": edit("words", lyrics="Row the boat\nHome"),
    "words:\nRow": edit("words", lyrics="Row"),
    "rhyme it AABB": remade(rhyme="AABB"),
    "as a rock song": remade(style="rock"),
    "as a slow jazz song": remade(style="jazz", tempo_qpm=85.0),
    "turn it into a folk song": edit("arrange", style="folk"),
    "as a folk song, rhyme AABB": remade(style="folk", rhyme="AABB"),
    "in 6/8": remade(time_signature="6/8"),
    "about dogs instead": remade(theme="dogs"),
    "8 syllables": remade(syllables="8"),
    "longer": remade(length_seconds=225.0),
    "shorter": remade(length_seconds=99.0),
    "2 minutes": remade(length_seconds=120.0),
    "for a tenor": remade(voice="tenor"),
    "like Burns": remade(artist="Burns"),
    "with a bridge": remade(form="VCVCBC"),
    "with the chords C G Am F": remade(chords="C G Am F"),
    "happier": remade(key="C major"),
    "in D major": remade(key="D major"),
    "another take": remade(seed=None),
    "again": remade(seed=None),
    "different words": remade(seed=None),
    "with seed 9": remade(seed=9),
    "as rock, rhyme ABBA and for a bass": remade(style="rock", rhyme="ABBA", voice="bass"),
    "make it blues in D and faster": remade(style="blues", key="D minor", tempo_qpm=112.0),
    "as rock, up a tone": remade(style="rock", key="B minor"),
    "快一点": edit("tempo", percent=112),
    "慢一点": edit("tempo", percent=89),
    "太快了": edit("tempo", percent=89),
    "把速度调到120": edit("tempo", tempo_qpm=120.0),
    "升一个调": edit("transpose", semitones=2),
    "降调": edit("transpose", semitones=-2),
    "高八度": edit("transpose", semitones=12),
    "换成D小调": edit("transpose", key="D minor"),
    "C大调": remade(key="C major"),
    "不要鼓": edit("mute", part="drums"),
    "再来一段关于冬天的": edit("verse", theme="冬天"),
    "再来一首": remade(seed=None),
    "改成摇滚": remade(style="rock"),
    "押韵AABB": remade(rhyme="AABB"),
    "关于狗": remade(theme="狗"),
    "歌词：\nRow": edit("words", lyrics="Row"),
    "schneller": edit("tempo", percent=112),
    "etwas langsamer bitte": edit("tempo", percent=94),
    "mit Tempo 120": edit("tempo", tempo_qpm=120.0),
    "in h-Moll": edit("transpose", key="B minor"),
    "zwei Halbtöne tiefer": edit("transpose", semitones=-2),
    "ohne Schlagzeug": edit("mute", part="drums"),
    "noch eine Strophe über den Winter": edit("verse", theme="den Winter"),
    "anderer Text:\nRow": edit("words", lyrics="Row"),
    "als Ballade": remade(style="ballad"),
    "über Hunde stattdessen": remade(theme="Hunde"),
    "noch einmal": remade(seed=None),
    "im 2/4-Takt": remade(time_signature="2/4"),
    "länger": remade(length_seconds=225.0),
    "für einen Tenor": remade(voice="tenor"),
}


@pytest.mark.parametrize("text", REQUESTS)
def test_a_mention_is_read_into_a_request(text: str) -> None:
    understood = understand_request(text)
    assert fields(understood) == REQUESTS[text]
    assert understood.not_understood == ()


@pytest.mark.parametrize("text", WISHES)
def test_a_reply_is_read_into_a_change(text: str) -> None:
    understood = understand_wish(text, SONG)
    assert fields(understood) == WISHES[text]
    assert understood.not_understood == ()


@pytest.mark.parametrize("text", ["", "🎵🎵", "a happy song", "a slow waltz in 3/4", "please", "?!"])
def test_a_request_without_a_theme_asks_for_one(text: str) -> None:
    understood = understand_request(text)
    assert understood.request is None
    assert understood.phrases[-1].key == "ask.theme"


@pytest.mark.parametrize(
    ("text", "not_understood"),
    [
        ("a funny song about cats", ("funny",)),
        ("a metal song about money", ("metal",)),
        ("a happy song in C minor about cats", ("happy",)),
        ("lyrics about cats in C minor", ("in C minor",)),
        ("music about cats", ("about cats",)),
        ("a song about cats in C minor in D major", ("in D major",)),
    ],
)
def test_words_without_a_meaning_are_said(text: str, not_understood: tuple[str, ...]) -> None:
    assert understand_request(text).not_understood == not_understood


@pytest.mark.parametrize(
    ("text", "not_understood"),
    [
        ("what a lovely song!", ("what a lovely",)),
        ("don't make it faster", ("don't make it faster",)),
        ("faster and with elephants", ("elephants",)),
        ("make it metal", ("metal",)),
        ("我喜欢", ("我喜欢",)),
        ("mach es rosarot", ("rosarot",)),
    ],
)
def test_wishes_without_a_meaning_are_said(text: str, not_understood: tuple[str, ...]) -> None:
    assert understand_wish(text, SONG).not_understood == not_understood


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("without the second voice", "second voice"), ("no backing vocals", "second voice"), ("mute the solo", "solo"),
        ("ohne die zweite Stimme", "second voice"), ("不要第二声部", "second voice"), ("不要独奏", "solo"),
    ],
)  # fmt: skip
def test_every_part_of_the_band_can_be_left_out(text: str, part: str) -> None:
    assert fields(understand_wish(text, replace(SONG, parts=PARTS))) == edit("mute", part=part)


def test_the_second_exact_change_must_wait() -> None:
    understood = understand_wish("faster, up a tone and without drums", SONG)
    assert fields(understood) == edit("tempo", percent=112)
    assert [phrase.key for phrase in understood.later] == ["understood.higher", "understood.without"]


def test_of_two_verses_the_one_named_with_a_theme_gets_it() -> None:
    understood = understand_wish("add a verse and another verse about winter", SONG)
    assert fields(understood) == edit("verse")
    assert understood.later[0].values == {"theme": "winter"}


def test_a_new_take_says_so_and_leaves_what_it_cannot_fold_in() -> None:
    understood = understand_wish("rhyme it AABB, without drums", SONG)
    assert fields(understood) == remade(rhyme="AABB")
    assert [phrase.key for phrase in understood.phrases] == ["understood.rhyme", "wish.remake"]
    assert [phrase.key for phrase in understood.later] == ["understood.without"]


def test_a_song_made_by_an_edit_cannot_be_remade_but_edited() -> None:
    edited = replace(SONG, kind="transpose", request={"source": "s0", "semitones": 1})
    assert fields(understand_wish("faster", edited)) == edit("tempo", percent=112)
    understood = understand_wish("rhyme it AABB", edited)
    assert understood.request is None
    assert understood.phrases[-1].key == "wish.remake_unknown"


def test_a_request_that_is_not_valid_any_more_cannot_be_remade() -> None:
    understood = understand_wish("rhyme it AABB", replace(SONG, request={"style": "pop"}))
    assert understood.request is None
    assert understood.phrases[-1].key == "wish.remake_unknown"


@pytest.mark.parametrize(
    ("text", "facts", "key"),
    [
        ("without the pad", SONG, "wish.part_missing"),
        ("another verse", replace(SONG, has_words=False), "wish.no_words"),
        ("10 bpm faster", replace(SONG, tempo_qpm=None), "wish.tempo_unknown"),
        ("sadder", SONG, "wish.in_mode_already"),
        ("words:", SONG, "ask.words"),
        ("hm", SONG, "ask.wish"),
    ],
)
def test_what_a_song_does_not_have_is_said(text: str, facts: SongFacts, key: str) -> None:
    understood = understand_wish(text, facts)
    assert understood.request is None
    assert key in {phrase.key for phrase in understood.phrases}


def test_music_grows_by_bars_and_has_no_rhymes() -> None:
    music = replace(SONG, kind="music", request={"kind": "music", "bars": 16}, has_words=False)
    assert fields(understand_wish("twice as long", music)) == edit("extend", bars=16)
    assert fields(understand_wish("shorter", music)) == {"kind": "music", "bars": 11}
    assert understand_wish("rhyme it AABB", music).request is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a song about spring at 900 bpm", "tempo must be 40-240"),
        ("a song about spring in 7/8", "time signature must be one of 4/4"),
        ("a song about spring, 3 hours, 5 seconds", "length must be 15-600"),
        ("music, 100 bars", "bars must be 4-64"),
        ("a song about spring, seed 99999999999", "seed must be 0-2147483647"),
        ("about " + "rain " * 80, "the theme must be 1-300 characters"),
    ],
)
def test_a_value_out_of_range_is_refused_with_the_range(text: str, told: str) -> None:
    with pytest.raises(RequestError, match=told):
        understand_request(text)


@pytest.mark.parametrize("text", ["up 40 semitones", "900% faster", "at 900", "another verse about " + "ice " * 90])
def test_a_wish_out_of_range_is_refused(text: str) -> None:
    with pytest.raises(RequestError, match="must be"):
        understand_wish(text, SONG)


def _lower(value: Any) -> Any:
    return {name: _lower(inner) for name, inner in value.items()} if isinstance(value, dict) else str(value).lower()


@pytest.mark.parametrize("text", [text for text in REQUESTS if "ABXYZ" not in text])  # only capitals make that a scheme
def test_requests_mean_the_same_in_any_case(text: str) -> None:
    assert _lower(fields(understand_request(text.lower()))) == _lower(REQUESTS[text])


@pytest.mark.parametrize("text", WISHES)
def test_wishes_mean_the_same_in_any_case(text: str) -> None:
    for other in (text.lower(), text.capitalize(), text.upper()):
        assert _lower(fields(understand_wish(other, SONG))) == _lower(WISHES[text])


@pytest.mark.parametrize("text", [text for text in [*REQUESTS, *WISHES] if "sing" not in text and ":\n" not in text])
@pytest.mark.parametrize("end", ["!", " ...", "?", "。", "  \n"])
def test_punctuation_at_the_end_changes_nothing(text: str, end: str) -> None:
    if text in REQUESTS:
        assert fields(understand_request(text + end)) == REQUESTS[text]
    elif ":" not in text and "：" not in text:
        assert fields(understand_wish(text + end, SONG)) == WISHES[text]


def _characters(text: str) -> Counter[str]:
    return Counter(re.findall(r"\w", text))


def lost_or_doubled(text: str, understood: Understood) -> Counter[str]:
    """The characters of words that are in the text and in no part of the answer, or the other way round."""
    said = [phrase.source for phrase in (*understood.phrases, *understood.later)]
    said += [*understood.not_understood, *understood.fillers]
    told, typed = _characters(" ".join(said)), _characters(text)
    return (typed - told) + (told - typed)


@pytest.mark.parametrize("text", [*REQUESTS, *WISHES])
def test_no_word_is_lost(text: str) -> None:
    understood = understand_request(text) if text in REQUESTS else understand_wish(text, SONG)
    assert not lost_or_doubled(text, understood)


def test_halves_of_characters_are_read_as_signs() -> None:
    assert fields(understand_request("rain \ud800 over \x00 the harbour"))
    assert fields(understand_wish("faster \udfff", SONG)) == edit("tempo", percent=112)


PIECES = st.sampled_from(
    [
        *REQUESTS,
        *WISHES,
        "about",
        "and",
        ",",
        "\n",
        "rhyme",
        "in",
        "the sea",
        "slow",
        '"',
        "sing:",
        "words:",
        "不要",
        "的",
        "not",
        "<@1>",
    ]
)
TEXTS = st.one_of(
    st.text(max_size=120), st.lists(PIECES, max_size=6).map(" ".join), st.lists(PIECES, max_size=6).map("".join)
)
FACTS = st.sampled_from(
    [
        SONG,
        replace(SONG, key=None, tempo_qpm=None, parts=(), style=None),
        replace(SONG, kind="music", request={"kind": "music"}, has_words=False),
        replace(SONG, kind="tempo", request={"source": "s0"}),
    ]
)


@settings(max_examples=250, deadline=None)
@given(TEXTS)
def test_any_text_is_a_request_or_refused_and_none_of_it_is_lost(text: str) -> None:
    try:
        understood = understand_request(text)
    except RequestError:
        return
    assert not lost_or_doubled(text, understood)


@settings(max_examples=250, deadline=None)
@given(TEXTS, FACTS)
def test_any_text_is_a_wish_or_refused_and_none_of_it_is_lost(text: str, facts: SongFacts) -> None:
    try:
        understood = understand_wish(text, facts)
    except RequestError:
        return
    assert not lost_or_doubled(text, understood)


@pytest.mark.parametrize("gap", [" " * 3000, "\t" * 3000, "\n" * 3000])
def test_a_wide_gap_means_no_more_than_a_narrow_one(gap: str) -> None:
    narrow = "\n\n" if "\n" in gap else " "
    assert understand_request(f"a waltz{gap}about the sea") == understand_request(f"a waltz{narrow}about the sea")


@pytest.mark.parametrize(
    "text", ["Thank you, lovely!", "thanks!!!", "nice 🎉", "danke schön", "谢谢！", "wow" + "!" * 2000]
)
def test_kind_words_alone_are_no_wish(text: str) -> None:
    assert small_talk(text) == "thanks"


@pytest.mark.parametrize("text", ["help", "What can you do?", "?", "Hilfe!", "帮助"])
def test_a_call_for_help_is_heard(text: str) -> None:
    assert small_talk(text) == "help"


@pytest.mark.parametrize(
    "text", ["thanks, now faster", "a song about help", "lovely rain", "nice" + "!" * 2000 + "x", ""]
)
def test_what_asks_for_more_is_no_small_talk(text: str) -> None:
    assert small_talk(text) is None
