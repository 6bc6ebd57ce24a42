"""How far jobs are and how they ended, as the text of a message: place, stage, bar, the words so far, or why not.

Knows nothing of when it is shown. Equal states give equal text, but for times to come, which move in steps.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from itertools import accumulate
from typing import TYPE_CHECKING

from discord.utils import format_dt

from bot.error_sentences import localise, without_dashes
from bot.plain_text import cut, one_line, shown, shown_lines

if TYPE_CHECKING:
    from bot.translations import Words
    from worker.store.jobs import Job
    from worker.store.pending import JobState

MOST_CHARACTERS = 2000  # of a message
QUOTED_LINES = 12
QUOTED_CHARACTERS = 900
BAR_BLOCKS = 12
SENTENCE_CHARACTERS = 1500
# Typical shares of the time of a song, in the order of the work.
STAGE_SHARES = {
    "models": 0.2,
    "plan": 0.0,
    "words": 0.0,
    "lyrics": 0.5,
    "melody": 0.15,
    "compose": 0.6,
    "edit": 0.0,
    "band": 0.05,
    "score": 0.0,
    "picture": 0.05,
    "audio": 0.05,
    "done": 0.0,
}
EDIT_SKIPS = frozenset({"lyrics", "melody"})
COMPOSED = frozenset({"extend", "harmonize", "melody", "remix", "infill"})
NO_COMPOSING = frozenset({"compose"})
# Which stages a kind of job does not have; a song has all but composing.
SKIPPED_STAGES = {
    "lyrics": frozenset({"melody", "band", "picture", "audio"}),
    "music": frozenset({"lyrics"}),
    "sing": frozenset({"lyrics"}),
    "words": frozenset({"lyrics"}),
    "transpose": EDIT_SKIPS,
    "tempo": EDIT_SKIPS,
    "mute": EDIT_SKIPS,
    **dict.fromkeys((*COMPOSED, "arrange", "instrument", "humanize"), EDIT_SKIPS),
    "blend": frozenset({"lyrics", "band"}),
    "export": frozenset({"lyrics", "melody", "band", "compose"}),
    "explain": frozenset({"lyrics", "melody", "band", "compose", "score", "audio"}),
    **dict.fromkeys(("rewrite", "insert", "continue", "words-for"), frozenset({"melody", "band"})),
}
COUNTED_IN_LINES = frozenset({"lyrics", "melody"})
# Up to how many seconds ahead a time moves in which steps: every step costs an edit of the message.
TIME_STEPS_SECONDS = ((20, 2), (60, 5), (300, 15), (1800, 60), (math.inf, 300))


def progress_text(words: Words, jobs: Sequence[JobState], *, now: datetime) -> str:
    """Return what is shown while jobs wait and run; the jobs of a comparison share the room for words."""
    states = [_state_text(words, job, now) for job in jobs]
    if len(jobs) > 1:
        states = [f"**{chr(ord('A') + index)}** · {state}" for index, state in enumerate(states)]
    quotes = [_quoted(job, QUOTED_LINES // len(jobs), QUOTED_CHARACTERS // len(jobs)) for job in jobs]
    whole = "\n".join(part for pair in zip(states, quotes, strict=True) for part in pair if part)
    return whole if len(whole) <= MOST_CHARACTERS else "\n".join(states)[:MOST_CHARACTERS]


def failed_text(words: Words, job: Job | JobState) -> str:
    """Return why a job failed; for a bug a polite line with the job's id."""
    if job.error is None or job.error_kind == "bug":
        return words("bug", reference=job.id)
    sentence = without_dashes(localise(job.error, words.language))
    return words("ended.failed", reason=shown(one_line(sentence), SENTENCE_CHARACTERS))


def cancelled_text(words: Words) -> str:
    """Return what is said of a request that was taken back."""
    return words("ended.cancelled")


def overall_progress(job: JobState) -> float:
    """Return how much of a job is done, 0-1; it never goes back from one stage to a later one."""
    skipped = SKIPPED_STAGES.get(job.kind, frozenset()) | (frozenset() if job.kind in COMPOSED else NO_COMPOSING)
    shares = {stage: 0.0 if stage in skipped else share for stage, share in STAGE_SHARES.items()}
    if job.status == "done" or job.stage == "done":
        return 1.0
    if job.stage not in shares:
        return 0.0
    before = dict(zip(shares, accumulate(shares.values(), initial=0.0), strict=False))[job.stage]
    within = min(max(job.done / max(job.total, 1), 0.0), 1.0)
    return min((before + shares[job.stage] * within) / sum(shares.values()), 1.0)


def _state_text(words: Words, job: JobState, now: datetime) -> str:
    if job.status == "failed":
        return failed_text(words, job)
    if job.status == "cancelled":
        return cancelled_text(words)
    if job.cancel_requested:
        return words("progress.cancelling")
    if job.status == "queued":
        return _waiting_text(words, job, now)
    filled = round(BAR_BLOCKS * overall_progress(job))
    bar = "▰" * filled + "▱" * (BAR_BLOCKS - filled)
    ready = _ready_text(words, job, now) if job.status == "running" else ""
    return f"{_stage_text(words, job)}\n{bar}{f' {ready}' if ready else ''}"


def _waiting_text(words: Words, job: JobState, now: datetime) -> str:
    if job.position is None:
        return words("progress.stage", stage=words.stage("waiting"))
    if job.ready_at is None:
        return words("queue.place_only", place=job.position)
    return words("queue.place", place=job.position, when=_moment(job.ready_at, now))


def _ready_text(words: Words, job: JobState, now: datetime) -> str:
    """Counted from the start, so that it stays the same; nothing once it has passed."""
    if job.started_at is None or job.ready_at is None or job.ready_at <= now:
        return ""
    return words("progress.ready", when=_moment(job.ready_at, job.started_at))


def _moment(moment: datetime, seen_from: datetime) -> str:
    """Return a time as Discord counts down to it, to the nearest step but after `seen_from`."""
    ahead = (moment - seen_from).total_seconds()
    step = next(step for limit, step in TIME_STEPS_SECONDS if ahead <= limit)
    soonest = (math.floor(seen_from.timestamp() / step) + 1) * step
    rounded = max(round(moment.timestamp() / step) * step, soonest)
    return format_dt(datetime.fromtimestamp(rounded, tz=moment.tzinfo), "R")


def _stage_text(words: Words, job: JobState) -> str:
    if job.status == "done":
        return words.stage("done")
    stage = shown(words.stage(job.stage or "models"), 100)
    if job.total <= 1:
        return words("progress.stage", stage=stage)
    if job.stage in COUNTED_IN_LINES:
        return words("progress.line_of", stage=stage, line=min(job.done + 1, job.total), lines=job.total)
    return words("progress.step", stage=stage, done=job.done, total=job.total)


def _quoted(job: JobState, most_lines: int, most_characters: int) -> str:
    """Return the last of the words so far as a quotation; "" where there are none or the job has ended."""
    if job.status != "running" or not most_lines:
        return ""
    newest = "\n".join(job.words.splitlines()[-2 * most_lines :])  # cleaning all of them at every look would cost
    quoted: list[str] = []
    room = most_characters
    for line in reversed([line for line in shown_lines(newest) if line][-most_lines:]):
        text = "> " + cut(line, most_characters - 3)
        room -= len(text) + 1
        if room < 0:
            break
        quoted.append(text)
    return "\n".join(reversed(quoted))
