"""Benchmarks: what the system costs, how fast it starts and recovers, and how far it scales, beside its peers.

Each runs alone as `python -m bench.NAME`, all of them with `make bench`. Loopback only; never deployed.
"""
