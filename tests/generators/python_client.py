"""Uses the client that openapi-python-client makes, where that is: create, poll, and an error of each form."""
# mypy: ignore-errors

import json
import sys
import time
import uuid

from unstuck_client import AuthenticatedClient
from unstuck_client.api.generations import create_generation, get_generation
from unstuck_client.models import CreateStory

given = json.loads(sys.argv[1])
client = AuthenticatedClient(base_url=given["api"], token=given["token"])
made = create_generation.sync(client=client, body=CreateStory.from_dict(given["body"]))
found = get_generation.sync(made.generation_id, client=client)
while found.status in ("pending", "running"):
    time.sleep(0.5)
    found = get_generation.sync(made.generation_id, client=client)
stranger = AuthenticatedClient(base_url=given["api"], token="not-a-token")
gateway = get_generation.sync(made.generation_id, client=stranger)
problem = get_generation.sync(uuid.UUID("01a20140-2fa4-720e-810c-30713d306ec7"), client=client)
said = {"id": str(made.generation_id), "status": found.status, "gateway": gateway.message, "problem": problem.code}
print(json.dumps(said))
