"""`colink status`: what runs in the demo, and how each process feels."""

from typing import Any

from deploy.demo import companion


def main(arguments: list[str]) -> int:
    """Returns the exit status."""
    given = companion.parser("status", "Show the running demo.").parse_args(arguments)
    return companion.act(given, {"do": "status"}, _show)


def _show(answer: dict[str, Any]) -> str:
    lines = [f"demo {answer['data_dir']}  {answer['memory_mib']:.0f} MiB"]
    for row in answer["processes"]:
        process = f"{row['name']:<12} {row['plane']:<14} {row['state']:<10}"
        lines.append(f"  {process} pid {row['pid'] or '-':<8} {row['address']}")
    return "\n".join(lines)
