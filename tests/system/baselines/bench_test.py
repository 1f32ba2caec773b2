#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the check of examples/bench/run.py lets pass and what not, on made-up reports."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "examples/bench"))
import run  # noqa: E402

LIMITS = run.Limits(compile_seconds=20, compile_mib=2048, model_gmacs=3)


def costs(**changes):
    return {"compile_cpu_seconds": 19.9, "compile_peak_mib": 2047, "model_gmacs": 3.0} | changes


def low_layers(**changes):
    layer = {"name": "conv", "macs": 2_000_000, "utilization": 0.29, "bound": "DRAM", "busy_share": 0.7}
    return run.low_layers({"layers": [layer | changes]})


class LimitsTest(unittest.TestCase):
    def test_costs_below_all_limits_pass(self):
        self.assertEqual(LIMITS.missed(costs()), [])

    def test_each_limit_is_named_with_what_was_found(self):
        for change, text in (({"compile_cpu_seconds": 20.0}, "compiling took 20.0 s of processor time, limit 20 s"),
                             ({"compile_peak_mib": 2048}, "compiling took 2048 MiB, limit 2048 MiB"),
                             ({"model_gmacs": 2.99}, "made 2.99 GMAC in a second of processor time, at least 3 asked")):
            missed = LIMITS.missed(costs(**change))
            self.assertEqual(len(missed), 1, change)
            self.assertIn(text, missed[0])

    def test_resnet50_has_limits(self):
        limits = {network.name: network.goal.limits for network in run.GOALS}
        self.assertEqual(limits["resnet50_int8"], LIMITS)

    def test_a_missed_limit_breaks_the_promise(self):
        self.assertEqual(run.broken_promises({"name": "net", "missed_limits": ["slow"]}, {}), ["net: slow"])


class LowLayersTest(unittest.TestCase):
    def test_a_busy_memory_explains_a_layer(self):
        self.assertEqual(low_layers(), ({"DRAM": 1}, {}))

    def test_a_memory_that_is_idle_for_half_of_the_time_explains_nothing(self):
        explained, unexplained = low_layers(busy_share=0.5)
        self.assertEqual(explained, {})
        self.assertEqual(unexplained, {"conv": "29% of the array, DRAM: busy for 50% of its time"})

    def test_small_layers_and_those_that_use_the_array_need_no_reason(self):
        for changes in ({"macs": 1_000_000}, {"utilization": 0.3}):
            self.assertEqual(low_layers(busy_share=0.1, **changes), ({}, {}))

    def test_unexplained_layers_are_exactly_those_listed(self):
        row = {"name": "net", "unexplained_layers": {"conv": "why"}}
        self.assertEqual(run.broken_promises(row, {"conv": "reason"}), [])
        self.assertEqual(run.broken_promises(row, {}), ["net: layer conv: why"])
        self.assertEqual(len(run.broken_promises(row | {"unexplained_layers": {}}, {"conv": "reason"})), 1)


if __name__ == "__main__":
    unittest.main()
