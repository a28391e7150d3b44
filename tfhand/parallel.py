"""Work spread over fresh processes while a bar counts what they have done."""

from __future__ import annotations

import contextlib
import multiprocessing
import multiprocessing.connection
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tqdm import tqdm

#: Every worker is one thread: processes share the cores better than threads inside them.
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def run_in_processes(
    work: Callable[[Any], Any],
    tasks: Sequence[Any],
    workers: int,
    start: Callable[..., None],
    arguments: tuple[Any, ...],
    bar: tqdm,
) -> None:
    """Does every task in one of several new processes of one thread each.

    Args:
        work: done to each task, in a worker.
        tasks: what there is to do.
        workers: processes.
        start: called once in each worker with `arguments` and a shared counter (`multiprocessing.Value`) that `work`
            raises as it goes.
        arguments: for `start`.
        bar: follows the counter; it is closed at the end.

    Raises:
        ChildProcessError: a process was killed.
        Exception: whatever a task raises first; tasks not yet begun are given up.
    """
    # Spawned, not forked: a fork would inherit the parent's threads in an unknown state.
    context = multiprocessing.get_context("spawn")
    done = context.Value("q", 0)
    with one_thread(), bar, ProcessPoolExecutor(workers, context, _start_worker, (start, *arguments, done)) as pool:
        pending = {pool.submit(work, task) for task in tasks}
        shown = 0
        try:
            while pending:
                finished, pending = wait(pending, timeout=0.2, return_when=FIRST_EXCEPTION)
                for future in finished:
                    future.result()
                bar.update(done.value - shown)
                shown = done.value
        except BrokenProcessPool as error:
            raise ChildProcessError(
                f"a process was killed, perhaps for lack of memory ({workers} at work); "
                "the same command goes on, with fewer workers if need be."
            ) from error
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def end_with_parent() -> None:
    """Called in a worker: it ends when the process that started it does, killed or not. Else it would wait for ever, and go
    on writing to files that the next run takes for its own."""

    def wait_and_end() -> None:
        multiprocessing.connection.wait([multiprocessing.parent_process().sentinel])
        os._exit(1)

    threading.Thread(target=wait_and_end, daemon=True).start()


def _start_worker(start: Callable[..., None], *arguments: Any) -> None:
    end_with_parent()
    start(*arguments)


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Processes started meanwhile use one thread each."""
    before = {name: os.environ.get(name) for name in _ONE_THREAD}
    os.environ.update(dict.fromkeys(_ONE_THREAD, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
