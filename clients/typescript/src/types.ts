/** The API's forms under names of their own, taken from the generated document, and nothing that is not in it. */
import type { components } from "./schema.js";

type Schemas = components["schemas"];

export type Status = Schemas["Generation"]["status"];
/** A generation as lists show it: without its output. */
export type Generation = Schemas["Generation"];
/** One generation, with its output once it has succeeded. */
export type GenerationDetail = Schemas["GenerationDetail"];
/** A generation as the feed lists it; with `fields: "output"` with its output, where that is small enough for a list. */
export type ListedGeneration = Schemas["ListedGeneration"];
export type Output = Schemas["Output"];
export type FlashcardsOutput = Schemas["FlashcardsOutput"];
export type StoryOutput = Schemas["StoryOutput"];
export type ImageOutput = Schemas["ImageOutput"];
export type AssistantOutput = Schemas["AssistantOutput"];
export type Suggestion = Schemas["ReviewedSuggestion"];
export type Failure = Schemas["Failure"];
export type Usage = Schemas["Usage"];

export type CreateFlashcards = Schemas["CreateFlashcards"];
export type CreateStory = Schemas["CreateStory"];
export type CreateImage = Schemas["CreateImage"];
export type CreateAssistant = Schemas["CreateAssistant"];
export type CreateRequest = CreateFlashcards | CreateStory | CreateImage | CreateAssistant;
/** A kind that this client knows. What takes a kind takes one of your own, too. */
export type Kind = NonNullable<CreateRequest["kind"]>;
export type AnyKind = Kind | (string & Record<never, never>);
export type Accepted = Schemas["Accepted"];
export type RetryRequest = Schemas["Retry"];

export type Timeline = Schemas["Timeline"];
export type TimelineEvent = Schemas["Line"];
export type Attempt = Schemas["Attempt"];
export type GenerationInput = Schemas["Input"];
export type Feed = Schemas["Feed"];
export type Card = Schemas["Card"];
/** The fields of a card to edit. */
export type EditCard = Schemas["EditCard"];
export type Cards = Schemas["Cards"];
export type Decision = Schemas["Decide"]["decision"];
export type Decide = Schemas["Decide"];
export type DecideNumbered = Schemas["DecideNumbered"];
export type Reviewed = Schemas["Reviewed"];
export type UsageOfMonth = Schemas["UsageOfMonth"];
export type DayCounts = Schemas["DayCounts"];
export type UserLimits = Schemas["UserLimits"];
export type Rate = Schemas["Rate"];
export type Erasure = Schemas["Erasure"];
export type LiveTicket = Schemas["LiveTicket"];
export type Health = Schemas["Health"];
export type Problem = Schemas["Problem"];
export type ProblemCode = Problem["code"];
export type FieldError = Schemas["FieldError"];

/** Which generations a list is of, and what it shows of each. */
export interface FeedFilter {
  session_id?: string;
  status?: Status;
  kind?: AnyKind;
  /** `output`: of each that succeeded what it made as well, of 32 KiB at most. A page then has 25 at most. */
  fields?: "output";
}

/** The request of a kind that these types do not know: one of your own, or one chosen at run time. */
export function requestOf<Fields extends object = Readonly<Record<string, unknown>>>(
  kind: string,
  fields: Omit<Fields, "kind">,
): CreateRequest {
  return { ...fields, kind } as unknown as CreateRequest;
}

/** The output of a kind that these types do not know, once a generation of that kind has succeeded. */
export function outputOf<Made extends object = Readonly<Record<string, unknown>>>(
  kind: string,
  generation: Pick<GenerationDetail, "kind" | "output"> | undefined,
): Made | undefined {
  return generation?.kind === kind ? (generation.output as Made | undefined) : undefined;
}

/** What of a generation's output can be reviewed, whichever list of it its kind declares; undefined where nothing can. */
export function suggestionsOf(
  generation: { output?: Output | undefined; reviews?: string | undefined } | undefined,
): Suggestion[] | undefined {
  const { output, reviews } = generation ?? {};
  if (output === undefined || reviews === undefined) return undefined;
  const found = (output as Readonly<Record<string, unknown>>)[reviews];
  return Array.isArray(found) ? (found as Suggestion[]) : undefined;
}

const COMMON = ["number", "state", "card_id", "kind", "generation_id", "created_at", "session_id"];

/** The fields that are a kind's own of a suggestion, or of a card. */
export function fieldsOf(item: Suggestion | Card): Record<string, unknown> {
  return ofKind(item);
}

/** Leave out what every kind's suggestions and cards have. */
export function ofKind<Value>(fields: Readonly<Record<string, Value>>): Record<string, Value> {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !COMMON.includes(name)));
}

export function isFlashcards(output: Output | undefined): output is FlashcardsOutput {
  return output !== undefined && "suggestions" in output;
}

export function isStory(output: Output | undefined): output is StoryOutput {
  return output !== undefined && "chapters" in output;
}

export function isImages(output: Output | undefined): output is ImageOutput {
  return output !== undefined && "images" in output;
}

export function isAssistant(output: Output | undefined): output is AssistantOutput {
  return output !== undefined && "result" in output;
}
