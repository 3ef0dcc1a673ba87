"""Each error that docs/http.md lists for a call is one that the call answers, and it answers no other."""

import pytest

from docs.openapi_operations import OPERATIONS
from local.stack import LocalStack, StackOptions
from tests.e2e.provoking import NO_LIMITS, errors_of


@pytest.mark.timeout(900)
def test_each_call_answers_each_error_that_is_listed_for_it_and_no_other() -> None:
    with LocalStack(StackOptions(parameters=NO_LIMITS)) as stack:
        seen = errors_of(stack)
    assert seen == {route: set(operation.codes) for route, operation in OPERATIONS.items()}
