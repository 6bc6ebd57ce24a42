"""Chinese lines are read as they are said: one syllable a character, tones in context, numbers as characters."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.lyrics.chinese.numerals import NUMBER, numerals, said_number
from engine.lyrics.chinese.sung_lines import LONGEST, chinese_lines
from engine.lyrics.chinese.syllables import chinese_syllables, feet_of
from engine.lyrics.chinese.tones import glide, movements, said_tones


@pytest.mark.parametrize(
    ("text", "tones"),
    [
        ("床前明月光", (2, 2, 2, 4, 1)),
        ("银行行长", (2, 2, 2, 3)),  # by words: háng, háng
        ("你好", (2, 3)),  # a third tone before another
        ("一个", (2, 4)),
        ("不是", (2, 4)),
        ("我们的", (3, 5, 5)),
        ("爱，爱", (4, 0, 4)),
        ("", ()),
    ],
)
def test_tones_are_those_that_are_said(text: str, tones: tuple[int, ...]) -> None:
    assert said_tones(text) == tones


def test_two_tones_ask_for_a_way_where_both_their_ends_allow_it() -> None:
    assert movements([1, 3]) == (0, -1)
    assert movements([3, 1]) == (0, 1)
    assert movements([2, 4]) == (0, 0)  # it begins higher and ends lower
    assert movements([1, 4, 1]) == (0, -1, 1)
    assert movements([4, 4]) == movements([1, 0]) == (0, 0)
    assert movements([3, 5]) == (0, 1)  # a neutral tone is high after the third and low after the others
    assert movements([4, 5]) == movements([1, 5]) == (0, -1)
    assert [glide(tone) for tone in range(6)] == [0, 0, 1, -1, -1, 0]


@given(st.lists(st.integers(0, 5), max_size=12))
def test_a_way_back_is_the_opposite_way(tones: list[int]) -> None:
    ways = movements(tones)
    assert len(ways) == len(tones)
    full = [tone for tone in tones if tone not in (0, 5)]
    back = movements(full[::-1])[::-1]
    assert [-way for way in movements(full)[1:]] == list(back[:-1])


@pytest.mark.parametrize(
    ("line", "printed"),
    [
        ("举头望明月，", "举* 头 望* 明 月，*"),
        ("但愿人长久", "但* 愿 人* 长* 久*"),
        ("疑是地上霜。", "疑* 是 地* 上 霜。*"),
        ("月亮代表我的心", "月* 亮 代* 表 我* 的 心*"),
        ("一会儿", "一* 会儿"),
        ("月儿弯弯", "月* 儿 弯* 弯*"),
        ("“你好”", "“你* 好”*"),
        ("我 love 你", "我* love 你*"),
    ],
)
def test_a_character_is_a_syllable_and_words_begin_on_a_beat(line: str, printed: str) -> None:
    found = chinese_syllables(line)
    assert " ".join(s.text + "*" * (s.stress and bool(s.tone)) for s in found) == printed


def test_old_verse_has_its_feet() -> None:
    assert feet_of("床前明月光") == (2, 2, 1)
    assert feet_of("但愿人长久") == (2, 1, 2)
    assert feet_of("少年不识愁滋味")[:2] == (2, 2)
    assert sum(feet_of("我们一起唱歌")) == 6


@pytest.mark.parametrize(
    ("number", "after", "characters"),
    [
        ("2024", "年", "二零二四"), ("2", "个", "两"), ("12", "月", "十二"), ("105", "", "一百零五"),
        ("50%", "", "百分之五十"),
        ("3.14", "", "三点一四"), ("7:30", "", "七点三十"), ("2:00", "", "两点"), ("10086", "", "一万零八十六"),
        ("007", "", "零零七"),
        ("$5", "", "五美元"), ("20000", "", "二万"), ("0", "", "零"), ("120", "", "一百二十"), ("1,000", "", "一千"),
    ],
)  # fmt: skip
def test_numbers_are_read_in_characters(number: str, after: str, characters: str) -> None:
    found = re.fullmatch(NUMBER, number)
    assert found is not None
    assert said_number(found, after) == characters


@given(st.integers(0, 10**12 - 1))
def test_a_number_has_no_two_zeros_beside_each_other(number: int) -> None:
    text = numerals(str(number))
    assert "零零" not in text
    assert not text.endswith("零") or number == 0


def test_a_couplet_on_one_line_is_two_lines_and_short_phrases_stay_together() -> None:
    assert [shown for shown, _ in chinese_lines("床前明月光，疑是地上霜。")] == ["床前明月光，", "疑是地上霜。"]
    assert [shown for shown, _ in chinese_lines("知否，知否？")] == ["知否，知否？"]
    assert [shown for shown, _ in chinese_lines("在2024年 我爱过3个人")] == ["在2024年", "我爱过3个人"]
    assert [sung for _, sung in chinese_lines("在2024年 我爱过3个人")] == ["在二零二四年", "我爱过三个人"]


@given(st.text("我的月亮代表心一不了儿，。！「」 a1%:.", max_size=60))
def test_every_part_of_a_line_can_be_sung_and_none_is_lost(raw: str) -> None:
    lines = list(chinese_lines(raw))
    for shown, sung in lines:
        assert 1 <= len(chinese_syllables(sung)) <= LONGEST
        assert shown in raw
    kept = "".join(shown for shown, _ in lines)
    assert [c for c in kept if "\u4e00" <= c <= "\u9fff"] == [c for c in raw if "\u4e00" <= c <= "\u9fff"]
