"""A model server on loopback that speaks OpenRouter's chat completions protocol, without a network.

It makes real flashcards from a text by extraction, and answers for the other kinds (forms.py). It misbehaves by model
name: BEHAVIOURS in behaviours.py has the list, and `GET /api/v1/models` shows it. A name may have an argument after a
colon, such as `local/slow:5`. `local/cards` works; `local/pace` works at a real model's speed.
- Slow: slow, late, stream, hang, drip, silent. Refusing: 429, 500, 503, status, openai, flaky, error_in_200.
- Broken streams: cut, cut_first, broken, error_in_stream, no_finish, huge, utf8.
- Bad answers: garbage, schema, repair, tool, refuse, length, filter, finish_error, empty.
- Odd accounts: byok, no_usage, no_cost, no_id, late_bill. Allowed but rare: differs.
- Obeying instructions in the cards' text: gullible, half_gullible.

Routes with a leading underscore are local only; no provider has them. `GET /_ledger` shows every call and whether it
was paid for. `DELETE /_ledger` forgets them.
"""

from local.model_server.ledger import Call, Ledger
from local.model_server.server import ModelServer

__all__ = ["Call", "Ledger", "ModelServer"]
