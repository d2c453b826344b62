# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks that bad input is refused: what every table of cases has in common.

A case is (name, what to run, exit code, words of the message). What to run is a function of an empty
folder that prepares the input and returns the command line. A refusal prints one line, which begins
with "error: ", on stderr, nothing on stdout, and leaves no file behind in the folder `out`.
"""
import driver


def check(case, folder):
    name, prepare, code, words = case
    folder.mkdir()
    out = folder / "out"
    out.mkdir()
    command = prepare(folder)
    before = sorted(out.iterdir())
    done = driver.call(*command)
    lines = done.stderr.splitlines()
    problem = None
    if done.returncode != code:
        problem = f"exit code {done.returncode}, expected {code}"
    elif len(lines) != 1 or not lines[0].startswith("error: "):
        problem = "not one line that begins with 'error: '"
    elif words not in lines[0]:
        problem = f"the message does not say '{words}'"
    elif done.stdout:
        problem = f"printed on stdout: {done.stdout[:200]}"
    elif sorted(out.iterdir()) != before:
        problem = f"left files behind: {sorted(out.iterdir())}"
    return f"{name}: {problem}\n  {done.stderr.strip()[:600]}" if problem else None


def run_table(cases, folder):
    """Runs all cases, then fails with every one that was not as expected."""
    names = [case[0] for case in cases]
    driver.expect(len(set(names)) == len(names), "two cases have one name")
    failures = [check(case, folder / str(i)) for i, case in enumerate(cases)]
    failures = [failure for failure in failures if failure]
    driver.expect(not failures, f"{len(failures)} of {len(cases)} cases\n" + "\n".join(failures))
    print(f"{len(cases)} refusals")
