"""Write `baseline.binpb`: the wire as published. What is in it may not be removed, renumbered or retyped.

Usage: python proto/baseline.py

Run it when fields were added, never to make the test of removed ones pass.
"""

from pathlib import Path

from grpc_tools import protoc

ROOT = Path(__file__).resolve().parent
BASELINE = ROOT / "baseline.binpb"


def write(output: Path) -> None:
    """Compile every contract into one descriptor set. Raises SystemExit on a compile error."""
    sources = sorted(str(path.relative_to(ROOT)) for path in ROOT.rglob("*.proto"))
    if protoc.main(["protoc", f"-I{ROOT}", f"--descriptor_set_out={output}", *sources]) != 0:
        raise SystemExit("the contracts do not compile")


if __name__ == "__main__":
    write(BASELINE)
