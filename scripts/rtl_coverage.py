#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints line and toggle coverage of each module from a coverage file of Verilator.

usage: rtl_coverage.py COVERAGE.dat

A point is "C 'key<STX>value...' count" with fields between SOH and STX; the field page names the
kind of the point and the module. A point counts as reached when any instance reached it.
"""
import collections
import sys

KINDS = ("line", "toggle")


def points(path):
    """Yields (kind, module, place, count) of every point of the file."""
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            if not line.startswith("C '"):
                continue
            body, _, count = line[3:].rpartition("' ")
            fields = {}
            for field in body.split("\x01")[1:]:
                key, _, value = field.partition("\x02")
                fields[key] = value
            kind, _, module = fields.get("page", "").partition("/")
            kind = {"v_line": "line", "v_branch": "line", "v_toggle": "toggle"}.get(kind)
            if kind:
                place = (fields.get("l"), fields.get("n"), fields.get("o"))
                yield kind, module.split("__")[0], place, int(count)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    reached = collections.defaultdict(lambda: {kind: {} for kind in KINDS})
    for kind, module, place, count in points(sys.argv[1]):
        places = reached[module][kind]
        places[place] = places.get(place, 0) + count
    rows = []
    total = {kind: [0, 0] for kind in KINDS}
    for module, kinds in reached.items():
        row = [module]
        for kind in KINDS:
            hit = sum(1 for count in kinds[kind].values() if count)
            row += [hit, len(kinds[kind])]
            total[kind][0] += hit
            total[kind][1] += len(kinds[kind])
        rows.append(row)

    def share(hit, all_):
        return hit / all_ if all_ else 1.0

    rows.sort(key=lambda row: (share(row[1], row[2]), share(row[3], row[4])))
    rows.append(["all modules"] + total["line"] + total["toggle"])
    print(f"{'module':28} {'lines':>16} {'':>6}  {'toggles':>16}")
    for module, lines, all_lines, toggles, all_toggles in rows:
        print(f"{module:28} {lines:7} of {all_lines:5} {100 * share(lines, all_lines):5.1f}%  "
              f"{toggles:7} of {all_toggles:5} {100 * share(toggles, all_toggles):5.1f}%")


if __name__ == "__main__":
    main()
