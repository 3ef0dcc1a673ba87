// Uses the client that @hey-api/openapi-ts makes: create, poll, and an error of each form. Bundled by the test.
import { createClient } from "./hey/client";
import { createGeneration, getGeneration } from "./hey/sdk.gen";

const { api, token, body } = JSON.parse(process.argv[2]);
const client = createClient({ baseUrl: api, auth: token });
const made = await createGeneration({ client, body });
const path = { generation_id: made.data.generation_id };
let found = await getGeneration({ client, path });
while (found.data.status === "pending" || found.data.status === "running") {
  await new Promise((resolve) => setTimeout(resolve, 500));
  found = await getGeneration({ client, path });
}
const stranger = createClient({ baseUrl: api, auth: "not-a-token" });
const gateway = await getGeneration({ client: stranger, path });
const problem = await getGeneration({ client, path: { generation_id: "01a20140-2fa4-720e-810c-30713d306ec7" } });
const { status } = found.data;
console.log(JSON.stringify({ id: path.generation_id, status, gateway: gateway.error.message, problem: problem.error.code }));
