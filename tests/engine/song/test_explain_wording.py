"""Numbers, lists, sections and notes as explanations say them."""

from __future__ import annotations

from engine.music.theory import Key
from engine.song.explain_wording import counted, joined, note_name, number, share_text, the


def test_numbers_and_lists_read_aloud() -> None:
    assert [number(n) for n in (0, 1, 12, 13)] == ["no", "one", "twelve", "13"]
    assert counted(1, "bar") == "one bar"
    assert joined(["a", "b", "c"]) == "a, b and c"
    assert [joined(items) for items in ([], ["a"], ["a", "b"])] == ["", "a", "a and b"]
    assert [the(label) for label in ("Chorus", "Verse 2")] == ["the chorus", "verse 2"]
    assert [note_name(pitch, Key.parse(key)) for pitch, key in ((60, "C"), (70, "F"), (71, "Gb"))] == [
        "C4",
        "Bb4",
        "Cb5",
    ]
    assert [share_text(share) for share in (1.0, 0.5, 0.0)] == ["all", "about half", "hardly any"]
