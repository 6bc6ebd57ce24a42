"""Moods of Chinese verse: the characters and words that sound of each. Does not know models or lines."""

from __future__ import annotations

from collections.abc import Mapping

from engine.lyrics.moods import find_mood

# What the verse of ten centuries says of them, the most telling first; each is read often by the model that ships.
_WORDS: Mapping[str, tuple[str, ...]] = {
    "happy": tuple("笑 欢 喜 乐 行乐 笑语 欢娱 歌舞 得意 佳 庆".split()),
    "sad": tuple("愁 泪 恨 悲 断肠 伤心 凄凉 憔悴 惆怅 哀 泣".split()),
    "tender": tuple("怜 柔 多情 相思 同心 依依 温 软 爱 轻轻 殷勤".split()),
    "angry": tuple("怒 愤 嗔 骂 仇 狂 恶 烈 不平 怨".split()),
    "calm": tuple("静 闲 从容 逍遥 悠悠 淡 幽 安 眠 徐".split()),
    "hopeful": tuple("晓 明朝 佳期 新 归期 晴 曙 朝阳 明年 待".split()),
    "mysterious": tuple("缥缈 暗 依稀 幽 影 鬼 神仙 雾 隐 冥 幻".split()),
    "lonely": tuple("独 孤 寂寞 寂寥 独自 飘零 孤舟 无人 空 只影".split()),
}


def mood_words(name: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the words of a mood and those of the mood that it keeps away from; RequestError for an unknown one.

    >>> mood_words("happy")[1][0]
    '愁'
    """
    mood = find_mood(name)
    words = _WORDS[mood.name]
    return words, tuple(word for word in _WORDS[mood.against] if word not in words)
