"""Types of a deployment's own kinds, made of its OpenAPI document. Pure: reads no network and writes no file."""

from unstuck.codegen.document import DocumentError, OwnKinds, own_kinds
from unstuck.codegen.python import python
from unstuck.codegen.typescript import typescript

__all__ = ["DocumentError", "OwnKinds", "own_kinds", "python", "typescript"]
