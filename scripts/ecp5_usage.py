#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Maps the chip to ECP5 with Yosys and prints what each block and all of it use of an LFE5U-85F.

Every module is mapped once, by itself, in one of several Yosys processes that run at a time, and
counted as often as the chip has it; so the sums leave out what is saved across borders of modules,
and ABC maps in its fast mode, which takes some more LUTs: its full effort takes many minutes. The
slices' multiplexers behind LUTs are not used: with them that mode takes up to twice as many LUTs.
Multipliers and RAMs come first, LUTs and flip-flops after them. Modules that are not mapped in time
are named, and then the columns that need them are left out.
"""
import argparse
import collections
import concurrent.futures
import heapq
import os
import pathlib
import re
import subprocess
import sys
import time

# What an LFE5U-85F has.
AVAILABLE = {"LUT4": 83640, "flip-flops": 83640, "18x18 multipliers": 156, "18 kbit RAMs": 208}

# A CCU2C holds two LUTs; a distributed RAM block takes four and two more to write it.
CELLS = {
    "LUT4": {"LUT4": 1, "CCU2C": 2, "TRELLIS_DPR16X4": 6},
    "flip-flops": {"TRELLIS_FF": 1},
    "18x18 multipliers": {"MULT18X18D": 1},
    "18 kbit RAMs": {"DP16KD": 1},
}

# Blocks with a row of their own; the rest belongs to what they are in.
BLOCKS = ("nc_tensor_engine", "nc_vector_engine", "nc_scalar_engine", "nc_dma", "nc_queue", "nc_sbuf",
          "nc_psum", "nc_semaphores", "nc_segments", "nc_counters", "nc_trace", "nc_launch",
          "nc_link_host", "nc_regs", "nc_axi_mux")

# Modules of at most this many lines of RTLIL together share a process, to spare its start.
LINES_PER_PROCESS = 6000

LIBRARY = "read_verilog -lib -specify +/ecp5/cells_sim.v +/ecp5/cells_bb.v"


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--top", default="nc_chip", help="the module to map (default: nc_chip)")
    parser.add_argument("--limit", type=float, default=3600, help="seconds for all of it (3600)")
    parser.add_argument("--work", type=pathlib.Path, required=True, help="directory for Yosys' files")
    parser.add_argument("sources", nargs="+", help="SystemVerilog files, packages first")
    return parser.parse_args()


class Yosys:
    """Runs Yosys in a directory, until a point in time."""

    def __init__(self, work, end):
        self.work = work
        self.end = end
        work.mkdir(parents=True, exist_ok=True)

    def run(self, name, commands):
        """Seconds that it took, or None when time is over. Exits when Yosys fails."""
        start = time.monotonic()
        script = self.work / f"{name}.ys"
        script.write_text("\n".join(commands) + "\n", encoding="utf-8")
        log = self.work / f"{name}.log"
        try:
            subprocess.run(["yosys", "-q", "-e", "implicitly declared", "-l", log, script], check=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                           timeout=max(1, self.end - time.monotonic()))
        except subprocess.TimeoutExpired:
            return None
        except subprocess.CalledProcessError as error:
            sys.exit(f"ecp5_usage: yosys failed, see {log}:\n{error.stderr[-2000:]}")
        return time.monotonic() - start


def elaborate(yosys, arguments):
    """Lines of RTLIL of each module below the top."""
    read = "read_verilog -sv -Irtl/prim " + " ".join(arguments.sources)
    if yosys.run("elaborate", [read, f"hierarchy -check -top {arguments.top}",
                               "setattr -mod -unset top", f"write_rtlil {yosys.work}/design.il"]) is None:
        sys.exit(f"ecp5_usage: {arguments.top} not read in time")
    lines = collections.Counter()
    module = None
    for line in (yosys.work / "design.il").read_text(encoding="utf-8").splitlines():
        if line.startswith("module "):
            module = line.split()[1]
        lines[module] += 1
    del lines[None]
    return lines


def distribute(lines):
    """Lists of modules, one for each process, the most work first."""
    groups = []
    for module, size in lines.most_common():
        if groups and groups[0][0] + size <= LINES_PER_PROCESS:
            heapq.heapreplace(groups, (groups[0][0] + size, groups[0][1] + [module]))
        else:
            heapq.heappush(groups, (size, [module]))
    return [modules for _, modules in sorted(groups, reverse=True)]


def read_cells(stat):
    """Cells of each module by type, from Yosys' `stat`; a submodule counts as a cell."""
    sections = re.split(r"^=== (.*) ===$", stat.read_text(encoding="utf-8"), flags=re.M)
    modules = {}
    for name, text in zip(sections[1::2], sections[2::2]):
        cells = text.partition("Number of cells:")[2].partition("\n")[2]
        modules[name] = {cell: int(count)
                         for cell, count in re.findall(r"^ +(\S+) +(\d+)$", cells, re.M)}
    return modules


def in_words(modules):
    names = ", ".join(base_name(module) for module in modules[:4])
    return names + (f" and {len(modules) - 4} more" if len(modules) > 4 else "")


def map_stage(yosys, name, modules, commands):
    """Runs a stage of some modules: cells of each, or None when time is over."""
    stat = yosys.work / f"{name}.stat"
    seconds = yosys.run(name, commands + [f"write_rtlil {yosys.work}/{name}.il",
                                          f"tee -o {stat} stat"])
    print(f"  {in_words(modules)}: " + ("not finished" if seconds is None else f"{seconds:.0f} s"),
          flush=True)
    return None if seconds is None else read_cells(stat)


def map_blocks(yosys, number, modules):
    """Multipliers and RAMs of some modules, the others taken as given."""
    # A ? matches the one character that a pattern would take for itself.
    patterns = " ".join(re.sub(r"[\\']", "?", module) for module in modules)
    return map_stage(yosys, f"blocks{number}", modules, [
        f"read_rtlil {yosys.work}/design.il", f"select -set mapped {patterns}",
        "blackbox * @mapped %d", "select -clear", LIBRARY,
        "synth_ecp5 -noflatten -run coarse:map_gates"])


def map_logic(yosys, number, modules):
    """LUTs and flip-flops of what map_blocks left."""
    return map_stage(yosys, f"logic{number}", modules, [
        f"read_rtlil {yosys.work}/blocks{number}.il", "scratchpad -set abc.fast 1",
        "synth_ecp5 -noflatten -nowidelut -run map_gates:check"])


def map_all(yosys, stage, groups):
    """Cells of every module after a stage, or None; says what was not mapped in time."""
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(lambda job: stage(yosys, *job), enumerate(groups)))
    missing = [module for group, result in zip(groups, results) if result is None
               for module in group]
    if missing:
        print("no time was left for "
              + ", ".join(sorted({base_name(module) for module in missing})))
        return None
    return {module: cells for result in results for module, cells in result.items()}


def base_name(module):
    """nc_fifo of $paramod\\nc_fifo\\Width=... or $paramod$hash\\nc_fifo."""
    parts = module.split("\\")
    return parts[1] if module.startswith("$paramod") and len(parts) > 1 else parts[-1]


def usage(modules, name):
    """Resources of a module with all that is in it."""
    total = collections.Counter()
    for cell, count in modules[name].items():
        if cell in modules:
            for resource, number in usage(modules, cell).items():
                total[resource] += count * number
        for resource, weights in CELLS.items():
            total[resource] += count * weights.get(cell, 0)
    return total


def collect(modules, name, number, rows):
    """Fills `rows` with [instances, usage] of the blocks below a module."""
    for cell, count in modules[name].items():
        if cell not in modules:
            continue
        block = base_name(cell)
        if block in BLOCKS:
            row = rows.setdefault(block, [0, collections.Counter()])
            row[0] += number * count
            for resource, used in usage(modules, cell).items():
                row[1][resource] += number * count * used
        else:
            collect(modules, cell, number * count, rows)


def print_table(modules, top, columns):
    rows = {}
    collect(modules, top, 1, rows)
    total = usage(modules, top)
    rest = collections.Counter(total)

    def print_row(label, used):
        print(f"{label:20}" + "".join(f"{used[name]:20}" for name in columns))

    print(f"{'block':20}" + "".join(f"{name:>20}" for name in columns))
    for block in sorted(rows, key=lambda name: [-rows[name][1][column] for column in columns]):
        instances, used = rows[block]
        rest.subtract(used)
        print_row(block if instances == 1 else f"{instances} {block}", used)
    print_row("all else", rest)
    print_row(base_name(top), total)
    print_row("LFE5U-85F has", AVAILABLE)
    shares = ", ".join(f"{name} {100 * total[name] / AVAILABLE[name]:.0f}%" for name in columns)
    over = [name for name in columns if total[name] > AVAILABLE[name]]
    print(f"used: {shares}" + (f"; over budget: {', '.join(over)}" if over else ""))


def main():
    arguments = parse_arguments()
    yosys = Yosys(arguments.work, time.monotonic() + arguments.limit)
    groups = distribute(elaborate(yosys, arguments))
    columns = list(AVAILABLE)
    for stage, known in ((map_blocks, columns[2:]), (map_logic, columns)):
        print(f"mapping {', '.join(known[:2])}")
        modules = map_all(yosys, stage, groups)
        if modules is None:
            return
        top = next(module for module in modules if base_name(module) == arguments.top)
        print_table(modules, top, known)


if __name__ == "__main__":
    main()
