"""Promises of progress and failure as text: limits, quiet between changes, a bar that never goes back."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.progress import BAR_BLOCKS, STAGE_SHARES, cancelled_text, failed_text, overall_progress, progress_text
from bot.translations import Words, languages
from engine.verbs import VERBS
from tests.bot.embed_limits import NOW, live_markup, lyrics_texts, nasty_text
from worker.runner import BUG_SENTENCE
from worker.store.pending import JobState

WORDS = Words("en")
STAGE = WORDS("progress.line_of", stage=WORDS.stage("lyrics"), line=3, lines=8)
STATUSES = ("queued", "running", "done", "failed", "cancelled")


def a_job(**values: Any) -> JobState:
    facts: dict[str, Any] = {
        "id": "j" * 26,
        "kind": "song",
        "status": "running",
        "stage": "lyrics",
        "done": 2,
        "total": 8,
        "words": "",
        "position": 0,
        "error": None,
        "error_kind": None,
        "cancel_requested": False,
        "created_at": NOW,
        "started_at": NOW,
    }
    return JobState(**(facts | values))


def waiting(position: int, **values: Any) -> JobState:
    return a_job(status="queued", stage="", done=0, total=1, position=position, started_at=None, **values)


jobs = st.builds(
    a_job,
    status=st.sampled_from(STATUSES),
    stage=st.sampled_from(["", *STAGE_SHARES]) | nasty_text,
    done=st.integers(0, 500),
    total=st.integers(0, 500),
    words=lyrics_texts,
    position=st.none() | st.integers(0, 10**6),
    error=st.none() | nasty_text,
    cancel_requested=st.booleans(),
    kind=st.sampled_from(sorted(VERBS)),
)


@given(states=st.lists(jobs, min_size=1, max_size=4), seconds=st.floats(0, 3600))
@settings(max_examples=150, deadline=None)
def test_progress_fits_a_message_and_shows_what_was_written_as_text(states: list[JobState], seconds: float) -> None:
    text = progress_text(WORDS, states, now=NOW, seconds_per_job=seconds)
    assert 0 < len(text) <= 2000
    ours = re.sub(r"<t:\d+:R>|\*\*[A-D]\*\*", "", re.sub(r"^> ", "", text, flags=re.MULTILINE))
    assert live_markup(ours) == []
    assert text == progress_text(WORDS, states, now=NOW, seconds_per_job=seconds)


@given(kind=st.sampled_from(sorted(VERBS)), total=st.integers(1, 40))
def test_the_bar_never_goes_back_and_ends_full(kind: str, total: int) -> None:
    shares = [
        overall_progress(a_job(kind=kind, stage=stage, done=done, total=total))
        for stage in STAGE_SHARES
        for done in range(total + 1)
    ]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)


@pytest.mark.parametrize("locale", languages())
def test_a_waiting_job_has_a_place_and_a_time(locale: str) -> None:
    text = progress_text(Words(locale), [waiting(3)], now=NOW, seconds_per_job=10)
    assert "3" in text
    assert f"<t:{int(NOW.timestamp()) + 35}:R>" in text


def test_without_a_known_duration_there_is_no_time() -> None:
    assert progress_text(WORDS, [waiting(3)], now=NOW, seconds_per_job=0) == "Place 3 in the queue"


def test_a_running_job_says_stage_and_line_with_a_bar_and_the_last_words() -> None:
    lines = [f"line {number} *" for number in range(1, 21)]
    text = progress_text(WORDS, [a_job(words="\n".join(lines))], now=NOW, seconds_per_job=0)
    stage, bar, *quoted = text.split("\n")
    assert stage == STAGE
    assert bar == "▰▰▰▰" + "▱" * (BAR_BLOCKS - 4)  # 0.2 + 0.5 * 2/8 of it
    assert quoted == [f"> line {number} \\*" for number in range(9, 21)]


def test_while_nothing_happens_the_text_of_a_running_job_stays() -> None:
    """It may change once, when the time at which it was to be ready has passed."""
    seconds = [NOW + timedelta(seconds=number / 4) for number in range(400)]
    texts = [progress_text(WORDS, [a_job()], now=now, seconds_per_job=20) for now in seconds]
    assert len(set(texts)) == 2
    assert texts == sorted(texts, key=texts.index)


@pytest.mark.parametrize(("position", "most_texts"), [(1, 22), (20, 5), (200, 2)])
def test_a_waiting_text_changes_the_less_often_the_longer_the_wait(position: int, most_texts: int) -> None:
    seconds = [NOW + timedelta(seconds=number / 4) for number in range(400)]
    texts = {progress_text(WORDS, [waiting(position)], now=now, seconds_per_job=10) for now in seconds}
    assert len(texts) <= most_texts


def test_two_jobs_have_a_line_each_without_names_of_models() -> None:
    text = progress_text(WORDS, [a_job(words="la"), waiting(1)], now=NOW, seconds_per_job=0)
    assert text == f"**A** · {STAGE}\n▰▰▰▰▱▱▱▱▱▱▱▱\n> la\n**B** · Place 1 in the queue"


def test_a_job_that_is_being_stopped_says_so() -> None:
    assert progress_text(WORDS, [a_job(cancel_requested=True)], now=NOW, seconds_per_job=9) == WORDS(
        "progress.cancelling"
    )


@pytest.mark.parametrize("locale", languages())
def test_a_failure_is_said_in_the_language_and_escaped(locale: str) -> None:
    job = a_job(
        status="failed", error="stars must be 1-5, got **@everyone**; give 5 for the best", error_kind="request"
    )
    text = failed_text(Words(locale), job)
    assert "\\*\\*" in text
    assert live_markup(text) == []


def test_a_failure_is_translated() -> None:
    sentence = "the theme must be 1-300 characters, got 400; say it in one or two sentences"
    job = a_job(status="failed", error=sentence, error_kind="request")
    assert "Das Thema darf 1-300 Zeichen lang sein" in failed_text(Words("de"), job)


@pytest.mark.parametrize("error", [None, BUG_SENTENCE])
def test_a_bug_is_one_polite_line_with_the_job(error: str | None) -> None:
    text = failed_text(WORDS, a_job(status="failed", error=error, error_kind="bug"))
    assert text == WORDS("bug", reference="j" * 26)


def test_taken_back_is_said_kindly() -> None:
    assert cancelled_text(WORDS) == "Cancelled. Nothing was kept."
