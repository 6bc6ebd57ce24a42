"""Versions of one server: promoted beside everybody's, taken back by its own ratings, seen by nobody else, forgotten with it."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest
from sqlalchemy.exc import IntegrityError

from engine.contract import SongRequest
from engine.errors import RequestError
from engine.evaluation.model_card import card_text
from engine.roles import Role
from tests.worker.conftest import WoundClock
from tests.worker.echo_song import echoed
from worker import promotion, trials
from worker.model_overview import overview
from worker.snapshots import all_of as snapshots_of
from worker.store import jobs, model_versions, ratings, servers, songs
from worker.store.database import Store
from worker.store.model_versions import ModelVersion
from worker.store.tables import ModelVersionRow, SnapshotRow
from worker.version_facts import card_facts
from worker.whole_models import digests_of_starters

HARBOUR, FOREST = "71000000000000001", "71000000000000002"
STARTER = digests_of_starters()["lyrics"]
MEMBERS = [f"member {number}" for number in range(40)]
NUMBERS = count()


@pytest.fixture(autouse=True)
def _checkpoints_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the checkpoints, whose directories no test here makes, for whole."""
    monkeypatch.setattr(promotion, "verify", lambda version, store: None)


def added(store: Store, clock: WoundClock, digest: str, server: str | None = HARBOUR, role: Role = "lyrics") -> str:
    """Add an adapter of a server, or a whole model for everybody."""
    with store.writing() as session:
        return model_versions.add(
            session, role=role, digest=digest, family="adapter" if server else "llama", path=f"/{digest}", card={},
            now=clock(), server=server, base_digest=STARTER if server else None,
        ).id  # fmt: skip


def promoted(store: Store, clock: WoundClock, digest: str, server: str | None = HARBOUR) -> str:
    version = added(store, clock, digest, server)
    promotion.promote(store, version, now=clock())
    return version


def in_use(store: Store, server: str | None) -> str | None:
    with store.reading() as session:
        version = model_versions.promoted(session, "lyrics", server)
    return None if version is None else version.digest


def version(store: Store, version_id: str) -> ModelVersion:
    with store.reading() as session:
        return model_versions.get(session, version_id)


def test_each_server_has_one_promoted_version_beside_everybodys(store: Store, clock: WoundClock) -> None:
    promoted(store, clock, "all", None)
    for digest, server in (("h1", HARBOUR), ("f1", FOREST), ("h2", HARBOUR)):
        promoted(store, clock, digest, server)
    assert [in_use(store, server) for server in (HARBOUR, FOREST, None)] == ["h2", "f1", "all"]
    promoted(store, clock, "all again", None)
    assert [in_use(store, server) for server in (HARBOUR, FOREST, None)] == ["h2", "f1", "all again"]
    assert version(store, "h1").state == "retired"


@pytest.mark.parametrize(("server", "base"), [(HARBOUR, STARTER), (None, None)])
def test_the_tables_refuse_a_second_promoted_version(
    store: Store, clock: WoundClock, server: str | None, base: str | None
) -> None:
    promoted(store, clock, "first", server)
    second = added(store, clock, "second", server)
    with pytest.raises(IntegrityError), store.writing() as session:
        session.get_one(ModelVersionRow, second).state = "promoted"


def test_a_rollback_in_a_server_goes_one_back_there_and_then_to_what_everybody_uses(
    store: Store, clock: WoundClock
) -> None:
    promoted(store, clock, "all", None)
    for digest, server in (("h1", HARBOUR), ("f1", FOREST), ("h2", HARBOUR)):
        promoted(store, clock, digest, server)
    back = promotion.roll_back(store, "lyrics", now=clock(), server=HARBOUR)
    assert back is not None
    assert back.digest == "h1"
    assert promotion.roll_back(store, "lyrics", now=clock(), server=HARBOUR) is None
    assert [in_use(store, server) for server in (HARBOUR, FOREST, None)] == [None, "f1", "all"]
    with pytest.raises(RequestError, match=f"promoted for the server {HARBOUR}, .* what everybody uses is in use"):
        promotion.roll_back(store, "lyrics", now=clock(), server=HARBOUR)
    promoted(store, clock, "all again", None)
    everybodys = promotion.roll_back(store, "lyrics", now=clock())
    assert everybodys is not None
    assert everybodys.digest == "all"  # and not what a server had last
    assert in_use(store, FOREST) == "f1"


def test_what_does_not_fit_a_server_is_a_sentence(store: Store, clock: WoundClock) -> None:
    kept = added(store, clock, "h1")

    def add(**more: str | None) -> ModelVersion:
        told = {"digest": "new", "server": None, "base_digest": None} | more
        with store.writing() as session:
            return model_versions.add(
                session, role="lyrics", family="f", path="/new", card={}, now=clock(), **told  # type: ignore[arg-type]  # as said
            )  # fmt: skip

    with pytest.raises(RequestError, match="only adapters may be for one server"):
        add(server=HARBOUR)
    with pytest.raises(RequestError, match="--server ID"):
        add(base_digest=STARTER)
    with pytest.raises(RequestError, match=f"for the server {HARBOUR} already"):
        add(digest="h1", server=FOREST, base_digest=STARTER)
    assert add(digest="h1", base_digest=STARTER).id == kept
    with pytest.raises(RequestError, match="trials are for everybody"):
        promotion.begin_trial(store, kept, 0.1, now=clock())


def rate(store: Store, clock: WoundClock, digest: str, stars: int, server: str | None) -> None:
    """Let a member rate a new song that was made with a model in a server."""
    request, number = SongRequest(theme="rain"), next(NUMBERS)
    rater = MEMBERS[number % len(MEMBERS)]
    with store.writing() as session:
        job = jobs.submit(session, request, now=clock(), requested_by=rater, server=server)
        song = echoed(request, number)
        made = replace(song, report=song.report.model_copy(update={"model_versions": {"lyrics": digest}}))
        ratings.rate(session, songs.add(session, job.id, made, clock()), rater=rater, stars=stars, now=clock())
    clock.now += timedelta(seconds=5)


def rated(store: Store, clock: WoundClock, digest: str, mean: float, server: str | None, songs_: int) -> None:
    rng = random.Random(songs_)
    for _ in range(songs_):
        rate(store, clock, digest, min(5, max(1, round(rng.gauss(mean, 1.0)))), server)


def test_a_servers_version_that_is_liked_less_there_is_taken_back_and_others_stay(
    store: Store, clock: WoundClock
) -> None:
    rated(store, clock, STARTER, 4.4, HARBOUR, 80)
    rated(store, clock, STARTER, 2.0, FOREST, 80)
    harbours, forests = (promoted(store, clock, digest, server) for digest, server in (("h", HARBOUR), ("f", FOREST)))
    rated(store, clock, "h", 2.4, HARBOUR, 80)
    rated(store, clock, "f", 2.4, FOREST, 80)
    (decision,) = trials.decide(store, now=clock())
    assert (decision.version_id, decision.act) == (harbours, "rolled back")
    assert [in_use(store, server) for server in (HARBOUR, FOREST, None)] == [None, "f", None]
    assert version(store, harbours).decisions[-1]["by"] == "ratings"
    assert version(store, forests).state == "promoted"


def test_a_servers_version_is_set_against_what_its_members_had_before_also_after_a_promotion_for_everybody(
    store: Store, clock: WoundClock
) -> None:
    rated(store, clock, STARTER, 4.4, HARBOUR, 80)
    harbours = promoted(store, clock, "h", HARBOUR)
    promoted(store, clock, "all", None)  # which nobody in the harbour has heard
    rated(store, clock, "h", 2.0, HARBOUR, 80)
    assert [(one.version_id, one.act) for one in trials.decide(store, now=clock())] == [(harbours, "rolled back")]


def test_ratings_of_other_servers_do_not_take_a_version_back(store: Store, clock: WoundClock) -> None:
    rated(store, clock, STARTER, 4.4, FOREST, 80)
    promoted(store, clock, "h", HARBOUR)
    rated(store, clock, "h", 2.0, HARBOUR, 80)
    assert trials.decide(store, now=clock()) == ()


def test_managers_see_their_servers_versions_and_no_other_servers(store: Store, clock: WoundClock) -> None:
    promoted(store, clock, "all", None)
    mine, others = (promoted(store, clock, digest, server) for digest, server in (("h", HARBOUR), ("f", FOREST)))
    promotion.roll_back(store, "lyrics", now=clock(), server=FOREST)
    promotion.promote(store, others, now=clock())
    for server, own in ((HARBOUR, mine), (FOREST, others)):
        found = overview(store, server)
        everybodys = {version(store, "all").id}
        assert {one.id for one in found.in_use} == everybodys | {own}
        assert {one.version_id for one in found.decided} == everybodys | {own}
        assert set(found.watched) == everybodys | {own}
    assert {one.digest for one in overview(store, None).in_use} == {"all"}
    assert "lyrics" not in overview(store, HARBOUR).starters


def test_where_only_servers_have_versions_the_starter_is_in_use_for_everybody(store: Store, clock: WoundClock) -> None:
    promoted(store, clock, "h", HARBOUR)
    assert overview(store, HARBOUR).starters["lyrics"] == STARTER
    assert card_facts(store, "lyrics").state == "in use"


def test_a_card_names_the_base_and_not_the_server(store: Store, clock: WoundClock) -> None:
    facts = card_facts(store, promoted(store, clock, "h", HARBOUR))
    assert [one.digest for one in facts.ancestors] == [STARTER]
    assert facts.state == "promoted, for one server"
    assert HARBOUR not in repr(facts)


def test_a_server_that_is_forgotten_leaves_no_id_and_nobody_inherits_its_version(
    store: Store, clock: WoundClock
) -> None:
    harbours, forests = (promoted(store, clock, digest, server) for digest, server in (("h", HARBOUR), ("f", FOREST)))
    with store.writing() as session:
        for server in (HARBOUR, FOREST):
            row = SnapshotRow(id=server, digest=server[-1], path="/s", statistics={}, created_at=clock(), server=server)
            session.add(row)
        servers.removed(session, HARBOUR, clock())
    clock.wind(31 * 86400)
    with store.writing() as session:
        servers.forget_removed(session, clock(), timedelta(days=30))
    assert (version(store, harbours).state, version(store, harbours).server) == ("retired", "forgotten")
    assert (version(store, forests).state, version(store, forests).server) == ("promoted", FOREST)
    with store.reading() as session:
        assert {one.server for one in snapshots_of(session)} == {"forgotten", FOREST}
    with pytest.raises(RequestError, match="has sent the bot away"):
        promotion.promote(store, harbours, now=clock())


def test_a_card_of_what_was_tuned_by_hand_tells_of_its_snapshot(store: Store, clock: WoundClock) -> None:
    card = {"snapshot": "digest 1", "snapshot_day": "2026-01-01", "consent": "who said yes"}
    with store.writing() as session:
        added_ = model_versions.add(
            session, role="lyrics", digest="h", family="adapter", path="/h", card=card, now=clock(), server=HARBOUR,
            base_digest=STARTER,
        )  # fmt: skip
    elsewhere = card_text(card_facts(store, added_.id))
    assert "snapshot `digest 1` of 2026-01-01: some judgements" in elsewhere
    assert "who said yes" in elsewhere
    with store.writing() as session:
        statistics = {"judgements": 7, "raters": 3, "takes": 5, "prompts": 4}
        session.add(SnapshotRow(id="s", digest="digest 1", path="/s", statistics=statistics, created_at=clock()))
    assert "7 judgements by 3 raters" in card_text(card_facts(store, added_.id))
