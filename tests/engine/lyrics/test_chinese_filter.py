"""Chinese words of the filter's levels, and insults: found inside of texts without spaces, in whichever characters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.lyrics.chinese.filtered_words import first_of, plain_hanzi
from engine.lyrics.chinese.rhyme import is_hanzi
from engine.lyrics.insults import holds_chinese_insult
from engine.lyrics.word_filter import avoided, chinese_words, first_left_out, list_of

STRICT = sorted(chinese_words("strict"))


def test_each_level_leaves_out_all_that_the_one_before_it_does() -> None:
    off, mild, strict = (chinese_words(level) for level in ("off", "mild", "strict"))
    assert off == frozenset()
    assert off < mild < strict
    assert all(is_hanzi(character) for word in strict for character in word)
    assert mild <= avoided(list_of("mild"))


@given(st.sampled_from(STRICT), st.text(alphabet="春风明月江", max_size=4), st.sampled_from(["", " ", "*", " - ", "·"]))
def test_a_word_is_found_inside_of_a_text(word: str, around: str, between: str) -> None:
    text = f"{around}{between.join(word)}{around} rain"
    found = first_left_out(text, "strict")
    assert found
    assert found in word
    assert first_left_out(text, "off") == ""


@pytest.mark.parametrize(
    ("text", "mild", "strict"),
    [("一首关于裸体的歌", "裸", "裸"), ("強姦", "强奸", "强奸"), ("把酒问青天", "", "酒"), ("殺人的歌", "", "杀"),
     ("性 * 愛", "性爱", "性爱"),
     ("rain and 鴉片", "", "鸦片"), ("fuck 春风", "fuck", "fuck")],
)  # fmt: skip
def test_levels_differ_in_what_they_leave_out(text: str, mild: str, strict: str) -> None:
    assert first_left_out(text, "mild") == mild
    assert first_left_out(text, "strict") == strict


@pytest.mark.parametrize(
    "text",
    ["妈妈的爱", "几把椅子", "体操你好", "过去死水", "今日你来", "烟雨江南",
     "刀剑如梦", "热血少年", "女人的花", "性格", "高潮迭起", "一杯清茶", "阴天", "乳燕飞", "奸臣"],
)  # fmt: skip
def test_words_that_only_look_alike_stay(text: str) -> None:
    assert first_left_out(text, "strict") == ""


@given(st.text(max_size=40))
def test_plain_characters_stay_plain(text: str) -> None:
    assert plain_hanzi(plain_hanzi(text)) == plain_hanzi(text)
    assert first_of(text, ()) == ""


@pytest.mark.parametrize(
    ("text", "is_one"), [("我的支那", True), ("黃 皮 豬", True), ("支持那人", False), ("江南春雨", False), ("", False)]
)
def test_insults_are_found_in_any_writing(text: str, is_one: bool) -> None:
    assert holds_chinese_insult(text) is is_one
