/** Checked by `tsc` alone: what the public types allow, and what they refuse. Never run. */
import {
  type Client,
  type CreateRequest,
  createClient,
  type ErrorCode,
  type GenerationDetail,
  type Output,
  outputOf,
  requestOf,
  type Status,
  UnstuckError,
} from "../../src/index.js";
import { useCreateGeneration, useGeneration, useGenerationFeed, useKinds, useReview } from "../../src/react/index.js";

type Same<One, Other> = (<T>() => T extends One ? 1 : 2) extends <T>() => T extends Other ? 1 : 2 ? true : false;
function assert<_Holds extends true>(): void {}

export function clients(): Client[] {
  // @ts-expect-error: the address is needed
  createClient({});
  // @ts-expect-error: a token is text
  createClient({ baseUrl: "", token: () => 5 });
  return [
    createClient({ baseUrl: "", token: "t" }),
    createClient({ baseUrl: "", token: () => "t" }),
    createClient({ baseUrl: "", token: async ({ renew }) => (renew ? "new" : "t") }),
  ];
}

export async function calls(client: Client): Promise<void> {
  await client.createGeneration({ source_text: "" });
  await client.createGeneration({ kind: "story", premise: "", chapters: 3, language: null });
  await client.createGeneration(requestOf("poem", { topic: "sea" }));
  // @ts-expect-error: a story needs its premise
  await client.createGeneration({ kind: "story" });
  // @ts-expect-error: and takes no source_text
  await client.createGeneration({ kind: "story", premise: "", source_text: "" });
  await client.listGenerations({ kind: "poem" }); // a kind of one's own
  // @ts-expect-error: "completed" is not a status
  await client.listGenerations({ status: "completed" });
  // @ts-expect-error: nor is "maybe" a decision
  await client.decide("id", 1, { decision: "maybe" });
  for await (const one of client.generations({ status: "failed" })) assert<Same<typeof one.status, Status>>();
  for await (const card of client.cards()) assert<Same<typeof card.front, string>>();
  const usage = await client.getUsage();
  assert<Same<typeof usage.total.cost_usd, number>>();
  const document = await client.getOpenApi();
  assert<Same<(typeof document)[string], unknown>>();
}

export function outputs(done: GenerationDetail): (string | undefined)[] {
  assert<Same<typeof done.output, Output | undefined>>();
  const result = outputOf("assistant", done)?.result;
  assert<Same<NonNullable<typeof result>["intent"], "smart_goal" | "prioritization" | "unknown">>();
  // @ts-expect-error: a story has no pictures
  outputOf("story", done)?.images;
  return [
    outputOf("flashcards", done)?.suggestions[0]?.front,
    outputOf("story", done)?.chapters[0]?.heading,
    outputOf("image", done)?.images[0]?.url,
    result?.intent === "unknown" ? result.reason : undefined,
    outputOf<{ lines: string[] }>("poem", done)?.lines[0],
  ];
}

export async function waits(client: Client, request: CreateRequest): Promise<void> {
  const story = await client.createAndWait({ kind: "story", premise: "" });
  assert<Same<typeof story.kind, "story">>();
  assert<Same<NonNullable<typeof story.output>["title"], string>>();
  assert<Same<Awaited<ReturnType<typeof client.createAndWait<"image">>>["kind"], "image">>();
  const any = await client.createAndWait(request);
  assert<Same<typeof any, GenerationDetail>>();
  const cards = await client.createAndWait({ source_text: "" });
  assert<Same<typeof cards, GenerationDetail>>();
  // @ts-expect-error: a story takes no source_text
  await client.createAndWait({ kind: "story", premise: "", source_text: "" });
  // @ts-expect-error: a picture needs its prompt
  await client.createAndWait({ kind: "image" });
}

export function errors(error: unknown): ErrorCode | undefined {
  if (!(error instanceof UnstuckError)) return undefined;
  if (error.code === "rate_limited") assert<Same<typeof error.retryAfterSeconds, number | undefined>>();
  // @ts-expect-error: no problem has this code
  if (error.code === "rate_limit") return undefined;
  return error.code;
}

export function useTypes(request: CreateRequest): void {
  const create = useCreateGeneration();
  void create.submit(request).then(({ generation_id: id }) => assert<Same<typeof id, string>>());
  assert<Same<typeof create.error, UnstuckError | null>>();
  const { data, nextLookAt, heartbeatAgeSeconds } = useGeneration(undefined);
  assert<Same<typeof data, GenerationDetail | undefined>>();
  assert<Same<typeof nextLookAt, Date | undefined>>();
  assert<Same<ReturnType<typeof heartbeatAgeSeconds>, number | undefined>>();
  const { entries } = useGenerationFeed({ status: "running", pageSize: 50 });
  assert<Same<(typeof entries)[number]["state"], "sending" | "refused" | "accepted">>();
  const { suggestions } = useReview("id");
  assert<Same<NonNullable<typeof suggestions>[number]["state"], "proposed" | "accepted" | "rejected">>();
  const schema = useKinds().data?.[0]?.schema;
  assert<Same<NonNullable<typeof schema>["default"], unknown>>();
}
