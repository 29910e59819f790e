"""Who is inside, counted by one process and by several that share their counts."""

import mmap

import pytest

from appliance.serving.crowd import ROW, Crowd, SharedCrowd


def crowds(count: int, connections: int, per_address: int) -> list[SharedCrowd]:
    """As many processes as that, as far as counting goes."""
    memory = memoryview(mmap.mmap(-1, 4 * ROW * count)).cast("I")
    rows = [memory[number * ROW : (number + 1) * ROW] for number in range(count)]
    return [SharedCrowd(connections, per_address, rows, number, b"key") for number in range(count)]


def test_a_crowd_holds_its_bounds_in_all_and_by_address() -> None:
    crowd = Crowd(3, 2)
    for address in ("a", "a"):
        crowd.enter(address)

    assert not crowd.has_room("a")
    assert crowd.has_room("b")

    crowd.enter("b")
    assert not crowd.has_room("c")

    crowd.leave("a")
    assert crowd.has_room("a")
    assert crowd.addresses == {"a": 1, "b": 1}


@pytest.mark.parametrize("processes", [2, 5])
def test_connections_count_wherever_they_came_in(processes: int) -> None:
    several = crowds(processes, connections=100, per_address=7)
    let_in = 0
    for number in range(50):
        crowd = several[number % processes]
        if crowd.has_room("a"):
            crowd.enter("a")
            let_in += 1

    assert let_in == 7
    assert not any(crowd.has_room("a") for crowd in several)
    assert all(crowd.has_room("b") for crowd in several)


def test_the_bound_in_all_holds_over_all_processes() -> None:
    one, two = crowds(2, connections=4, per_address=4)
    for crowd, address in ((one, "a"), (two, "b"), (one, "c"), (two, "d")):
        assert crowd.has_room(address)
        crowd.enter(address)

    assert not one.has_room("e")
    two.leave("d")
    assert one.has_room("e")


def test_who_has_left_one_process_is_forgotten_by_the_other() -> None:
    one, two = crowds(2, connections=10, per_address=1)
    one.enter("a")
    assert not two.has_room("a")

    one.leave("a")

    assert two.has_room("a")


def test_a_process_that_begins_counts_from_nothing() -> None:
    memory = memoryview(mmap.mmap(-1, 4 * ROW * 2)).cast("I")
    rows = [memory[:ROW], memory[ROW:]]
    died = SharedCrowd(10, 1, rows, 1, b"key")
    died.enter("a")

    one, again = SharedCrowd(10, 1, rows, 0, b"key"), SharedCrowd(10, 1, rows, 1, b"key")

    assert one.has_room("a")
    assert again.has_room("a")
