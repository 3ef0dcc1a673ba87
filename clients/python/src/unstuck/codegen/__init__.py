"""Generates types of a deployment's own kinds from its OpenAPI document. Pure: no network and no files."""

from unstuck.codegen.document import DocumentError, OwnKinds, own_kinds
from unstuck.codegen.python import python
from unstuck.codegen.typescript import typescript

__all__ = ["DocumentError", "OwnKinds", "own_kinds", "python", "typescript"]
