"""Run a fuzzer: programs in child processes, so that a crash is a fault and not the end.

Exit status 0 where no program is wrong. Each fault is printed with the number of its program, which
`--first NUMBER --count 1` runs again, after it was made as small as the shrinker could.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import warnings

from tests.fuzz.fuzzer import Fuzzer, load

BATCH = 200  # programs a child process runs: what one leaves behind does not reach far


def run_here(fuzzer: Fuzzer, seed: int, numbers: range) -> int:
    """Check programs in this process; how many are wrong."""
    wrong = 0
    for number in numbers:
        print(f"at {number}", file=sys.stderr, flush=True)
        program = fuzzer.program(seed, number)
        fault = fuzzer.fault(program)
        if fault:
            wrong += 1
            program, fault = fuzzer.shrink(program)
            print(f"FAULT {fuzzer.name} --seed {seed} --first {number} --count 1\n  {fault}\n  "
                  f"{program!r}", flush=True)  # fmt: skip
    return wrong


def run_in_children(fuzzer: Fuzzer, seed: int, first: int, count: int) -> int:
    """Check programs in batches, a child process each; how many are wrong or end their process."""
    wrong, number, end = 0, first, first + count
    while number < end:
        size = min(BATCH, end - number)
        command = [sys.executable, "-m", "tests.fuzz", fuzzer.name, "--here", "--seed", str(seed),
                   "--first", str(number), "--count", str(size)]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True)
        print(done.stdout, end="", flush=True)
        found = done.stdout.count("FAULT ")
        wrong += found
        number += size
        if done.returncode != int(found > 0):  # it has ended before it was through
            places = [line for line in done.stderr.splitlines() if line.startswith("at ")]
            number = int(places[-1][3:]) + 1 if places else end
            wrong += 1
            tail = "\n  ".join(done.stderr.splitlines()[-3:])
            print(f"FAULT {fuzzer.name} --seed {seed} --first {number - 1} --count 1\n  the process"
                  f" ended with {done.returncode}\n  {tail}", flush=True)  # fmt: skip
    return wrong


def main() -> int:
    fuzzers = load()
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("kind", choices=[*fuzzers, "all"])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--first", type=int, default=0, help="the first program's number")
    parser.add_argument("--here", action="store_true", help="in this process, without children")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    wrong = 0
    for name in fuzzers if options.kind == "all" else [options.kind]:
        numbers = range(options.first, options.first + options.count)
        found = (
            run_here(fuzzers[name], options.seed, numbers)
            if options.here
            else run_in_children(fuzzers[name], options.seed, options.first, options.count)
        )
        if not options.here:
            print(f"{name}: {options.count} programs, {found} faults", flush=True)
        wrong += found
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
