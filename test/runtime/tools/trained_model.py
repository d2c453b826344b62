# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Requests to the trained model, as a user makes them.

usage: trained_model.py ARTIFACT TEXT FOLDER
"""
import json
import math
import pathlib
import signal
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "e2e"))
import driver

PROMPT = "Der Kernel"


def generate(artifact, *flags):
    return json.loads(driver.run("moert", "generate", artifact, "--json", *flags))


def streams_what_json_says(artifact, text, folder):
    flags = ("-p", PROMPT, "-n", 40, "--temperature", 1.2, "--seed", 11, "--ignore-eos")
    found = generate(artifact, *flags)
    streamed = driver.run("moert", "generate", artifact, *flags)
    driver.expect(streamed == found["text"] + "\n", f"streamed {streamed!r}, json {found['text']!r}")
    tokens = found["prompt_tokens"] + found["tokens"]
    whole = json.loads(driver.run("moert", "tokenize", artifact, "--decode", "--json", "-p",
                                  ",".join(map(str, tokens))))["text"]
    driver.expect(whole == PROMPT + found["text"], f"decoded {whole!r}")


def seeds_choose_the_text(artifact, text, folder):
    def draw(seed):
        return generate(artifact, "-p", PROMPT, "-n", 20, "--temperature", 1, "--top-k", 50, "--top-p", 0.95,
                        "--seed", seed)["tokens"]

    driver.expect(draw(1) == draw(1), "one seed draws two texts")
    driver.expect(draw(1) != draw(2), "two seeds draw one text")
    greedy = generate(artifact, "-p", PROMPT, "-n", 20)["tokens"]
    likeliest = generate(artifact, "-p", PROMPT, "-n", 20, "--temperature", 5, "--top-k", 1)["tokens"]
    driver.expect(greedy == likeliest, "the likeliest of one is not the likeliest")


def ends_for_a_reason(artifact, text, folder):
    limited = generate(artifact, "-p", PROMPT, "-n", 1000, "--context", 12, "--ignore-eos")
    length = len(limited["prompt_tokens"]) + len(limited["tokens"])
    driver.expect(limited["stop_reason"] == "context" and length == 13, f"{limited['stop_reason']}, {length} tokens")
    short = generate(artifact, "-p", PROMPT, "-n", 3, "--ignore-eos")
    driver.expect(short["stop_reason"] == "length" and len(short["tokens"]) == 3, f"{short}")
    driver.expect(short["timing"]["prompt_tokens_per_s"] > 0, "no speed")


def prompts_come_from_files(artifact, text, folder):
    (folder / "prompt").write_text(PROMPT)
    whole = generate(artifact, "-p", PROMPT, "-n", 5)
    from_file = generate(artifact, "--prompt-file", folder / "prompt", "-n", 5, "--chunk", 1, "--threads", 1)
    driver.expect(from_file["tokens"] == whole["tokens"], "another text from a file")
    ids = ",".join(map(str, whole["prompt_tokens"]))
    driver.expect(generate(artifact, "--tokens", ids, "-n", 5)["text"] == whole["text"], "another text from ids")


def scores_of_files_together(artifact, text, folder):
    (folder / "ids").write_text("1 520 428 570 604 1989")
    both = json.loads(driver.run("moert", "score", artifact, "--text", text, "--tokens", folder / "ids", "--json",
                                 "--logits", folder / "logits.npy"))
    driver.expect([len(entry["tokens"]) for entry in both] == [1924, 6], "another order of files")
    alone = json.loads(driver.run("moert", "score", artifact, "--tokens", folder / "ids", "--json",
                                  "--logits", folder / "alone.npy"))
    driver.expect(alone["logprobs"] == both[1]["logprobs"], "other scores together than alone")
    driver.expect((folder / "alone.npy").read_bytes() == (folder / "logits.1.npy").read_bytes(), "other logits")
    for score in both:
        driver.expect(math.isclose(-sum(score["logprobs"]), score["nll"]), "nll is not the sum")
        driver.expect(math.isclose(math.exp(score["nll"] / len(score["logprobs"])), score["perplexity"]),
                      "perplexity is not that of nll")
    row = driver.floats((folder / "alone.npy").read_bytes())[:4096]
    top = max(row)
    logprob = row[520] - top - math.log(sum(math.exp(x - top) for x in row))
    driver.expect(math.isclose(logprob, alone["logprobs"][0], rel_tol=1e-9), "scores are not those of the logits")


def interrupts_end_it(artifact, text, folder):
    command = [driver.BIN / "moert", "generate", artifact, "-p", PROMPT, "-n", "1000000", "--ignore-eos"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.read(20)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=driver.TIMEOUT)
    driver.expect(process.returncode == 130 and out.endswith(b"\n") and b"generation:" in err,
                  f"exit {process.returncode}, {err}")


def a_closed_pipe_ends_it(artifact, text, folder):
    command = [driver.BIN / "moert", "generate", artifact, "-p", PROMPT, "-n", "1000000", "--ignore-eos"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.read(5)
        process.stdout.close()
        err = process.stderr.read()
        process.wait(driver.TIMEOUT)
    driver.expect(process.returncode == 0 and not err, f"exit {process.returncode}, {err}")


def bench_measures(artifact, text, folder):
    found = json.loads(driver.run("moert", "bench", artifact, "-p", 16, "-n", 4, "-r", 2, "-b", 2, "--json"))
    driver.expect([t["name"] for t in found["tests"]] == ["pp16", "tg4"], f"{found}")
    driver.expect(found["read_probe_gb_s"] > 0 and found["dot_peak_gflop_s"] > 0
                  and found["launches_per_step"] > 0, f"{found}")
    for test in found["tests"]:
        for name in ["tokens_per_s", "bytes_per_token", "gb_s", "gflop_s", "share_of_read_probe",
                     "share_of_dot_peak"]:
            driver.expect(test[name] > 0, f"{name} is {test[name]}")
        driver.expect(test["gb_s_min"] <= test["gb_s"] <= test["gb_s_max"], "the median is no median")


TESTS = [streams_what_json_says, seeds_choose_the_text, ends_for_a_reason, prompts_come_from_files,
         scores_of_files_together, interrupts_end_it, a_closed_pipe_ends_it, bench_measures]


def test(folder):
    for run in TESTS:
        try:
            run(artifact, text, folder)
        except driver.Failure as failure:
            raise driver.Failure(f"{run.__name__}: {failure}") from failure


artifact, text = map(pathlib.Path, sys.argv[1:3])
del sys.argv[1:3]
driver.main(test)
