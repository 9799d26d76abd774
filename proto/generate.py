"""Generate the stubs under accord/wire from the contracts under proto.

Usage: python proto/generate.py [OUTPUT_FOLDER]

The proto path equals the Python path, so generated imports need no repair. Stubs are checked in;
a test regenerates them into a temporary folder and compares byte for byte.
"""

import sys
from pathlib import Path

from grpc_tools import protoc

ROOT = Path(__file__).resolve().parent


def generate(output: Path) -> None:
    """Write `*_pb2.py`, `*_pb2.pyi` and `*_pb2_grpc.py` below output. Raises SystemExit on a compile
    error.
    """
    sources = sorted(str(path.relative_to(ROOT)) for path in ROOT.rglob("*.proto"))
    folder = str(output)
    arguments = [
        "protoc",
        f"-I{ROOT}",
        f"--python_out={folder}",
        f"--pyi_out={folder}",
        f"--grpc_python_out={folder}",
    ]
    if protoc.main([*arguments, *sources]) != 0:
        raise SystemExit("the contracts do not compile")


if __name__ == "__main__":
    generate(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT.parent)
