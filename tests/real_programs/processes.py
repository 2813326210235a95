"""multiprocessing: a pool, queues, pipes, shared memory, locks and a manager, with each way to start processes."""

import multiprocessing
import multiprocessing.shared_memory
import os
import sys


def square(number: int) -> int:
    return number * number


def add(counter, rounds: int) -> None:
    for _ in range(rounds):
        with counter.get_lock():
            counter.value += 1


def answer(connection, name: str) -> None:
    memory = multiprocessing.shared_memory.SharedMemory(name)
    memory.buf[:5] = b"hello"
    memory.close()
    connection.send({"pid is mine": os.getpid() != os.getppid(), "said": connection.recv()})
    connection.close()


def try_everything(method: str) -> None:
    context = multiprocessing.get_context(method)
    with context.Pool(3) as pool:
        print(method, "pool", sum(pool.map(square, range(100), chunksize=5)), flush=True)
    counter = context.Value("i", 0)
    adders = [context.Process(target=add, args=(counter, 100)) for _ in range(3)]
    for process in adders:
        process.start()
    for process in adders:
        process.join()
    print(method, "counter", counter.value, [process.exitcode for process in adders], flush=True)
    memory = multiprocessing.shared_memory.SharedMemory(create=True, size=4096)
    here, there = context.Pipe()
    child = context.Process(target=answer, args=(there, memory.name))
    child.start()
    there.close()
    here.send("something")
    print(method, "answer", here.recv(), bytes(memory.buf[:5]), flush=True)
    child.join()
    memory.close()
    memory.unlink()
    with context.Manager() as manager:
        shared = manager.dict()
        shared["from"] = method
        print(method, "manager", dict(shared), flush=True)


if __name__ == "__main__":
    for method in sys.argv[1:] or ["fork", "spawn", "forkserver"]:
        try_everything(method)
