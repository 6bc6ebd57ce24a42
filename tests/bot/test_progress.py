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
        "ready_at": None,
    }
    return JobState(**(facts | values))


def waiting(position: int, seconds: float | None = None, **values: Any) -> JobState:
    ready_at = None if seconds is None else NOW + timedelta(seconds=seconds)
    facts = {"stage": "", "done": 0, "total": 1, "position": position, "started_at": None, "ready_at": ready_at}
    return a_job(status="queued", **(facts | values))


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
    ready_at=st.none() | st.integers(-3600, 10**6).map(lambda seconds: NOW + timedelta(seconds=seconds)),
)


@given(states=st.lists(jobs, min_size=1, max_size=4))
@settings(max_examples=150, deadline=None)
def test_progress_fits_a_message_and_shows_what_was_written_as_text(states: list[JobState]) -> None:
    text = progress_text(WORDS, states, now=NOW)
    assert 0 < len(text) <= 2000
    ours = re.sub(r"<t:\d+:R>|\*\*[A-D]\*\*", "", re.sub(r"^> ", "", text, flags=re.MULTILINE))
    assert live_markup(ours) == []
    assert text == progress_text(WORDS, states, now=NOW)


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
    text = progress_text(Words(locale), [waiting(3, seconds=35)], now=NOW)
    assert "3" in text
    assert f"<t:{int(NOW.timestamp()) + 35}:R>" in text


@given(seconds=st.floats(4, 7200))
def test_the_time_shown_is_near_the_time_expected_and_to_come(seconds: float) -> None:
    text = progress_text(WORDS, [waiting(3, seconds=seconds)], now=NOW)
    shown = int(re.search(r"<t:(\d+):R>", text)[1]) - NOW.timestamp()
    assert 0 < shown == pytest.approx(seconds, rel=0.25)


def test_a_time_that_has_come_is_shown_as_one_to_come() -> None:
    text = progress_text(WORDS, [waiting(1, seconds=-9)], now=NOW)
    assert int(re.search(r"<t:(\d+):R>", text)[1]) > NOW.timestamp()


def test_without_a_known_duration_there_is_no_time() -> None:
    assert progress_text(WORDS, [waiting(3)], now=NOW) == "Place 3 in the queue"


def test_a_running_job_says_stage_and_line_with_a_bar_and_the_last_words() -> None:
    lines = [f"line {number} *" for number in range(1, 21)]
    text = progress_text(WORDS, [a_job(words="\n".join(lines))], now=NOW)
    stage, bar, *quoted = text.split("\n")
    assert stage == STAGE
    assert bar == "▰▰▰▰" + "▱" * (BAR_BLOCKS - 4)  # 0.2 + 0.5 * 2/8 of it
    assert quoted == [f"> line {number} \\*" for number in range(9, 21)]


def test_while_nothing_happens_the_text_of_a_running_job_stays() -> None:
    """It may change once, when the time at which it was to be ready has passed."""
    seconds = [NOW + timedelta(seconds=number / 4) for number in range(400)]
    job = a_job(ready_at=NOW + timedelta(seconds=20))
    texts = [progress_text(WORDS, [job], now=now) for now in seconds]
    assert len(set(texts)) == 2
    assert texts == sorted(texts, key=texts.index)


@pytest.mark.parametrize(("late", "most_texts"), [(0.0, 3), (0.1, 8), (1.0, 24)])
def test_a_waiting_text_changes_little_while_the_queue_keeps_its_time(late: float, most_texts: int) -> None:
    """late: by how much the time at which it is to be ready moves on while a second passes; 1: nothing moves."""
    passed = [number / 4 for number in range(400)]
    texts = {
        progress_text(WORDS, [waiting(9, seconds=100 + late * seconds)], now=NOW + timedelta(seconds=seconds))
        for seconds in passed
    }
    assert len(texts) <= most_texts


def test_two_jobs_have_a_line_each_without_names_of_models() -> None:
    text = progress_text(WORDS, [a_job(words="la"), waiting(1)], now=NOW)
    assert text == f"**A** · {STAGE}\n▰▰▰▰▱▱▱▱▱▱▱▱\n> la\n**B** · Place 1 in the queue"


def test_a_job_that_is_being_stopped_says_so() -> None:
    assert progress_text(WORDS, [a_job(cancel_requested=True)], now=NOW) == WORDS("progress.cancelling")


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
