"""The ladder's steps, what is refused for good, and how a message becomes plainer; no Discord is needed."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import discord
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.ladder import (
    MOST_CHARACTERS,
    TOKEN_MARGIN,
    Outgoing,
    RefusedForGood,
    Sent,
    _nonce,
    climb,
    has_valid_token,
    in_short,
    is_for_good,
    steps,
    take_step,
)
from engine.contract import Artifact
from worker.clock import utc_now
from worker.store.deliveries import Delivery
from worker.store.identifiers import new_id

NOW = utc_now()
CLIENT: Any = SimpleNamespace()


def delivery(**values: Any) -> Delivery:
    """Return a delivery for which every step is open."""
    usual = dict.fromkeys(Delivery.__dataclass_fields__)
    usual |= {"id": new_id(NOW), "application_id": "1", "member": "2", "channel_id": "3", "message_id": "4"}
    usual |= {"interaction_token": "secret", "token_expires_at": NOW + timedelta(minutes=15)}
    usual |= {"private": False, "reachable": True, "locale": "en-US", "note": "", "job_ids": ()}
    return Delivery(**(usual | values))


def answer(status: int, code: int = 0) -> discord.HTTPException:
    """Return what discord.py raises for an answer of Discord."""
    kinds = {403: discord.Forbidden, 404: discord.NotFound}
    kind = kinds.get(status, discord.DiscordServerError if status >= 500 else discord.HTTPException)
    response: Any = SimpleNamespace(status=status, reason="")
    return kind(response, {"code": code, "message": "as said"})


def rungs(**values: Any) -> list[str]:
    return [rung for rung, _ in steps(delivery(**values), NOW)]


def test_the_best_step_is_the_first_and_the_members_own_messages_the_last() -> None:
    assert rungs() == ["original", "edit", "channel", "direct"]


@pytest.mark.parametrize(
    ("missing", "left"),
    [
        ({"interaction_token": None}, ["edit", "channel", "direct"]),
        ({"message_id": None}, ["original", "channel", "direct"]),
        ({"channel_id": None}, ["original", "direct"]),
        ({"reachable": False}, ["original", "direct"]),
        ({"private": True}, ["original", "direct"]),
        ({"private": True, "interaction_token": None}, ["direct"]),
    ],
)
def test_what_is_not_known_is_not_tried(missing: dict[str, Any], left: list[str]) -> None:
    assert rungs(**missing) == left


@given(st.integers(-3600, 3600))
def test_a_token_is_used_up_to_its_margin_and_no_longer(seconds: int) -> None:
    end = NOW + timedelta(seconds=seconds)
    assert has_valid_token(delivery(token_expires_at=end), NOW) == (end - TOKEN_MARGIN > NOW)


def test_a_nonce_fits_and_is_the_deliverys_own() -> None:
    nonces = {_nonce(delivery(id=new_id(NOW))) for _ in range(100)}
    assert len(nonces) == 100
    assert max(map(len, nonces)) <= 25


@pytest.mark.parametrize(
    ("status", "code", "for_good"),
    [
        (400, 50035, True),
        (401, 50027, True),
        (401, 0, False),
        (403, 50013, True),
        (404, 10008, True),
        (413, 40005, True),
        (429, 0, False),
        (500, 0, False),
        (503, 0, False),
    ],
)
def test_only_what_would_be_answered_the_same_again_is_for_good(status: int, code: int, for_good: bool) -> None:
    assert is_for_good(answer(status, code)) is for_good


FILES = (Artifact("song.mid", "audio/midi", b"12"), Artifact("song.ogg", "audio/ogg", b"123456"))
RICH = Outgoing(
    "for you",
    (discord.Embed(title="Rain", description="drip\ndrop").set_image(url="attachment://song.ogg"),),
    FILES,
    view=lambda: discord.ui.View(timeout=None),
    left_out=lambda file: f"{file.name} is missing",
)


def test_the_largest_file_goes_first_and_is_missed_aloud() -> None:
    smaller = RICH.without_largest_file()
    assert [file.name for file in smaller.files] == ["song.mid"]
    assert smaller.content == "for you\nsong.ogg is missing"
    assert smaller.embeds[0].image.url is None
    assert RICH.embeds[0].image.url is not None, "the message that was given has changed"


def test_a_message_gets_plainer_until_only_text_is_left() -> None:
    words = RICH.plainer()
    assert words is not None
    assert words.content == "for you\n\nRain\n\ndrip\ndrop"
    assert (words.embeds, words.view, words.files) == ((), None, FILES)
    bare = words.plainer()
    assert bare is not None
    assert (bare.content, bare.files) == (words.content, ())
    assert bare.plainer() is None


@given(st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=3000), min_size=1, max_size=4))
def test_plain_words_fit_into_a_message(descriptions: list[str]) -> None:
    plainer = Outgoing(embeds=tuple(discord.Embed(description=text) for text in descriptions)).plainer()
    assert plainer is not None
    assert len(plainer.content or "") <= MOST_CHARACTERS


class Step:
    """A step that meets these answers, one after the other, and then works. Keeps what it was to send."""

    def __init__(self, *answers: Exception) -> None:
        self.answers, self.sent = list(answers), list[Outgoing]()

    async def __call__(self, _client: discord.Client, _delivery: Delivery, outgoing: Outgoing) -> Sent:
        self.sent.append(outgoing)
        if self.answers:
            raise self.answers.pop(0)
        return Sent("3", "4")


def take(step: Step) -> Sent:
    return asyncio.run(take_step(step, CLIENT, delivery(), RICH))


def test_files_are_left_out_until_the_rest_fits() -> None:
    step = Step(answer(413), answer(400, 40005))
    take(step)
    assert [len(outgoing.files) for outgoing in step.sent] == [2, 1, 0]


def test_a_refused_message_is_made_plainer_before_the_next_step() -> None:
    step = Step(answer(400, 50035), answer(400, 50035))
    take(step)
    assert [(bool(one.embeds), bool(one.files)) for one in step.sent] == [(True, True), (False, True), (False, False)]


@pytest.mark.parametrize(("status", "code", "tries"), [(400, 50035, 3), (400, 50083, 1), (403, 50013, 1)])
def test_what_stays_refused_leads_to_the_next_step(status: int, code: int, tries: int) -> None:
    step = Step(*(answer(status, code) for _ in range(9)))
    with pytest.raises(RefusedForGood, match=f"{status} {code}"):
        take(step)
    assert len(step.sent) == tries


@pytest.mark.parametrize("fault", [answer(500), answer(429), TimeoutError(), ConnectionResetError()])
def test_what_may_pass_comes_through(fault: Exception) -> None:
    with pytest.raises(type(fault)):
        take(Step(fault))


def test_the_ladder_is_climbed_until_a_step_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    ways = [("edit", Step(answer(404, 10008))), ("channel", Step()), ("direct", Step())]
    monkeypatch.setattr("bot.ladder.steps", lambda *_: ways)
    brought = asyncio.run(climb(CLIENT, delivery(), RICH, NOW))
    assert (brought.rung, brought.sent) == ("channel", Sent("3", "4"))
    assert ways[2][1].sent == []


def test_at_the_end_of_the_ladder_is_the_history(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.ladder.steps", lambda *_: [("direct", Step(answer(403, 50007)))])
    brought = asyncio.run(climb(CLIENT, delivery(), RICH, NOW))
    assert (brought.rung, brought.sent, brought.failure) == ("history", None, "direct: 403 50007")


def test_the_log_gets_no_addresses() -> None:
    assert in_short(answer(404, 10015)) == "NotFound 404 10015"
    assert in_short(OSError("https://discord.com/webhooks/1/secret")) == "OSError"
