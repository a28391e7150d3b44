"""Timings of the parts that matter, one file each: `python -m benchmarks` runs all, `python -m benchmarks.NAME` one."""
