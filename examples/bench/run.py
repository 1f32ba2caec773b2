#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compiles networks, runs them on the cycle model and compares with goals and baselines.

usage: run.py [GROUP ...] [--check | --move-baselines] [options]

Groups: goals (the networks with a goal), small (their small siblings), zoo (models of at most
50 million multiply-accumulates in the folder that NEURON_ZOO names). Default: goals.
Networks other than the zoo's are looked for in build/bench, where build_models.py makes them;
without it they get random weights by networks.py, in build/bench-networks.

Memory is 60 cycles away and passes 10 bytes a cycle; weights come from it in every inference.
Cycles are those of the functional model; with --device rtl they are counted by the RTL.

  --check            fail when cycles differ from the baselines by more than 2%; when a goal is missed that
                     the baselines do not list as missed, or reached that they do; when the compiler or the
                     functional model exceeds a limit; and when nothing in a layer's report explains why it
                     uses little of the array, unless the baselines list it, or when they do in vain
  --move-baselines   write the cycles of this run into the baselines

Exit codes: 0 ok, 1 a network failed or moved, 2 usage, 77 nothing to run.
"""
import argparse
import collections
import dataclasses
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

import folder

ROOT = pathlib.Path(__file__).resolve().parents[2]
BASELINES = ROOT / "tests/baselines/cycles.json"
TUNED = ROOT / "tests/baselines/precision.json"  # of the zoo's networks that fast products do not suffice
MEMORY = {"latency": 60, "bytes_per_cycle": 10}
TOLERANCE = 0.02
ZOO_LIMIT = 50_000_000  # multiply-accumulates
NOTHING_TO_RUN = 77
BUILT = ROOT / "build/bench"
FILLED = ROOT / "build/bench-networks"


@dataclasses.dataclass(frozen=True)
class LayerGoal:
    """What the layers whose names `names` matches should reach together."""

    title: str
    names: str
    utilisation: float  # at least


@dataclasses.dataclass(frozen=True)
class Limits:
    """What a network may cost the host. By processor time, so that others on the machine do not count."""

    compile_seconds: float  # less than
    compile_mib: float  # less than, at its peak
    model_gmacs: float  # at least, a second of one thread: the functional model's whole process

    def missed(self, row):
        """A text for each limit that the figures of a run miss."""
        texts = []
        if row["compile_cpu_seconds"] >= self.compile_seconds:
            texts.append(f"compiling took {row['compile_cpu_seconds']:.1f} s of processor time, "
                         f"limit {self.compile_seconds:g} s")
        if row["compile_peak_mib"] >= self.compile_mib:
            texts.append(f"compiling took {row['compile_peak_mib']:.0f} MiB, limit {self.compile_mib:g} MiB")
        if row["model_gmacs"] < self.model_gmacs:
            texts.append(f"the functional model made {row['model_gmacs']:.2f} GMAC in a second of processor time, "
                         f"at least {self.model_gmacs:g} asked")
        return texts


@dataclasses.dataclass(frozen=True)
class Goal:
    """What a network should reach; `gemmini` is what that accelerator, also with 256
    multiply-accumulates per cycle, published for INT8."""

    cycles: int = 0  # at most
    utilisation: float = 0  # at least
    gemmini: str = ""
    layers: tuple = ()  # of LayerGoal
    limits: Limits = None

    def text(self):
        return f"<= {self.cycles / 1e6:.1f} M" if self.cycles else f">= {self.utilisation:.0%}"

    def holds(self, row):
        if self.cycles:
            return row["cycles"] <= self.cycles
        return row["utilisation"] >= self.utilisation


@dataclasses.dataclass(frozen=True)
class Network:
    model: str
    zoo: bool = False
    configuration: str = "sim"
    auto_cast: str = "none"
    precision: str = ""  # of the products; else what the network is tuned to
    goal: Goal = None

    @property
    def name(self):
        parts = [self.model]
        if self.auto_cast != "none":
            parts.append(self.auto_cast)
        if self.precision:
            parts.append(self.precision)
        if self.configuration != "sim":
            parts.append(self.configuration)
        return "/".join(parts)


FEED_FORWARD = LayerGoal("feed-forward products", r"intermediate/dense|[0-9]/output/dense", 0.92)
# MobileNetV2's block 1 has no expansion: its conv.0 is depthwise, its conv.1 of 1x1.
POINTWISE = LayerGoal(
    "1x1 layers", r"features\.1/conv/conv\.1/|(?<!features\.1)/conv/conv\.(0|2)/|features\.18/", 0.70)
SUBSTANTIAL = 1_000_000  # multiply-accumulates of a layer
LOW = 0.30  # utilisation of such a layer that needs a reason
BUSY = 2 / 3  # of the layer's time that the engine or memory named as the reason has to be busy
GOALS = [
    Network("resnet50_int8", goal=Goal(cycles=18_500_000, gemmini="24.2 M (66%)",
                                       limits=Limits(compile_seconds=20, compile_mib=2048, model_gmacs=3))),
    Network("resnet50_int8", configuration="sim-small", goal=Goal(cycles=21_000_000)),
    Network("squeezenet11_int8", goal=Goal(utilisation=0.60, gemmini="34%")),
    Network("mobilenetv2_int8", goal=Goal(utilisation=0.40, layers=(POINTWISE,))),
    Network("bert_base_int8", auto_cast="bf16", goal=Goal(utilisation=0.85, gemmini="54-99%", layers=(FEED_FORWARD,))),
    Network("bert_base_fp32", auto_cast="bf16", goal=Goal(utilisation=0.85, layers=(FEED_FORWARD,))),
    Network("resnet8_int8", zoo=True, goal=Goal(utilisation=0.80)),
    Network("hifigan_v2", zoo=True, goal=Goal(utilisation=0.70)),
    Network("hifigan_v2", zoo=True, precision="fast", goal=Goal(utilisation=0.70)),
]
SMALL = [
    Network("resnet50_int8_small"),
    Network("resnet50_int8_small", configuration="sim-small"),
    Network("squeezenet11_int8_small"),
    Network("mobilenetv2_int8_small"),
    Network("bert_base_int8_small", auto_cast="bf16"),
    Network("bert_base_fp32_small", auto_cast="bf16"),
]


def utilisation_of(layers, macs_per_cycle):
    cycles = sum(layer["cycles"] for layer in layers)
    return sum(layer["macs"] for layer in layers) / (macs_per_cycle * cycles) if cycles else 0


def layer_goals(report, goals):
    """Groups of layers against their goals."""
    groups = []
    for goal in goals:
        matching = [layer for layer in report["layers"] if layer["macs"] and re.search(goal.names, layer["name"])]
        reached = utilisation_of(matching, report["roofline"]["macs_per_cycle"])
        groups.append({"title": goal.title, "layers": len(matching), "utilisation": reached,
                       "goal": goal.utilisation, "reached": reached >= goal.utilisation})
    return groups


def low_layers(report):
    """The substantial layers that use little of the array: how many for each bound, and those of which
    it explains nothing, for what it names is idle for much of their time."""
    low = [layer for layer in report["layers"]
           if layer["macs"] > SUBSTANTIAL and layer["utilization"] < LOW]
    explained = collections.Counter(layer["bound"] for layer in low if layer["busy_share"] >= BUSY)
    unexplained = {layer["name"]: f"{layer['utilization']:.0%} of the array, {layer['bound']}: "
                                  f"busy for {layer['busy_share']:.0%} of its time"
                   for layer in low if layer["busy_share"] < BUSY}
    return dict(explained), unexplained


def shortest_case(model):
    return min(model["cases"], key=lambda case: case.get("steps", 1))["name"]


def measured(command):
    """Runs a program: exit code, output, errors, seconds of processor time, peak MiB."""
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        child = os.posix_spawn(command[0], command, os.environ,
                               file_actions=[(os.POSIX_SPAWN_DUP2, output.fileno(), 1),
                                             (os.POSIX_SPAWN_DUP2, errors.fileno(), 2)])
        _, status, usage = os.wait4(child, 0)
        output.seek(0)
        errors.seek(0)
        return (os.waitstatus_to_exitcode(status), output.read(), errors.read().strip(),
                usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


class Bench:
    """Runs networks with the `neuron` command."""

    def __init__(self, arguments):
        self.neuron = arguments.neuron
        self.device = arguments.device
        self.folders = {False: arguments.networks, True: arguments.zoo}
        self.models = {key: folder.manifest(root) if root else {} for key, root in self.folders.items()}
        self.tuned = json.loads(TUNED.read_text())

    def zoo_networks(self):
        models = self.models[True].values()
        return [Network(m["name"], zoo=True) for m in models if m["macs_per_inference"] <= ZOO_LIMIT]

    def fill(self, networks, python):
        """Gives weights to those of `networks` that are not here, or older than those in the tree."""
        root = self.folders[False]
        names = {n.model for n in networks if not n.zoo and not folder.is_filled(root, n.model)}
        if names:
            print(f"filling {', '.join(sorted(names))} with random weights", flush=True)
            subprocess.run([python, ROOT / "examples/bench/networks.py", "fill", root, *sorted(names)],
                           stdout=subprocess.DEVNULL, check=True)
            self.models[False] = folder.manifest(root)

    def precision(self, network, otherwise):
        """What `neuron` is told; `otherwise` for a network that is not tuned."""
        if network.precision:
            return network.precision
        return TUNED if network.zoo and network.model in self.tuned else otherwise

    def has(self, network):
        return network.model in self.models[network.zoo]

    def compile(self, network, path):
        """Processor time, peak MiB, the size of the image, and what its layers reach."""
        model = self.models[network.zoo][network.model]
        command = [self.neuron, "compile", self.folders[network.zoo] / model["file"], "-o", path,
                   "--json", "-", "--report", "--config", network.configuration, "--auto-cast", network.auto_cast,
                   "--precision", self.precision(network, "fast"), "--memory-latency", str(MEMORY["latency"]),
                   "--memory-bytes-per-cycle", str(MEMORY["bytes_per_cycle"])]
        for value in model["inputs"]:
            shape = value.get("case_shape", value["shape"])
            command += ["--bind", f"{value['name']}:{','.join(str(size) for size in shape)}"]
        code, output, errors, seconds, mib = measured(command)
        if code != 0:
            return {"error": errors}
        report = json.loads(output)
        low, unexplained = low_layers(report["report"])
        return {"compile_cpu_seconds": seconds, "compile_peak_mib": mib, "image_bytes": report["image_bytes"],
                "estimated_cycles": report["estimated_cycles"],
                "layer_goals": layer_goals(report["report"], network.goal.layers),
                "low_layers": low, "unexplained_layers": unexplained}

    def model_speed(self, network, package):
        """Multiply-accumulates of the functional model in a second of one thread, with the start of the
        program and the loading of the package."""
        code, output, errors, seconds, _ = measured(
            [self.neuron, "run", package, "--device", f"functional:{network.configuration}", "--random", "1",
             "--json", "-"])
        return {"model_gmacs": json.loads(output)["macs"] / seconds / 1e9} if code == 0 else {"error": errors}

    def run(self, network):
        """One case of the network: verdict, cycles, utilisation."""
        case = shortest_case(self.models[network.zoo][network.model])
        options = "&".join(f"{key}={value}" for key, value in MEMORY.items())
        command = [self.neuron, "verify", self.folders[network.zoo], "--filter",
                   f"{network.model}/{case}", "--json", "-", "--auto-cast", network.auto_cast,
                   "--precision", self.precision(network, "auto"),
                   "--device", f"{self.device}:{network.configuration}?{options}",
                   "--memory-latency", str(MEMORY["latency"]),
                   "--memory-bytes-per-cycle", str(MEMORY["bytes_per_cycle"])]
        start = time.monotonic()
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if not done.stdout:
            return {"error": done.stderr.strip()}
        result = json.loads(done.stdout)["cases"][0]
        row = {"case": case, "verdict": result["verdict"], "cycles": result["cycles"],
               "utilisation": result["utilization"], "macs": result["stats"]["macs"],
               "host_segments": len(result["host_segments"]), "verify_seconds": time.monotonic() - start}
        if result["verdict"] != "pass":
            row["error"] = result["message"]
        return row

    def measure(self, network):
        row = {"name": network.name, "model": network.model, "configuration": network.configuration,
               "auto_cast": network.auto_cast}
        if network.goal:
            with tempfile.TemporaryDirectory() as scratch:
                package = f"{scratch}/network.ncx"
                row |= self.compile(network, package)
                if "error" not in row and network.goal.limits:
                    row |= self.model_speed(network, package)
                    row["missed_limits"] = [] if "error" in row else network.goal.limits.missed(row)
        if "error" not in row:
            row |= self.run(network)
        if network.goal:
            row["goal"] = network.goal.text()
            row["gemmini"] = network.goal.gemmini
            row["reached"] = (row.get("cycles", 0) > 0 and network.goal.holds(row) and
                              all(group["reached"] for group in row.get("layer_goals", [])))
        return row


def against_baseline(row, baselines):
    """How the cycles moved, and whether that is a failure."""
    expected = baselines.get(row["name"])
    if not row.get("cycles"):
        return "", expected is not None
    if expected is None:
        return "new", False
    change = row["cycles"] / expected - 1
    return f"{change:+.1%}" if change else "=", abs(change) > TOLERANCE


def broken_promises(row, listed):
    """A text for each limit that the row misses, and for each layer whose low utilisation is unexplained
    but not in `listed`, or the other way round."""
    texts = list(row.get("missed_limits", []))
    if "unexplained_layers" in row:
        found = row["unexplained_layers"]
        texts += [f"layer {name}: {text}" for name, text in found.items() if name not in listed]
        texts += [f"layer {name} is listed as unexplained in vain" for name in listed if name not in found]
    return [f"{row['name']}: {text}" for text in texts]


def print_row(row, moved):
    if not row.get("cycles"):
        print(f"{row['name']:<36} FAIL  {row['error'].splitlines()[0]}", flush=True)
        return
    text = (f"{row['name']:<36} {row['verdict']:<5} {row['cycles']:>12,} {row['utilisation']:>7.1%} "
            f"{row['macs']:>14,} {moved:>7}")
    if "goal" in row:
        text += f"  goal {row['goal']:<10} {'reached' if row['reached'] else 'missed':<8}"
        text += f"Gemmini {row['gemmini']:<13}" if row["gemmini"] else " " * 21
    if "compile_cpu_seconds" in row:
        text += f" compile {row['compile_cpu_seconds']:.1f} s {row['compile_peak_mib']:.0f} MiB"
    if "model_gmacs" in row:
        text += f", functional model {row['model_gmacs']:.1f} GMAC/s"
    print(text, flush=True)


def print_layers(row):
    for group in row.get("layer_goals", []):
        print(f"    {group['layers']} {group['title']}: {group['utilisation']:.1%}, "
              f"goal >= {group['goal']:.0%}")
    for bound, count in row.get("low_layers", {}).items():
        print(f"    under {LOW:.0%} of the array: {count} layers, bound: {bound}")
    for name, text in row.get("unexplained_layers", {}).items():
        print(f"    unexplained: layer {name}: {text}")
    sys.stdout.flush()


def parse():
    parser = argparse.ArgumentParser(formatter_class=argparse.RawDescriptionHelpFormatter,
                                     description=__doc__)
    parser.add_argument("groups", nargs="*", metavar="GROUP", choices=[[], "goals", "small", "zoo"])
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--move-baselines", action="store_true")
    parser.add_argument("--only", nargs="+", metavar="MODEL", default=[])
    parser.add_argument("--neuron", type=pathlib.Path, default=ROOT / "build/release/bin/neuron")
    parser.add_argument("--networks", type=pathlib.Path, help="folder of build_models.py")
    parser.add_argument("--python", type=pathlib.Path, help="that has onnx and onnxruntime",
                        default=os.environ.get("NEURON_PYTHON", ROOT / "build/venv/bin/python"))
    parser.add_argument("--zoo", type=pathlib.Path, default=os.environ.get("NEURON_ZOO") or None)
    parser.add_argument("--device", default="functional", choices=["functional", "rtl"])
    parser.add_argument("--json", type=pathlib.Path)
    arguments = parser.parse_args()
    arguments.groups = arguments.groups or ["goals"]
    return arguments


def main():
    arguments = parse()
    fills = arguments.networks is None and not (BUILT / "manifest.json").exists()
    arguments.networks = arguments.networks or (FILLED if fills else BUILT)
    bench = Bench(arguments)
    groups = {"goals": GOALS, "small": SMALL, "zoo": bench.zoo_networks()}
    networks = [n for group in arguments.groups for n in groups[group]]
    networks = [n for n in networks if not arguments.only or n.model in arguments.only]
    if fills:
        bench.fill(networks, arguments.python)
    missing = sorted({n.model for n in networks if not bench.has(n)})
    if missing:
        print(f"not here (NEURON_ZOO names the folder of trained models): {', '.join(missing)}")
    networks = [n for n in networks if bench.has(n)]
    if not networks:
        print("nothing to run")
        return NOTHING_TO_RUN
    recorded = json.loads(BASELINES.read_text(encoding="utf-8"))
    baselines = recorded["cycles"]
    print(f"{'network':<36} {'':<5} {'cycles':>12} {'util':>7} {'MACs':>14} {'moved':>7}")
    rows, failures, broken = [], [], []
    for network in networks:
        row = bench.measure(network)
        moved, failed = against_baseline(row, baselines)
        print_row(row, moved)
        print_layers(row)
        rows.append(row)
        broken += broken_promises(row, recorded["unexplained_layers"].get(row["name"], {}))
        missed = "goal" in row and not row["reached"]
        surprise = "goal" in row and missed != (row["name"] in recorded["missed_goals"])
        if failed or surprise or (row["name"] in baselines and row.get("verdict") != "pass"):
            failures.append(f"{row['name']}: {row.get('error') or ''} {row.get('cycles', 'no')} cycles, "
                            f"baseline {baselines.get(row['name'])} ({moved or 'did not run'})"
                            f"{', goal ' + ('missed' if missed else 'reached') if surprise else ''}")
    if arguments.json:
        arguments.json.write_text(json.dumps({"memory": MEMORY, "networks": rows}, indent=1), encoding="utf-8")
    if arguments.move_baselines:
        baselines |= {row["name"]: row["cycles"] for row in rows if row.get("verdict") == "pass"}
        missed = set(recorded["missed_goals"]) - {row["name"] for row in rows}
        missed |= {row["name"] for row in rows if "goal" in row and not row["reached"]}
        recorded |= {"memory": MEMORY, "missed_goals": sorted(missed), "cycles": dict(sorted(baselines.items()))}
        BASELINES.write_text(json.dumps(recorded, indent=1) + "\n", encoding="utf-8")
        failures = []
    if arguments.check and failures:
        print(f"\nMoved by more than {TOLERANCE:.0%} or failed; if that is meant, say so with\n"
              f"  examples/bench/run.py {' '.join(arguments.groups)} --move-baselines\n")
        print("\n".join("  " + failure for failure in failures))
    if arguments.check and broken:
        print("\nBeyond a limit, or low without a reason that the report shows:\n")
        print("\n".join("  " + text for text in broken))
    return 1 if arguments.check and failures + broken else 0


if __name__ == "__main__":
    sys.exit(main())
