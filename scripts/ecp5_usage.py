#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints what a design uses of an ECP5-85F, from the text of Yosys' `stat`."""
import re
import sys

# What an LFE5U-85F has.
AVAILABLE = {"LUT4": 83640, "flip-flop": 83640, "18x18 multiplier": 156, "18 Kbit block RAM": 208}


def cell_counts(path):
    """Counts by cell type of the last (whole design) section."""
    with open(path, encoding="utf-8") as file:
        section = file.read().split("=== ")[-1]
    return {name: int(count) for name, count in re.findall(r"^ +(\S+) +(\d+)$", section, re.M)}


def main():
    cells = cell_counts(sys.argv[1])
    # A CCU2C holds two LUTs; a distributed RAM block takes four and a LUT each for its 16x4 bits.
    used = {
        "LUT4": cells.get("LUT4", 0) + 2 * cells.get("CCU2C", 0) + 6 * cells.get("TRELLIS_DPR16X4", 0),
        "flip-flop": cells.get("TRELLIS_FF", 0),
        "18x18 multiplier": cells.get("MULT18X18D", 0),
        "18 Kbit block RAM": cells.get("DP16KD", 0),
    }
    for name, count in used.items():
        print(f"  {name:18} {count:7} of {AVAILABLE[name]:6} ({100 * count / AVAILABLE[name]:.0f}%)")


if __name__ == "__main__":
    main()
