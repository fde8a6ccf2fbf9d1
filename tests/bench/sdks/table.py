"""Puts what `millstream bench --json` said of every job and language side by side, for scripts/sdks.sh.

    table.py costs FOLDER     FOLDER/<round>.<job>.<language>.json: what jobs cost, and modules before their first record
    table.py memory FOLDER    the same files: what an instance holds at the beginning and at the end
"""

import json
import statistics
import sys
from collections import defaultdict
from pathlib import Path

LANGUAGES = ["rust", "go", "javascript", "python", "c", "cpp"]


def rounds(folder: Path) -> dict[tuple[str, str], list[dict]]:
    """By job and language; in the order of the files' names, so jobs stay as they were run."""
    found = defaultdict(list)
    for file in sorted(folder.glob("*.json"), key=lambda file: file.stat().st_mtime_ns):
        _, job, language, _ = file.name.split(".")
        found[job, language] += json.loads(file.read_text())
    return found


def table(header: list[str], rows: list[list[str]]) -> None:
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    for row in [header, ["-" * (width - 1) + (":" if i else "-") for i, width in enumerate(widths)], *rows]:
        cells = [cell.rjust(width) if i else cell.ljust(width) for i, (cell, width) in enumerate(zip(row, widths))]
        print(f"| {' | '.join(cells)} |")
    print()


def costs(found: dict[tuple[str, str], list[dict]]) -> None:
    def median(job: str, language: str, figure: str) -> float:
        return statistics.median(each[figure] for each in found[job, language])

    jobs = list(dict.fromkeys(job for job, _ in found))
    languages = [language for language in LANGUAGES if any(one == language for _, one in found)]
    records = median(jobs[0], languages[0], "records")
    each = len(found[jobs[0], languages[0]])
    print(f"CPU time a record, host and guest together, in ns (the guest's part): medians of {each} rounds of {records:,.0f} records")
    print("that count; the languages take turns. Times: against Rust in the same job.\n")
    rows = []
    for language in languages:
        row = [language]
        for job in jobs:
            cpu, guest = (median(job, language, figure) for figure in ("cpu_ns", "guest_cpu_ns"))
            row += [f"{cpu:,.0f} ({guest:,.0f})", f"{cpu / median(job, 'rust', 'cpu_ns'):.2f}"]
        rows.append(row)
    table(["", *(cell for job in jobs for cell in (job, "times"))], rows)
    print(f"What the component of `{jobs[0]}` takes before its first record, and the memory of an instance.\n")
    table(
        ["", "size, KiB", "compile, ms", "start, µs", "memory, MiB"],
        [
            [
                language,
                f"{median(jobs[0], language, 'module_bytes') / 1024:,.0f}",
                f"{median(jobs[0], language, 'compile_ms'):,.0f}",
                f"{median(jobs[0], language, 'start_us'):,.0f}",
                f"{median(jobs[0], language, 'memory_bytes') / 2**20:.1f}",
            ]
            for language in languages
        ],
    )


# componentize-py never frees the bytes that leave a component, so an instance grows until the host replaces it between two
# batches: when it has passed half of its limit of 256 MiB, and that by what one batch adds.
REPLACED_AT = {"python": 129 * 2**20}


def memory(found: dict[tuple[str, str], list[dict]]) -> None:
    """Fails where a language's instances grew, or past where the host should have replaced them."""
    rows, grown = [], []
    for (job, language), all_rounds in found.items():
        for each in all_rounds:
            warm, end = each["warm_memory_bytes"], each["memory_bytes"]
            rows.append([
                f"{language}: {job}, {each['case']}",
                f"{each['records']:,}",
                f"{each['rejected']:,}",
                f"{warm / 2**20:.1f}",
                f"{end / 2**20:.1f}",
                f"{each['instances'] - 1}",
            ])  # fmt: skip
            # An allocator may still take a page or two; a leak of a byte a record is ten times as much.
            if end > REPLACED_AT.get(language, warm + 2**20):
                grown.append(f"{language}: {job}, {each['case']}")
    table(["", "records after a tenth", "rejected", "MiB after a tenth", "MiB at the end", "replaced"], rows)
    if grown:
        sys.exit(f"memory grows: {'; '.join(grown)}")
    print(f"memory stays flat in {len(rows)} of {len(rows)}")


if __name__ == "__main__":
    what, folder = sys.argv[1:]
    {"costs": costs, "memory": memory}[what](rounds(Path(folder)))
