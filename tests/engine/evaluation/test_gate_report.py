"""Promises of the gate's report: one file that loads and runs nothing, whole HTML, the verdict first, nothing typed is markup."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

from engine.evaluation.gate import GateResult
from engine.evaluation.gate_examples import Example, Tune
from engine.evaluation.gate_lines import GateLine, share_of
from engine.evaluation.gate_report import report_page, write_report

VOID = {"meta", "img", "line", "circle", "rect"}
PHRASES = {"span", "b", "p", "h1", "h2", "h3", "h4"}  # that hold no blocks
STATISTICS = {"judgements": 600, "raters": 60, "takes": 500, "prompts": 90}
GOOD = GateLine("win rate", 0.5, 0.66, "> 50 %", False, True, "better at 66 %")
BAD = GateLine("range", 1.0, 0.9, ">= the parent's", True, False, "90 % against 100 %")
RESULT = GateResult(
    "lyrics", ("parent", "candidate"), "5" * 40, STATISTICS, "of 60 features", (GOOD, BAD), 100, share_of(66, 100),
    (Example("“<b>rain</b>”", "It rains & rains", "<script>alert(1)</script>", (0.1, 0.4)),),
)  # fmt: skip


class Reader(HTMLParser):
    """Checks that what is opened is closed, in order, and gathers tags and texts."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        assert not (tag in {"ul", "div", "table", "p", "figure"} and PHRASES & set(self.open)), (tag, self.open)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self.texts.append(data)


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    return reader


def test_the_page_is_whole_and_loads_and_runs_nothing() -> None:
    reader = read(report_page(RESULT, "made by a test", b"\x89PNG"))
    tags = {tag for tag, _ in reader.seen}
    assert not tags & {"script", "link", "iframe"}
    for _, attributes in reader.seen:
        for name in ("src", "href"):
            assert (attributes.get(name) or "data:").startswith("data:")
        assert not [name for name in attributes if name.startswith("on")]
    assert ("name", "viewport") in [item for _, attributes in reader.seen for item in attributes.items()]


def test_the_verdict_comes_first_and_everything_measured_is_there() -> None:
    texts = " ".join(read(report_page(RESULT, "made by a test")).texts)
    assert texts.index("Not passed: range.") < texts.index("Line by line")
    for told in ("safety", "66.0%", "600 judgements by 60 raters", "It rains & rains", "<script>alert(1)</script>",
                 "“<b>rain</b>”", "made by a test", "parent", "candidate"):  # fmt: skip
        assert told in texts, told


def test_tunes_are_drawn_on_one_scale_where_tunes_are_compared() -> None:
    low, high = Tune(((0.0, 0.25, 60), (0.25, 0.25, 62)), 8), Tune(((0.0, 0.5, 72),), 8)
    example = replace(RESULT.examples[0], tunes=(low, high))
    reader = read(report_page(replace(RESULT, role="melody", examples=(example,)), "made by a test"))
    notes = [attributes for tag, attributes in reader.seen if tag == "rect"]
    tops = [float(str(note["y"])) for note in notes]
    assert len(notes) == 3
    assert tops[0] > tops[1] > tops[2]  # higher pitches stand higher
    silent = replace(example, tunes=(Tune((), 0.0), Tune((), 0.0)))
    assert not [tag for tag, _ in read(report_page(replace(RESULT, examples=(silent,)), "")).seen if tag == "rect"]


def test_what_was_not_measured_is_not_marked_as_passed() -> None:
    unknown = replace(GOOD, name="bits per byte", parent=None, candidate=None, sentence="not measured: no works")
    texts = [text.strip() for text in read(report_page(replace(RESULT, lines=(GOOD, unknown)), "")).texts]
    assert texts.count("✓ passed") == 1
    assert "– not measured" in texts


def test_a_gate_that_stopped_at_the_first_line_has_a_page_too(tmp_path: Path) -> None:
    stopped = replace(RESULT, lines=(replace(GOOD, passed=False),), prompts=0, win_rate=None, examples=())
    write_report(stopped, tmp_path / "gate.html", "made by a test")
    texts = " ".join(read((tmp_path / "gate.html").read_text(encoding="utf-8")).texts)
    assert "nothing else was measured" in texts


def test_the_verdict_as_json_is_that_of_the_lines(tmp_path: Path) -> None:
    from worker.clock import utc_now

    kept = RESULT.as_json(tmp_path / "gate.html", utc_now())
    assert (kept["passed"], [line["passed"] for line in kept["lines"]]) == (False, [True, False])
