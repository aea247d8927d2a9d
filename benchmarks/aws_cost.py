"""What a nightly run over many accounts costs, reckoned from measured figures: `python -m benchmarks.aws_cost`."""

from __future__ import annotations

import argparse

from benchmarks.aws_estate import ITEMS, REGIONS, SERVICES

CPU_MS_PER_CALL = 1.05
STORE_BYTES_PER_ACCOUNT, AGAIN_BYTES_PER_ACCOUNT = 619_684, 24_084
"""As `benchmarks.aws_scale` measured: again_cpu_ms_per_call, and bytes of the first and of an unchanged run. They are
its run of 100 accounts on a shared machine of two cores (2026-11-26); put newer ones here."""

LATENCY_SECONDS = 0.1
WORKERS = 64


def reckon(accounts: int, price_per_core_hour: float) -> dict[str, float]:
    """Figures of one nightly run; money is that of the machine alone."""
    calls = accounts * len(REGIONS) * len(SERVICES)
    core_hours = calls * CPU_MS_PER_CALL / 3_600_000
    hours = max(core_hours, calls * LATENCY_SECONDS / WORKERS / 3600)
    return {
        "calls": calls,
        "resources": calls * ITEMS,
        "core_hours": core_hours,
        "hours": hours,
        "machine_cost": hours * price_per_core_hour,
        "store_mb_first": accounts * STORE_BYTES_PER_ACCOUNT / 1e6,
        "store_mb_each_night": accounts * AGAIN_BYTES_PER_ACCOUNT / 1e6,
        "store_gb_first_year": accounts * (STORE_BYTES_PER_ACCOUNT + 365 * AGAIN_BYTES_PER_ACCOUNT) / 1e9,
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--accounts", type=int, default=1000)
    parser.add_argument("--price-per-core-hour", type=float, default=0.05, help="of the machine, in your currency")
    options = parser.parse_args()
    for figure, value in reckon(options.accounts, options.price_per_core_hour).items():
        print(f"{figure:22}{value:>14,.2f}")


if __name__ == "__main__":
    main()
