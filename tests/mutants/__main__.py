"""Plant each fault in a copy of the package, and run the tests that are to catch it.

Exit status 0 where each is caught. What hangs is caught too, after the time that `--limit` says.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from tests.mutants import load
from tests.mutants.trials import LIBRARIES, PROCESSES, clean, outcome


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--only", default="", help="faults whose file or description has this text")
    parser.add_argument("--list", action="store_true", help="say what there is, and plant nothing")
    parser.add_argument("--jobs", type=int, default=1, help="faults that are tried at once")
    parser.add_argument("--limit", type=float, default=900.0, help="seconds for a run of tests")
    parser.add_argument("--clean", action="store_true", help="first run the tests without a fault")
    options = parser.parse_args()
    mutants = [x for x in load() if options.only in f"{x.file}: {x.breaks}"]
    if options.list:
        for x in mutants:
            print(f"{x.file}: {x.breaks}  [{'; '.join(x.tests)}]")
        return 0
    PROCESSES.set_forkserver_preload(LIBRARIES)
    if options.clean and (said := clean(mutants, options.limit)):
        print(f"without any fault {said} fails")
        return 1
    start, survivors = time.monotonic(), Counter[str]()
    with ThreadPoolExecutor(options.jobs) as pool:
        outcomes = pool.map(lambda x: outcome(x, options.limit), mutants)
        for x, said in zip(mutants, outcomes, strict=True):
            survivors[x.file] += not said
            print(f"{x.file}: {x.breaks}: {said or 'SURVIVED'}", flush=True)
    lost = survivors.total()
    print(f"{len(mutants)} faults, {lost} survived, {time.monotonic() - start:.0f} s")
    return int(lost > 0)


if __name__ == "__main__":
    sys.exit(main())
