"""Members in turn: nobody waits for more than one or two jobs of anybody else, whoever sends how many, and when."""

from __future__ import annotations

import logging
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.errors import RequestError
from tests.worker.conftest import WoundClock
from tests.worker.members_songs import client_of
from tests.worker.queue_scene import Scene
from worker.owner import this_process
from worker.store import jobs, recovery
from worker.store.database import Store
from worker.store.fair_queue import BULK, INTERACTIVE, TRAINING, Waiting, turns
from worker.store.jobs import Job
from worker.store.tables import Base

EXAMPLES = 12
MEMBERS = tuple("abcde")
LENGTHS = (20.0, 60.0, 180.0, 600.0)


@pytest.fixture
def scene(store: Store, clock: WoundClock) -> Scene:
    return Scene(store, clock)


def who(asked: list[Job]) -> str:
    return "".join(job.requested_by or "-" for job in asked)


@pytest.mark.parametrize("slots", [1, 4])
def test_one_sends_fifty_and_nine_send_one(scene: Scene, slots: int) -> None:
    fifty = [scene.ask("many") for _ in range(50)]
    for _ in range(slots):
        scene.claim()
    nine = [scene.ask(f"member {number}") for number in range(9)]
    while scene.running:
        scene.clock.wind(1)
        scene.finish()
        scene.claim()
    order = [job.id for job in scene.claimed]
    of_many = {job.id for job in fifty}
    before = [sum(job_id in of_many for job_id in order[: order.index(one.id)]) for one in nine]
    after_asking = [count - slots for count in before]
    first_began = min(scene.now_is(one).started_at or one.created_at for one in nine)
    ends = [scene.now_is(job).finished_at for job in fifty]
    ended = sum(end is not None and end <= first_began for end in ends)
    # As shown by `pytest -rP`.
    logging.getLogger(__name__).warning("of the fifty came before each of the nine: %s", before)
    logging.getLogger(__name__).warning("of which after they had asked: %s", after_asking)
    logging.getLogger(__name__).warning("of the fifty ended before the first of the nine: %s", ended)
    assert max(after_asking) <= 1
    assert ended <= 2


def test_the_first_job_of_somebody_new_comes_after_the_one_that_is_next(scene: Scene) -> None:
    for _ in range(3):
        scene.ask("a")
    scene.ask("b")
    scene.ask("c")
    assert who(scene.claim_all()) == "abcaa"


def test_members_with_many_jobs_take_turns(scene: Scene) -> None:
    for member in "aaaabbbbcc":
        scene.ask(member)
    assert who(scene.claim_all()) == "abcabcabab"


def test_who_asks_again_and_again_comes_no_more_often_than_who_sent_all_at_once(scene: Scene) -> None:
    for _ in range(20):
        scene.ask("a")
    scene.ask("b")
    scene.ask("c")
    for _ in range(30):
        done = scene.run_one()
        if done.requested_by != "a":
            scene.ask(done.requested_by)
    counts = Counter(job.requested_by for job in scene.claimed)
    assert max(counts.values()) - min(counts.values()) <= 1


def test_what_a_member_had_while_nobody_waited_is_not_held_against_them(scene: Scene) -> None:
    hours = scene.ask("z", length=600)
    assert scene.claim() is not None
    for _ in range(20):
        scene.ask("a")
        scene.run_one()
    for _ in range(10):
        scene.ask("b")
    first = scene.ask("a")
    assert scene.now_is(hours).status == "running"
    before = [job.requested_by for job in scene.claim_all() if job.created_at <= first.created_at]
    assert before.index("a") <= 2


def test_short_before_long_within_a_member(scene: Scene) -> None:
    long, short, shorter = scene.ask("a", length=180), scene.ask("a", length=60), scene.ask("a", length=20)
    assert [job.id for job in scene.claim_all()] == [shorter.id, short.id, long.id]
    assert shorter.cost_seconds < short.cost_seconds < long.cost_seconds


def test_equal_requests_of_a_member_keep_their_order_however_expectations_move(scene: Scene) -> None:
    for seconds in (9, 6, 3):  # every song takes less than the one before, so the next is expected to take less
        scene.ask("b")
        scene.claim()
        scene.clock.wind(seconds)
        scene.finish()
        scene.ask("a")
    assert [job.created_at for job in scene.claim_all()] == sorted(job.created_at for job in scene.claimed[-3:])


def test_a_short_job_does_not_bring_its_member_before_others(scene: Scene) -> None:
    scene.ask("a", length=180)
    scene.ask("b", length=180)
    scene.ask("a", length=20)
    assert who(scene.claim_all()) == "baa"


def test_a_long_song_of_one_is_paid_for_in_shorter_ones_of_others(scene: Scene) -> None:
    for _ in range(2):
        scene.ask("a", length=600)
    for _ in range(6):
        scene.ask("b", length=115)
    assert who(scene.claim_all()) == "abbbbabb"


def test_members_of_a_server_of_weight_two_come_twice_as_often(scene: Scene) -> None:
    scene.weigh("heavy", 2.0)
    for _ in range(20):
        scene.ask("a", server="heavy")
        scene.ask("b", server="light")
    assert Counter(who(scene.claim_all()[:18])) == {"a": 12, "b": 6}


@pytest.mark.parametrize("weight", [0.0, 0.09, 10.1, -1.0, float("nan"), float("inf")])
def test_a_weight_has_its_range(store: Store, clock: WoundClock, weight: float) -> None:
    with pytest.raises(RequestError, match=r"the weight of a server must be 0\.1-10, got"):
        client_of(store, clock).servers.set_weight("harbour", weight)


def test_a_weight_is_kept_with_the_settings_of_the_server(store: Store, clock: WoundClock) -> None:
    client = client_of(store, clock)
    assert client.servers.weight("harbour") == 1.0
    client.servers.set_weight("harbour", 0.1)
    client.servers.set_weight("harbour", 2.5)
    client.servers.change("harbour", client.servers.settings("harbour"))
    assert client.servers.weight("harbour") == 2.5


def test_priorities_come_before_turns(scene: Scene) -> None:
    training, bulk = scene.ask("t", priority=TRAINING), scene.ask("b", priority=BULK)
    song = [scene.ask("a", priority=INTERACTIVE) for _ in range(2)]
    assert [job.id for job in scene.claim_all()] == [*(job.id for job in song), bulk.id, training.id]


def test_a_slot_may_refuse_training(scene: Scene) -> None:
    training, bulk = scene.ask("t", priority=TRAINING), scene.ask("b", priority=BULK)
    claimed = scene.claim(max_priority=BULK)
    assert claimed is not None
    assert claimed.id == bulk.id
    assert scene.claim(max_priority=BULK) is None
    claimed = scene.claim()
    assert claimed is not None
    assert claimed.id == training.id


def test_training_does_not_count_against_a_members_songs(scene: Scene) -> None:
    scene.ask("a", length=600, priority=TRAINING)
    scene.claim()
    scene.ask("a")
    scene.ask("b")
    assert who(scene.claim_all()) == "ab"


def test_a_job_given_back_comes_first_and_others_are_not_set_back(scene: Scene) -> None:
    for member in "aabb":
        scene.ask(member)
    given_back = scene.claim()
    assert given_back is not None
    scene.run_one()
    scene.release(given_back)
    scene.ask("c")
    order = scene.claim_all()
    assert order[0].id == given_back.id
    assert who(order) == "aabc"  # not "acab", as if the queue had gone back with it


def test_what_is_taken_back_lets_the_members_other_jobs_move_up(scene: Scene) -> None:
    mine = [scene.ask("a") for _ in range(20)]
    others = [scene.ask("b") for _ in range(20)]
    assert len(others) == 20
    for job in mine[:-1]:
        scene.cancel(job.id)
    assert scene.place(mine[-1]) in (1, 2)


def test_jobs_without_a_member_are_those_of_their_process(scene: Scene) -> None:
    for member in (None, None, None, "a"):
        scene.ask(member)
    assert who(scene.claim_all()) == "-a--"


def test_turns_are_one_after_the_other_by_size_cost_and_weight() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    later = at + timedelta(seconds=1)
    waiting = [Waiting("long", 40, 2.0, at, 8), Waiting("b", 5, 1.0, later, 1), Waiting("a", 5, 1.0, at, 1)]
    assert turns(waiting, 7.0) == {"a": 7.0, "b": 12.0, "long": 17.0}
    assert turns([], 7.0) == {}


acts = st.lists(
    st.one_of(
        st.tuples(st.just("ask"), st.sampled_from(MEMBERS), st.sampled_from(LENGTHS)),
        st.tuples(st.just("claim")),
        st.tuples(st.just("finish")),
        st.tuples(st.just("cancel"), st.integers(0, 40)),
        st.tuples(st.just("release")),
    ),
    max_size=25,
)
PLAYED = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def emptied(store: Store, clock: WoundClock) -> Scene:
    with store.writing() as session:
        for table in reversed(Base.metadata.sorted_tables):
            session.execute(table.delete())
    return Scene(store, clock)


def play(scene: Scene, steps: list[tuple]) -> list[Job]:
    """Do what is said, where it can be done; return all jobs that were asked for."""
    asked: list[Job] = []
    for name, *given_ in steps:
        if name == "ask":
            asked.append(scene.ask(given_[0], length=given_[1]))
        elif name == "claim":
            scene.claim()
        elif name == "finish" and scene.running:
            scene.finish()
        elif name == "release" and scene.running:
            scene.release(scene.running[0])
        elif name == "cancel" and asked:
            scene.cancel(asked[given_[0] % len(asked)].id)
    return asked


@given(before=acts, after=acts)
@PLAYED
def test_who_waits_with_one_job_is_passed_once_by_each_at_most(
    sqlite_store: Store, before: list[tuple], after: list[tuple]
) -> None:
    """Whatever the others did before and do meanwhile. What was begun before and given back is not begun anew."""
    scene = emptied(sqlite_store, WoundClock())
    earlier = play(scene, before)
    waiting = scene.ask("one")
    begun_before = {job.id for job in scene.claimed}
    # Only what happens to jobs of the others is taken back: the one keeps waiting.
    later = play(scene, after)
    scene.claim_all()
    order = [job.id for job in scene.claimed]
    first_begun = dict(reversed([(job.id, job.requested_by) for job in scene.claimed]))
    passed = Counter(
        member
        for job_id, member in first_begun.items()
        if job_id not in begun_before and order.index(job_id) < order.index(waiting.id)
    )
    assert len(earlier) + len(later) >= sum(passed.values())
    assert max(passed.values(), default=0) <= 1


@given(steps=acts)
@PLAYED
def test_a_place_is_the_order_of_the_claims(sqlite_store: Store, steps: list[tuple]) -> None:
    scene = emptied(sqlite_store, WoundClock())
    asked = play(scene, steps)
    places = {job.id: scene.place(job) for job in asked}
    waiting = sorted((job_id for job_id, place in places.items() if place), key=lambda job_id: places[job_id] or 0)
    assert [places[job_id] for job_id in waiting] == list(range(1, len(waiting) + 1))
    assert [job.id for job in scene.claim_all()] == waiting


@given(
    asks=st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(LENGTHS)), min_size=15, max_size=30),
    weights=st.tuples(*[st.sampled_from([0.5, 1.0, 2.0])] * 3),
    claims_between=st.lists(st.integers(0, 14), max_size=4),
)
@PLAYED
def test_members_get_equal_work_while_all_have_jobs_waiting(
    sqlite_store: Store, asks: list[tuple[str, float]], weights: tuple[float, ...], claims_between: list[int]
) -> None:
    """By weight, within the longest job of each, which is the least that is possible where jobs are not cut."""
    scene = emptied(sqlite_store, WoundClock())
    weight = dict(zip("abc", weights, strict=True))
    for member, value in weight.items():
        scene.weigh(member, value)
    longest = Counter[str]()
    for number, (member, length) in enumerate(asks):
        asked = scene.ask(member, length=length, server=member)
        longest[member] = max(longest[member], asked.cost_seconds / weight[member])
        if number in claims_between:
            scene.claim()
    waiting = Counter(member for member, _length in asks)
    waiting.subtract(job.requested_by for job in scene.claimed)
    work = Counter[str]()
    while all(waiting[member] > 0 for member in "abc"):
        job = scene.claim()
        assert job is not None
        member = job.requested_by or ""
        waiting[member] -= 1
        work[member] += job.cost_seconds / weight[member]
        for one in "abc":
            for other in "abc":
                assert work[one] - work[other] <= longest[one] + longest[other] + 1e-9


def test_many_ask_and_claim_at_once_on_postgresql(postgres_store: Store) -> None:
    """Nothing is given twice, nothing is lost, nobody is told of a deadlock, and members keep their order."""
    scene = Scene(postgres_store, WoundClock())
    threads, each = 20, 6

    def ask_and_claim(number: int) -> tuple[list[str], list[str]]:
        asked, given_ = [], []
        for round_ in range(each):
            asked.append(scene.ask(f"member {number % 5}", length=LENGTHS[round_ % 4]).id)
            if round_ % 3 == 2:
                scene.cancel(asked[-1])
            with postgres_store.writing() as session:
                now = scene.clock()
                recovery.return_expired(session, now=now, max_attempts=3)
                job = jobs.claim(session, owner=this_process(), now=now, lease_seconds=3600.0)
            given_ += [job.id] if job else []
        return asked, given_

    with ThreadPoolExecutor(threads) as pool:
        done = list(pool.map(ask_and_claim, range(threads)))
    asked = [job_id for some, _ in done for job_id in some]
    given_ = [job_id for _, some in done for job_id in some] + [job.id for job in scene.claim_all()]
    assert len(given_) == len(set(given_))
    with postgres_store.reading() as session:
        states = {job_id: jobs.get(session, job_id) for job_id in asked}
    assert set(given_) == {job_id for job_id, job in states.items() if job.status == "running" or job.started_at}
    assert {job.status for job in states.values()} <= {"running", "cancelled"}
    assert sorted(states) == sorted(asked)
