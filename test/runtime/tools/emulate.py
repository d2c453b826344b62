# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs single kernels with moert emulate.

usage: emulate.py FOLDER_OF_KERNELS SCRATCH_FOLDER
"""
import json
import pathlib
import shutil
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "e2e"))
import driver
import refusals

KERNELS, FOLDER = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
PTX = KERNELS / "DriverKernels.ptx"
CODES = {"<f4": "f", "<f8": "d", "<u4": "I", "<u2": "H", "|u1": "B"}


def write_npy(name, descr, shape, values):
    """An array, row by row."""
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {tuple(shape)}, }}\n".encode()
    data = struct.pack(f"<{len(values)}{CODES[descr]}", *values)
    path = FOLDER / name
    path.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + data)
    return path


def read_npy(path, code):
    data = path.read_bytes()
    start = 10 + struct.unpack_from("<H", data, 8)[0]
    return list(struct.unpack_from(f"<{(len(data) - start) // struct.calcsize(code)}{code}", data, start))


def emulate(*flags):
    return json.loads(driver.run("moert", "emulate", *flags, "--json"))


def expect(found, expected, what):
    driver.expect(found == expected, f"{what}: {found}, expected {expected}")


def add(x, *flags):
    """addValue over 100 of 128 elements, in 4 blocks of 32."""
    return (PTX, "addValue", "--grid", 4, "--block", 32, "--arg", "u32[128]=7", "--arg", x, "--arg", 5,
            "--arg", 100, *flags)


def test_results():
    x = write_npy("x.npy", "<u4", [128], range(128))
    y = write_npy("y.npy", "<u4", [128], [i + 5 if i < 100 else 7 for i in range(128)])
    z = write_npy("z.npy", "<f8", [128], [i + 5.25 if i < 100 else 7 for i in range(128)])
    report = emulate(*add(x, "--expect", f"to={y}", "--out", f"0={FOLDER / 'out.npy'}", "--show", 3))
    expect(report["passed"], True, "passed")
    to, source = report["arrays"]
    expect(to["values"], [5, 6, 7], "values")
    expect((to["read_bytes"], to["written_bytes"]), (0, 400), "bytes of `to`")
    expect((source["changed"], source["read_bytes"]), (False, 400), "bytes of `from`")
    expect(read_npy(FOLDER / "out.npy", "I"), read_npy(y, "I"), "the written array")
    # The tolerance, absolute and relative.
    done = driver.call("moert", "emulate", *add(x, "--expect", f"0={z}", "--profile", "none"))
    driver.expect(done.returncode == 1 and "100 of 128 elements differ" in done.stdout
                  and "the first at [0]: 5, expected 5.25" in done.stdout, done.stdout)
    emulate(*add(x, "--expect", f"0={z}", "--atol", 0.25))
    emulate(*add(x, "--expect", f"0={z}", "--rtol", 0.05))


def test_profile():
    report = emulate(*add(FOLDER / "x.npy", "--profile", "lines"))
    profile = report["profile"]
    expect(profile["instructions"]["kinds"]["ld.global"], 4, "loads")
    expect(profile["global"]["requested_read_bytes"], 400, "bytes asked for")
    loads = [line for line in profile["lines"] if line["instruction"] == "ld.global.u32"]
    expect([line["bytes"] for line in loads], [400], "bytes of the line")
    expect(emulate(*add(FOLDER / "x.npy", "--profile", "none"))["profile"], None, "no profile")
    text = driver.run("moert", "emulate", *add(FOLDER / "x.npy"))
    driver.expect("global read    400 bytes, requested 400 in 13 sectors" in text, text)


def test_types():
    """bf16 from float32 and from bits, tensor maps, every order, both completions, under checks."""
    a = [(m * 7 + k * 5) % 5 - 2 for m in range(64) for k in range(128)]
    b = [(n * 3 + k * 2) % 5 - 2 for n in range(64) for k in range(128)]
    product = [sum(a[m * 128 + k] * b[n * 128 + k] for k in range(128)) for m in range(64) for n in range(64)]
    bits = [struct.unpack("<I", struct.pack("<f", value))[0] >> 16 for value in a]
    files = [write_npy("a.npy", "<f4", [64, 128], a), write_npy("bits.npy", "<u2", [64, 128], bits)]
    write_npy("b.npy", "<f4", [64, 128], b)
    write_npy("c.npy", "<f8", [64, 64], product)
    for order, completion, operand in [("forward", "eager", files[0]), ("reverse", "lazy", files[1]),
                                       ("random:3", "copies=lazy", files[0])]:
        report = emulate(KERNELS / "Wgmma.ptx", "fromRegisters", "--order", order, "--async", completion,
                         "--check", "all", "--block", 128, "--shared", 16384, "--arg", f"bf16:{operand}",
                         "--arg", f"map:bf16:{FOLDER / 'b.npy'}:64x64:128", "--arg", "f32[64,64]",
                         "--arg", 128, "--expect", f"2={FOLDER / 'c.npy'}")
        expect(report["passed"], True, f"{order}, {completion}")
        expect(report["profile"]["matrix"], {"instructions": 32, "flops": 2 * 64 * 64 * 128}, "products")


def test_images():
    """A fat binary, an ELF file that holds one, and what nvcc writes."""
    images = KERNELS.parents[1] / "fuzz" / "image"
    for name, kernel in [("plain.fatbin", "poke"), ("object.o", "poke"), ("nvcc-none.fatbin", "_Z1fPi")]:
        listed = emulate(images / name)["kernels"]
        expect([each["name"] for each in listed], [kernel], name)
    report = emulate(images / "object.o", "poke", "--block", 1, "--arg", "u32[1]=0")
    expect(report["arrays"][0]["changed"], True, "what poke wrote")
    # Integers that no double holds.
    report = emulate(images / "object.o", "poke", "--block", 1, "--arg", f"u64[2]={2 ** 63 + 1}")
    expect(report["arrays"][0]["values"][1], 2 ** 63 + 1, "the larger half")


def moert(*flags):
    return lambda folder: ("moert", "emulate", *flags)


def argument(value, *flags):
    return moert(PTX, "addValue", "--block", 32, "--arg", "u32[32]", "--arg", value, "--arg", 1, "--arg", 1, *flags)


def image_cases():
    text = FOLDER / "bad.ptx"
    text.write_text(".version 8.0\n.target sm_80\n.address_size 64\n.visible .entry k()\n{\n  frobnicate;\n}\n")
    return [
        ("no image", moert("absent.ptx"), 1, "absent.ptx: there is no such file"),
        ("image without an end", moert("/dev/zero"), 1, "/dev/zero: is longer than 1 GiB"),
        ("folder", moert(KERNELS), 1, "the image is neither PTX"),
        ("no PTX", moert(FOLDER / "x.npy"), 1, "x.npy: the image is neither PTX"),
        ("bad PTX", moert(text), 1, "bad.ptx:6:3: instruction `frobnicate` is unknown"),
        ("too new for the device", moert(KERNELS / "Wgmma.ptx", "--arch", "sm_80"), 1, "sm_90a does not run on sm_80"),
        ("no such kernel", moert(PTX, "nothing"), 1, "has no kernel 'nothing'; it has addValue, fold"),
        ("several kernels", moert(PTX, "o"), 1, "has several kernels like 'o'"),
        ("no such device", moert(PTX, "--arch", "sm_70"), 2, 'MOEC_EMULATED_ARCH is "sm_70", but must be'),
        ("no such order", moert(PTX, "--order", "backwards"), 2, 'MOEC_EMULATED_ORDER is "backwards"'),
        ("no such check", moert(PTX, "--check", "speed"), 2, 'MOEC_EMULATED_CHECK is "speed"'),
        ("no such profile", moert(PTX, "--profile", "much"), 2, "--profile: much not in"),
        ("lazy and eager", moert(PTX, "--lazy", "--async", "eager"), 2, "--async excludes --lazy"),
    ]


def launch_cases():
    four = ("--arg", 1, "--arg", 1, "--arg", 1, "--arg", 1)
    return [
        ("no block", moert(PTX, "addValue", *four), 2, "--block is needed"),
        ("block of nothing", moert(PTX, "addValue", "--block", 0, *four), 2, "--block: '0': 0 is out of range"),
        ("four extents", moert(PTX, "addValue", "--block", "1,1,1,1", *four), 2, "more than three extents"),
        ("extent of no number", moert(PTX, "addValue", "--grid", "2x", "--block", 1, *four), 2, "--grid: '2x'"),
        ("block too large", moert(PTX, "addValue", "--block", 2048, *four), 1, "block 2048x1x1 is over the limit"),
        ("block over the kernel's", moert(PTX, "narrow", "--block", 65), 1, "launch of narrow refused"),
        ("too much shared memory", moert(PTX, "narrow", "--block", 1, "--shared", 999999), 1, "999999 bytes"),
        ("too few arguments", moert(PTX, "fold", "--block", 1), 2, "fold has 3 parameters; 0 arguments"),
        ("no number", argument("five"), 2, "--arg: 'five': is no number"),
        ("no type", argument("f31[4]"), 2, "'f31' is no type; expected f32"),
        ("no extents", argument("f32[]"), 2, "extents must be whole numbers"),
        ("no end", argument("f32[4"), 2, "']' is missing"),
        ("no fill", argument("u8[4]=256"), 2, "'=256' is not = and a number of u8"),
        ("too many elements", argument("f32[99999999,99999999]"), 2, "more than 1 GiB"),
        ("no file", argument("absent.npy"), 1, "absent.npy: cannot open"),
        ("no array", argument(f"{PTX}.npy"), 1, "cannot open"),
        ("fraction", moert(PTX, "fold", "--block", 1, "--arg", 0, "--arg", 1.5, "--arg", 1), 1, "1.5 is no u32"),
        ("wide number", moert(PTX, "fold", "--block", 1, "--arg", 0, "--arg", "f64:1", "--arg", 1), 1,
         "parameter 1 (factor, 4 bytes, .u32): takes no f64"),
        ("array as a number", moert(PTX, "fold", "--block", 1, "--arg", 0, "--arg", "u8[1]", "--arg", 1), 1,
         "takes no array"),
        ("struct as an address", argument("bytes:" + str(FOLDER / "x.npy")), 1, "has 512 bytes"),
        ("map without a box", argument("map:f32[4,4]"), 2, "expected map:ARRAY:BOX:SWIZZLE"),
        ("box of other axes", argument("map:f32[4,4]:4:0"), 2, "box '4' of an array of [4, 4]"),
        ("odd swizzle", argument("map:f32[4,4]:4x4:48"), 2, "swizzle '48'; expected 0, 32, 64"),
        ("row of 12 bytes", argument("map:f32[4,3]:4x3:0"), 1, "globalStrides[0] is 12, but must be a multiple of 16"),
        ("no output file", argument("u32[1]", "--out", "0"), 2, "--out: '0' is not PARAMETER=FILE.npy"),
        ("output of a number", argument("u32[1]", "--out", "2=a.npy"), 2, "parameter 2 is '1', no array"),
        ("no such output", argument("u32[1]", "--out", "9=a.npy"), 2, "addValue has no parameter '9'"),
        ("another shape", argument("u32[1]", "--expect", f"0={FOLDER / 'x.npy'}"), 1,
         "shape: [128]; the array of parameter 0 has [32]"),
    ]


def test_faults():
    """A report on stderr, then one line; nothing on stdout."""
    for flags, words in [
            (add(4096), "illegal address"), ((PTX, "stop", "--block", 32), "ran into a trap"),
            (add("u32[128]", "--check", "uninitialised"), "reads 4 bytes of device memory that no copy")]:
        done = driver.call("moert", "emulate", *flags)
        driver.expect(done.returncode == 1 and words in done.stderr and not done.stdout
                      and done.stderr.splitlines()[-1].startswith("error: "), f"{flags}:\n{done.stderr}")


shutil.rmtree(FOLDER, ignore_errors=True)
FOLDER.mkdir(parents=True)
test_results()
test_profile()
test_types()
test_faults()
test_images()
(FOLDER / "refusals").mkdir()
refusals.run_table(image_cases() + launch_cases(), FOLDER / "refusals")
