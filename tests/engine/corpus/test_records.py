"""Promises of reading and cleaning lyric records."""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.corpus.records import Stanza, Truecaser, clean_line, parse_record, read_jsonl, split_of
from engine.errors import FileFormatError


@given(st.text(max_size=80))
def test_a_cleaned_line_holds_only_words_and_marks(text: str) -> None:
    line = clean_line(text)
    assert re.fullmatch(r"[A-Za-z0-9 ,.!?'-]*", line)
    assert line == " ".join(line.split())
    assert not re.search(r"[,.!?][A-Za-z0-9]| [,.!?]", line)
    assert line == "" or (re.search(r"[A-Za-z]", line) and line[0] not in ",.!?")


@pytest.mark.parametrize(
    ("printed", "cleaned"),
    [
        ("I walked alone", "I walked alone"),
        ("I'll go", "I'll go"),
        ("1 When I survey", "When I survey"),
        ("3. O come", "O come"),
        ("IV. The sea", "The sea"),
        ("II The rain", "The rain"),
        ("“Rain,” she said—“’tis late!”", "Rain, she said, 'tis late!"),
        ("rain,sea , and _sky_ ;", "rain, sea, and sky,"),
        ("done,'tis autumn", "done, 'tis autumn"),
        ("Café (twice) [Chorus]", "Cafe twice"),
        ("3,000 ships ...", "3000 ships,"),
        ("moon-beam - o'er", "moon-beam, o'er"),
        ("42", ""),
        ("* * *", ""),
    ],
)
def test_lines_as_they_are_printed(printed: str, cleaned: str) -> None:
    assert clean_line(printed) == cleaned


def row(text: str, **more: object) -> dict[str, object]:
    return {"id": "a-1", "kind": "song", "text": text} | more


def test_a_stanza_that_comes_again_is_kept_once_as_a_chorus() -> None:
    record = parse_record(
        row("One\nTwo\n\nSing,\nSing\n\nThree\n\nSing,\nSing\n\n[Chorus]\nFour\n", era="born 1790-1799")
    )
    assert record.stanzas == (
        Stanza(("One", "Two")), Stanza(("Sing,", "Sing"), True), Stanza(("Three",)), Stanza(("Four",), True),
    )  # fmt: skip
    assert record.born == 1790
    assert record.work == "a-1"


def test_a_record_without_words_has_no_stanzas() -> None:
    record = parse_record(row("\n***\n\n12\n", title=None, author=None, era=None))
    assert (record.stanzas, record.title, record.author, record.born) == ((), "", "", None)


@given(st.integers(0, 10**9))
def test_splits_depend_on_the_work_alone_and_grow_with_their_share(number: int) -> None:
    work = f"work-{number}"
    assert split_of(work) == split_of(work)
    assert split_of(work, valid=1.0) == "valid"
    assert split_of(work, valid=0.0, test=1.0) == "test"
    assert split_of(work, valid=0.0, test=0.0) == "train"
    if split_of(work, valid=0.1) == "valid":
        assert split_of(work, valid=0.3) == "valid"


def test_splits_have_about_their_share() -> None:
    counts = Counter(split_of(f"w{i}", valid=0.1, test=0.2) for i in range(4000))
    assert counts["valid"] / 4000 == pytest.approx(0.1, abs=0.03)
    assert counts["test"] / 4000 == pytest.approx(0.2, abs=0.03)


@pytest.mark.parametrize("name", ["songs.jsonl", "songs.jsonl.gz"])
def test_json_lines_are_read_and_a_bad_one_is_named(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    text = json.dumps({"id": "é"}) + "\n" + json.dumps({"id": "b"}) + "\n{oops\n"
    path.write_bytes(gzip.compress(text.encode()) if name.endswith("gz") else text.encode())
    rows = read_jsonl(path)
    assert [next(rows)["id"], next(rows)["id"]] == ["é", "b"]
    with pytest.raises(FileFormatError, match="line 3"):
        next(rows)


def test_names_keep_their_capital_and_first_words_lose_it() -> None:
    truecaser = Truecaser.learn(
        ["we saw Ann and I said", "of Ann he said", "so I sang rain", "the Rain of rain to rain"]
    )
    assert truecaser.line("The RAIN, ANN and I'll go") == "the rain, Ann and I'll go"
    assert truecaser.line("Ann's OWN, It's late") == "Ann's own, it's late"


@given(st.lists(st.sampled_from(["Ann", "rain", "The", "I'm", "SEA", "o'er"]), max_size=6).map(" ".join))
def test_truecasing_changes_only_case_and_is_done_once(line: str) -> None:
    truecaser = Truecaser.learn(["we saw Ann and I said", "of Ann he sang"])
    once = truecaser.line(line)
    assert once.lower() == line.lower()
    assert truecaser.line(once) == once
