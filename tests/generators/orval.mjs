// Uses the client that orval makes: create, poll, and an error of each form. Bundled by the test.
import { createGeneration, getGeneration } from "./orval/client";

const { token, body } = JSON.parse(process.argv[2]);
const as = (bearer) => ({ headers: { authorization: `Bearer ${bearer}` } });
const made = await createGeneration(body, { headers: { ...as(token).headers, "content-type": "application/json" } });
const id = made.data.generation_id;
let found = await getGeneration(id, undefined, as(token));
while (found.data.status === "pending" || found.data.status === "running") {
  await new Promise((resolve) => setTimeout(resolve, 500));
  found = await getGeneration(id, undefined, as(token));
}
const gateway = await getGeneration(id, undefined, as("not-a-token"));
const problem = await getGeneration("01a20140-2fa4-720e-810c-30713d306ec7", undefined, as(token));
const { status } = found.data;
console.log(JSON.stringify({ id, status, gateway: gateway.data.message, problem: problem.data.code }));
