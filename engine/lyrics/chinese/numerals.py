"""Numbers as the Chinese characters that they are read with. Does not know lines or tones."""

from __future__ import annotations

import re

DIGITS = "零一二三四五六七八九"
_PLACES, _SCALES = ("", "十", "百", "千"), ("", "万", "亿", "万亿")
_PAIR, _COUNTED = "两", "个次天人位只条张杯遍首句片颗朵双年月里百千万亿点种间座本把封滴道"
_MOST_DIGITS = 12  # longer numbers are read digit by digit
NUMBER = re.compile(r"([$¥€£]?)(\d+(?:,\d{3})*)(?:[:：](\d\d))?(?:\.(\d+))?(%|°|℃)?")
_COINS = {"$": "美元", "¥": "元", "€": "欧元", "£": "英镑"}


def said_number(found: re.Match[str], after: str) -> str:
    """Return how a `NUMBER` is read before a sign: 2024 before 年 is 二零二四, 2 before 个 is 两, 50% is 百分之五十."""
    coin, whole, minutes, decimals, unit = found.groups()
    whole = whole.replace(",", "")
    text = digits_of(whole) if after == "年" and len(whole) == 4 else numerals(whole)
    if minutes is not None:
        text = f"{_pair(text)}点" + (numerals(minutes) if minutes != "00" else "")
    elif decimals is not None:
        text = f"{text}点{digits_of(decimals)}"
    elif after and after in _COUNTED:
        text = _pair(text)
    if unit is not None:
        text = f"百分之{text}" if unit == "%" else f"{text}度"
    return text + _COINS.get(coin, "")


def digits_of(number: str) -> str:
    """Return a number digit by digit: "2024" -> 二零二四."""
    return "".join(DIGITS[int(digit)] for digit in number)


def numerals(number: str) -> str:
    """Return a number as it is counted: "105" -> 一百零五, "12" -> 十二; digit by digit with a leading zero or over 12 digits."""
    if (len(number) > 1 and number[0] == "0") or len(number) > _MOST_DIGITS:
        return digits_of(number)
    if int(number) == 0:
        return DIGITS[0]
    text, groups = "", [number[max(0, end - 4) : end] for end in range(len(number), 0, -4)]
    for scale, group in reversed(list(enumerate(groups))):
        value = int(group)
        if not value:
            continue
        gap = DIGITS[0] if text and (value < 1000 or text.endswith(DIGITS[0])) else ""
        text += gap + _below_ten_thousand(value) + _SCALES[scale]
    return text.removeprefix("一") if text.startswith("一十") else text


def _below_ten_thousand(value: int) -> str:
    text = ""
    for place in range(3, -1, -1):
        digit = value // 10**place % 10
        if digit:
            text += DIGITS[digit] + _PLACES[place]
        elif text and value % 10**place and not text.endswith(DIGITS[0]):
            text += DIGITS[0]
    return text


def _pair(text: str) -> str:
    return _PAIR if text == "二" else text
