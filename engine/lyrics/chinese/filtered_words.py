"""Chinese words that a level of the word filter leaves out, and how they are found. Does not know levels or models.

Chinese has no spaces, so a word is found wherever its characters stand next to each other. Words of one character are
here only where hardly any harmless word has them.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Collection
from functools import lru_cache

# In base 64, so that nobody has to read them.
VULGAR = base64.b64decode(
    """
    5pON5L2g5aaIIOaTjeS9oOWomCDmk43ku5blpogg6IKPIOWxhCDlgrvpgLwg54We56yUIOeJm+mAvCDoo4XpgLwg5LuW5aaI55qEIOS9oOWmiOea
    hCDlpojkuobkuKog54uX5bGBIOaUvuWxgSDlsYHnnLwg5bGB6IKhIOeOi+WFq+ibiyDnjovlhavnvpTlrZAg5re36JuLIOa1keibiyDlqYog6LSx
    5Lq6IOi0sei0pyDpqprotKcg6bih5be0IOWxjCDni5fml6XnmoQg5bGOIOiNieazpemprCDni5flqJjlhbsg5pel5L2g5aaIIOaXpeS9oOWomCDp
    vp/lrZnlrZAg6b6f5YS/5a2QIOWNteibiyDmu5rom4sg546L5YWrIOadguenjSDotLHpqqjlpLQg5bGB6K+d
    """
).decode()
SEX = """
    淫 强奸 通奸 轮奸 鸡奸 色情 情色 裸 性交 做爱 性爱 性欲 肉欲 阴道 阴茎 卖淫 嫖 妓 娼 青楼 窑子 春药 荡妇 乱伦 自慰 手淫
    性高潮 色狼 色鬼 猥亵 艳照 脱衣舞 性感 乳交 口交 肛交 云雨之欢 偷情 床笫 交欢 媾
"""
DRINK = """
    酒 醉 酌 觞 樽 醪 醅 酣 酩酊 酿 醺 杜康 屠苏 绿蚁 琼浆 威士忌 伏特加 白兰地 香槟 鸡尾 醒酲
"""
DRUGS = "鸦片 毒品 吸毒 贩毒 大麻 海洛因 可卡因 冰毒 吗啡 摇头丸 香烟 吸烟 抽烟 烟草 雪茄"
VIOLENCE = """
    杀 屠戮 屠城 斩首 砍头 枭首 凌迟 绞刑 断头台 酷刑 拷打 鞭笞 虐 尸 匕首 枪 子弹 炸弹 手雷 自尽 自刎 自缢 上吊 谋害 凶手
    行刺 刺客 残害 勒死 掐死 毒死 打死 砍死 捅 血泊 血腥 弑 戮
"""
# Traditional characters in these words and among insults.
_SIMPLIFIED = str.maketrans(
    "殺槍強姦媽賤貨雞陰愛賣彈屍體蕩亂豔艷脫樂綠瓊漿檳絞斷頭臺鴉煙嗎啡癡傷殘謀兇蘇釀觴裝罵雜龜滾騷慾褻淩梟斬販黃豬麗腦殘製戲",
    "杀枪强奸妈贱货鸡阴爱卖弹尸体荡乱艳艳脱乐绿琼浆槟绞断头台鸦烟吗啡痴伤残谋凶苏酿觞装骂杂龟滚骚欲亵凌枭斩贩黄猪丽脑残制戏",
)
_BETWEEN = re.compile(r"(?<=[\u4e00-\u9fff])[\s*_.·•~|/-]+(?=[\u4e00-\u9fff])")


def plain_hanzi(text: str) -> str:
    """Return a text so that the same words look the same: simplified, without what is put between to hide them.

    >>> plain_hanzi("性 * 愛")
    '性爱'
    """
    return _BETWEEN.sub("", text.translate(_SIMPLIFIED))


def first_of(text: str, words: Collection[str]) -> str:
    """Return the first of these words in a text, the longest where several begin there; "" for none."""
    found = _pattern(frozenset(words)).search(plain_hanzi(text)) if words else None
    return found[0] if found else ""


@lru_cache(maxsize=8)
def _pattern(words: frozenset[str]) -> re.Pattern[str]:
    return re.compile("|".join(sorted(words, key=lambda word: (-len(word), word))))
