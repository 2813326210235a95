"""Threads that hand work to each other: queues, a pool, locks, conditions, an event, a barrier and timers."""

import concurrent.futures
import hashlib
import queue
import sys
import threading
import time

ROUNDS = 40


def produce(jobs: queue.Queue, number: int) -> None:
    for index in range(ROUNDS):
        jobs.put((number, index))
        if index % 10 == 0:
            time.sleep(0.001)


def consume(jobs: queue.Queue, results: list, lock: threading.Lock) -> None:
    while (job := jobs.get()) is not None:
        digest = hashlib.sha256(repr(job).encode()).hexdigest()
        with lock:
            results.append((job, digest))


def queues() -> None:
    jobs: queue.Queue = queue.Queue(maxsize=5)
    results: list = []
    lock = threading.Lock()
    consumers = [threading.Thread(target=consume, args=(jobs, results, lock)) for _ in range(3)]
    producers = [threading.Thread(target=produce, args=(jobs, number)) for number in range(3)]
    for thread in consumers + producers:
        thread.start()
    for thread in producers:
        thread.join()
    for _ in consumers:
        jobs.put(None)
    for thread in consumers:
        thread.join()
    print("queues", len(results), [job for job, _ in results[:20]], flush=True)


def pool() -> None:
    with concurrent.futures.ThreadPoolExecutor(4) as executor:
        squares = list(executor.map(lambda number: number * number, range(200)))
        waits = [executor.submit(time.sleep, 0.002) for _ in range(8)]
        concurrent.futures.wait(waits)
    print("pool", sum(squares), flush=True)


def ping_pong() -> None:
    condition = threading.Condition()
    turns: list[str] = []

    def play(name: str, parity: int) -> None:
        for _ in range(ROUNDS):
            with condition:
                condition.wait_for(lambda: len(turns) % 2 == parity)
                turns.append(name)
                condition.notify()

    players = [threading.Thread(target=play, args=(name, parity)) for parity, name in enumerate(("ping", "pong"))]
    for player in players:
        player.start()
    for player in players:
        player.join()
    print("turns", len(turns), turns[-1], flush=True)


def timers() -> None:
    fired: list[int] = []
    done = threading.Event()
    threads = [
        threading.Timer(0.005 * (5 - n), lambda n=n: (fired.append(n), len(fired) == 5 and done.set()))
        for n in range(5)
    ]
    for thread in threads:
        thread.start()
    assert done.wait(20)
    print("timers", sorted(fired), flush=True)


def computing() -> None:
    """Threads that never sleep: they wait for the interpreter's lock, which changes hands every few milliseconds."""
    counters = [0] * 4
    barrier = threading.Barrier(4)

    def count(number: int) -> None:
        barrier.wait()
        for _ in range(100_000):
            counters[number] += 1

    threads = [threading.Thread(target=count, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print("computed", counters, flush=True)


for part in (queues, pool, ping_pong, timers, computing):
    part()
print(threading.active_count(), threading.get_native_id(), time.time(), file=sys.stderr)
