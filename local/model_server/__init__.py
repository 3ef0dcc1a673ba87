"""A model server on loopback that speaks OpenRouter's chat completions protocol, without a network.

It makes real flashcards out of the text it is sent, by extraction, and what the other kinds ask for (forms.py), and
misbehaves by model name: the table BEHAVIOURS in behaviours.py is the list, and `GET /api/v1/models` shows it. A name
may carry an argument after a colon, as in `local/slow:5`. `local/cards` works, `local/pace` as fast as a real one.
Slow: slow, late, stream, hang, drip, silent. Refusing: 429, 500, 503, status, openai, flaky, error_in_200.
Broken streams: cut, cut_first, broken, error_in_stream, no_finish, huge, utf8.
Bad answers: garbage, schema, repair, tool, refuse, length, filter, finish_error, empty. Odd accounts: byok, no_usage,
no_cost, no_id, late_bill. Allowed and seldom seen: differs. Obeying the text that they are to make cards of: gullible,
half_gullible.

The routes that begin with an underscore are local only, no provider has them: `GET /_ledger` shows every call and
whether it was paid for, `DELETE /_ledger` forgets them.
"""

from local.model_server.ledger import Call, Ledger
from local.model_server.server import ModelServer

__all__ = ["Call", "Ledger", "ModelServer"]
