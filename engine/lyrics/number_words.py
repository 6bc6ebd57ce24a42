"""Numbers as the English words that a singer would sing. Does not know pronunciation."""

from __future__ import annotations

ONES = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
SCALES = ("", "thousand", "million", "billion", "trillion")
IRREGULAR_ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}


def number_words(digits: str) -> list[str]:
    """Return how digits 0-9 are read: "42" -> forty two, "1969" -> nineteen sixty nine, "007" -> zero zero seven.

    Numbers with a leading zero or over 15 digits are read digit by digit; 1100-1999 in pairs, as years are.
    """
    if (len(digits) > 1 and digits[0] == "0") or len(digits) > 15:
        return [ONES[int(digit)] for digit in digits]
    number = int(digits)
    if 1100 <= number <= 1999:
        return _below_thousand(number // 100) + (_year_end(number % 100))
    return cardinal_words(digits)


def cardinal_words(digits: str) -> list[str]:
    """Return how many that is, of up to 15 digits: "1984" -> one thousand nine hundred eighty four."""
    number = int(digits)
    if number < 20:
        return [ONES[number]]
    words: list[str] = []
    for power in range(4, -1, -1):
        group = number // 1000**power % 1000
        if group:
            words += _below_thousand(group) + ([SCALES[power]] if power else [])
    return words


def ordinal_words(digits: str) -> list[str]:
    """Return a number as an ordinal: "21" -> twenty first."""
    *front, last = number_words(digits)
    return [*front, IRREGULAR_ORDINALS.get(last, last[:-1] + "ieth" if last.endswith("y") else last + "th")]


def _below_thousand(number: int) -> list[str]:
    """Return the words of 0-999, none for 0."""
    words = [ONES[number // 100], "hundred"] if number >= 100 else []
    rest = number % 100
    if rest >= 20:
        words.append(TENS[rest // 10 - 2])
        rest %= 10
    return [*words, ONES[rest]] if rest else words


def _year_end(number: int) -> list[str]:
    """Return the second half of a year: 0 -> hundred, 5 -> oh five."""
    if number == 0:
        return ["hundred"]
    return ["oh", ONES[number]] if number < 10 else _below_thousand(number)
