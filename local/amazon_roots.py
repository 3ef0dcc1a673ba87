"""Writes shared/aws/amazon-roots.pem from the installed botocore's own bundle: `python -m local.amazon_roots`."""

import re
import sys
from pathlib import Path

import botocore

from local.emulator import PROJECT

ROOTS = (
    "Amazon Root CA 1",
    "Amazon Root CA 2",
    "Amazon Root CA 3",
    "Amazon Root CA 4",
    "Starfield Services Root Certificate Authority - G2",
)
"""The ones that AWS asks its clients to trust: https://www.amazontrust.com/repository/"""
TARGET = PROJECT / "shared" / "aws" / "amazon-roots.pem"
_ONE = re.compile(
    r'# Label: "(?P<label>[^"\n]+)"\n(?:#[^\n]*\n)*(?P<pem>-----BEGIN CERTIFICATE-----.*?-----END[^\n]+\n)', re.S
)


class RootMissingError(RuntimeError):
    """The bundle no longer has an authority, or has it twice."""


def amazon_roots(bundle: str) -> str:
    """Return the certificates of Amazon's authorities in a bundle, each unchanged. Raises RootMissingError."""
    found = [(each["label"], each["pem"]) for each in _ONE.finditer(bundle) if each["label"] in ROOTS]
    if sorted(label for label, _ in found) != sorted(ROOTS):
        raise RootMissingError(f"expected {', '.join(ROOTS)}, and found {[label for label, _ in found]}")
    return "\n".join(f"# {label}\n{pem}" for label, pem in found)


def main() -> int:
    """Write the file, and return 0."""
    bundle = Path(botocore.__file__).with_name("cacert.pem")
    TARGET.write_text(amazon_roots(bundle.read_text()))
    print(f"{TARGET.relative_to(PROJECT)}: {len(ROOTS)} authorities, out of {bundle}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
