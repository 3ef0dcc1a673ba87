/** Checked by `tsc` alone: what the public types allow, and what they refuse. Never run. */
import {
  type Client,
  type CreateRequest,
  createClient,
  type ErrorCode,
  type GenerationDetail,
  isAssistant,
  isFlashcards,
  isImages,
  isStory,
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

export function outputs({ output }: GenerationDetail): string | undefined {
  if (isFlashcards(output)) return output.suggestions[0]?.front;
  if (isStory(output)) return output.chapters[0]?.heading;
  if (isImages(output)) return output.images[0]?.url;
  if (isAssistant(output)) {
    assert<Same<typeof output.result.intent, "smart_goal" | "prioritization" | "unknown">>();
    return output.result.intent === "unknown" ? output.result.reason : undefined;
  }
  assert<Same<typeof output, undefined>>();
  return undefined;
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
