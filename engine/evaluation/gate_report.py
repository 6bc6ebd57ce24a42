"""What the gate found, as one HTML file: verdict, lines, win rate, examples side by side, the snapshot, how it was made.

Self-contained: pictures are inline, nothing is loaded and nothing runs; light and dark, and as wide as a telephone. Does not
know how anything was measured.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from html import escape
from pathlib import Path
from typing import Any

from engine.corpus.song_files import written_whole
from engine.errors import OutputError
from engine.evaluation.gate import GateResult
from engine.evaluation.gate_examples import Example, Tune
from engine.evaluation.gate_lines import GateLine, Interval

STYLE = """
:root { color-scheme: light dark; --paper: #fbfaf7; --ink: #22211f; --soft: #6b6862; --line: #dedad2; --card: #fff;
  --good: #23724a; --bad: #a8322a; --mark: #3b6ea5; }
@media (prefers-color-scheme: dark) { :root { --paper: #171816; --ink: #e8e6e1; --soft: #a09c94; --line: #3a3a36;
  --card: #20211f; --good: #6fca97; --bad: #f08a80; --mark: #86b4e6; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 1.2rem 1rem 4rem; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; overflow-wrap: break-word; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: .5rem 0 1rem; } h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem; }
h3 { font-size: 1rem; margin: 1.2rem 0 .4rem; }
p, li { max-width: 46rem; } .soft, caption, figcaption { color: var(--soft); font-size: .9rem; }
.verdict { border-left: .35rem solid; padding: .6rem 1rem; background: var(--card); font-size: 1.1rem; }
.good { color: var(--good); } .bad { color: var(--bad); } .verdict.good, .verdict.bad { border-color: currentColor; }
.verdict p { color: var(--ink); margin: .3rem 0 0; } .verdict ul { color: var(--ink); margin: .4rem 0 0; padding-left: 1.2rem; }
table { border-collapse: collapse; width: 100%; background: var(--card); }
th, td { text-align: left; vertical-align: top; padding: .45rem .6rem; border-bottom: 1px solid var(--line); }
th.number { text-align: right; } td.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.kind { font-size: .78rem; color: var(--soft); } figure { margin: 0; } figure svg, figure img { max-width: 100%; height: auto; }
figure.scale svg { width: 40rem; } .tune svg { display: block; width: 100%; height: auto; margin-bottom: .5rem; }
figure img { background: #fff; border-radius: .3rem; }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: .8rem; margin: .4rem 0 1.4rem; }
.pair > div { background: var(--card); border: 1px solid var(--line); border-radius: .3rem; padding: .6rem .8rem; }
.pair h4 { margin: 0 0 .4rem; font-size: .85rem; color: var(--soft); } .words { white-space: pre-wrap; font-size: .93rem; }
@media (max-width: 40rem) { .pair { grid-template-columns: 1fr; } thead { display: none; }
  tr, td { display: block; } tr { padding: .5rem 0; border-bottom: 1px solid var(--line); } td { border: 0; padding: .1rem .6rem; }
  td.number { text-align: left; } td[data-name]::before { content: attr(data-name) ": "; color: var(--soft); } }
"""
WIDTH, HEIGHT, LEFT, RIGHT = 640, 96, 28, 28
ROLL_WIDTH, ROLL_HEIGHT = 440, 90


def write_report(
    result: GateResult, out: Path, made: str, draw: Callable[[Mapping[str, Any]], bytes] | None = None
) -> None:
    """Write the report whole or not at all. made: when and by what it was made, for people. draw: the statistics as a PNG.

    OutputError where the file cannot be written.
    """
    try:
        with written_whole(out) as file:
            file.write(report_page(result, made, None if draw is None else draw(result.statistics)).encode())
    except OSError as error:
        raise OutputError(f"{out} cannot be written: {error.strerror}; name another file with --out") from error


def report_page(result: GateResult, made: str, picture: bytes | None = None) -> str:
    """Return the page. picture: PNG of the snapshot's statistics."""
    title = f"Gate of {result.role}: {result.versions[1]} against {result.versions[0]}"
    parts = [
        f"<h1>{escape(title)}</h1>",
        _verdict(result),
        "<h2>Line by line</h2>",
        _table(result),
        *([_win_rate(result.win_rate)] if result.win_rate is not None else []),
        *(["<h2>Side by side</h2>", *map(_example, result.examples)] if result.examples else []),
        "<h2>What people said</h2>",
        _snapshot(result, picture),
        "<h2>How this was made</h2>",
        _making(result, made),
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>\n<body>\n"
        + "\n".join(parts)
        + "\n</body></html>\n"
    )


def _verdict(result: GateResult) -> str:
    kind = "good" if result.passed else "bad"
    failed = [line for line in result.lines if not line.passed]
    why = "".join(f"<li><b>{escape(line.name)}</b>{_kind(line)}: {escape(line.sentence)}</li>" for line in failed)
    after = (
        "It may go on trial for a share of the songs."
        if result.passed
        else "It is not promoted unless somebody says on record why it shall be all the same."
    )
    listed = f"<ul>{why}</ul>" if why else ""
    return f'<div class="verdict {kind}"><b>{escape(result.verdict)}</b><p>{after}</p>{listed}</div>'


def _table(result: GateResult) -> str:
    rows = "\n".join(_row(line) for line in result.lines)
    kinds = {"parent": ' class="number"', "candidate": ' class="number"'}
    names = ("", "line", "parent", "candidate", "bar", "what was found")
    head = "".join(f"<th{kinds.get(name, '')}>{name}</th>" for name in names)
    return f"<table><thead><tr>{head}</tr></thead><tbody>\n{rows}\n</tbody></table>"


def _row(line: GateLine) -> str:
    mark = '<b class="good">✓ passed</b>' if line.passed else '<b class="bad">✗ not passed</b>'
    if line.passed and not line.is_measured:
        mark = '<span class="soft">– not measured</span>'
    return (
        f"<tr><td>{mark}</td><td><b>{escape(line.name)}</b>{_kind(line)}</td>"
        f'<td class="number" data-name="parent">{_number(line.parent)}</td>'
        f'<td class="number" data-name="candidate">{_number(line.candidate)}</td>'
        f'<td data-name="bar">{escape(line.bar)}</td><td>{escape(line.sentence)}</td></tr>'
    )


def _kind(line: GateLine) -> str:
    return ' <span class="kind">safety</span>' if line.safety else ""


def _win_rate(found: Interval) -> str:
    """Draw the share with its interval on a scale of 0 to 100 %, and a coin's share."""

    def at(share: float) -> float:
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    ticks = "".join(
        f'<line x1="{at(k / 10):.0f}" x2="{at(k / 10):.0f}" y1="58" y2="64" stroke="currentColor"/>'
        f'<text x="{at(k / 10):.0f}" y="82" text-anchor="middle" font-size="13" fill="currentColor">{k * 10} %</text>'
        for k in range(0, 11, 2)
    )
    text = f"{found.value:.1%}, 95 % interval {found.low:.1%} to {found.high:.1%}, {found.count} prompts"
    return (
        f'<h2>Win rate</h2><figure class="scale"><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(text)}">'
        f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="58" y2="58" stroke="currentColor"/>{ticks}'
        f'<line x1="{at(0.5):.0f}" x2="{at(0.5):.0f}" y1="12" y2="58" stroke="currentColor" stroke-dasharray="4 4"/>'
        f'<line x1="{at(found.low):.1f}" x2="{at(found.high):.1f}" y1="34" y2="34" stroke="var(--mark)" stroke-width="8" '
        f'stroke-linecap="round" opacity=".45"/><circle cx="{at(found.value):.1f}" cy="34" r="9" fill="var(--mark)"/></svg>'
        f"<figcaption>{escape(text)}; dashed: a coin.</figcaption></figure>"
    )


def _example(example: Example) -> str:
    tunes = ("", "") if example.tunes is None else _tunes(example.tunes)
    sides = "".join(
        f'<div><h4>{name}, score {score:.2f}</h4>{tune}<div class="words">{escape(text)}</div></div>'
        for name, text, score, tune in zip(
            ("Parent", "Candidate"), (example.parent, example.candidate), example.scores, tunes, strict=True
        )
    )
    return f'<h3>{escape(example.asked)}</h3><div class="pair">{sides}</div>'


def _tunes(tunes: tuple[Tune, Tune]) -> tuple[str, str]:
    """Draw the first bars of both as piano rolls on one scale, so that steps and leaps can be compared by eye."""
    pitches = [pitch for tune in tunes for _, _, pitch in tune.notes]
    lowest, highest = min(pitches, default=60) - 1, max(pitches, default=72) + 1
    bars = max(1.0, *(tune.bars for tune in tunes))
    first, second = (_tune(tune, lowest, highest, bars) for tune in tunes)
    return first, second


def _tune(tune: Tune, lowest: int, highest: int, bars: float) -> str:
    across, up = ROLL_WIDTH / bars, ROLL_HEIGHT / (highest - lowest + 1)
    lines = "".join(
        f'<line x1="{bar * across:.1f}" x2="{bar * across:.1f}" y1="0" y2="{ROLL_HEIGHT}" stroke="var(--line)"/>'
        for bar in range(1, int(bars) + 1)
    )
    notes = "".join(
        f'<rect x="{onset * across:.1f}" y="{(highest - pitch) * up:.1f}" width="{max(1.0, length * across - 1):.1f}" '
        f'height="{up:.1f}" rx="1" fill="var(--mark)"/>'
        for onset, length, pitch in tune.notes
    )
    told = f"{len(tune.notes)} notes in the first {tune.bars:g} bars"
    svg = f'<svg viewBox="0 0 {ROLL_WIDTH} {ROLL_HEIGHT}" role="img" aria-label="{told}">{lines}{notes}</svg>'
    return f'<figure class="tune">{svg}</figure>'


def _snapshot(result: GateResult, picture: bytes | None) -> str:
    told = result.statistics
    text = (
        f"{told['judgements']} judgements by {told['raters']} raters of {told['takes']} takes of {told['prompts']} prompts; "
        f"snapshot {result.snapshot[:12]}."
    )
    shown = ""
    if picture is not None:
        data = base64.b64encode(picture).decode()
        shown = f'<figure><img alt="statistics of the snapshot" src="data:image/png;base64,{data}"></figure>'
    return f"<p>{escape(text)}</p>{shown}"


def _making(result: GateResult, made: str) -> str:
    compared = (
        f"Both models answered the same {result.prompts} prompts with the same seeds, by turns in one process. The prompts are "
        "those of the snapshot's test split, which nothing was tuned on, and where these are too few, fixed ones. The judge "
        f"{result.judge} was learned from the training split."
        if result.prompts
        else "The first line was not passed, so that nothing else was measured."
    )
    intervals = "Intervals are E. B. Wilson's, 95 %. A line about safety is one that nothing may be won by breaking."
    return f'<p>{escape(compared)} {escape(intervals)}</p><p class="soft">{escape(made)}</p>'


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}".rstrip("0").rstrip(".") or "0"
