/** Short names for the API's types. All come from the generated document, and nothing else is here. */
import type { components } from "./schema.js";

type Schemas = components["schemas"];

export type Status = Schemas["Generation"]["status"];
/** A generation as lists show it: without its output. */
export type Generation = Schemas["Generation"];
/** One generation, with its output once it has succeeded. */
export type GenerationDetail = Omit<Schemas["GenerationDetail"], "output"> & { output?: Output };
/** A generation of one kind, the kind that its request names. */
export type DetailOf<K extends Kind> = Omit<GenerationDetail, "kind" | "output"> & {
  kind: K;
  output?: Kinds[K]["output"];
};
/** A generation as the feed lists it. With `fields: "output"` it has its output, if that is small enough for a list. */
export type ListedGeneration = Omit<Schemas["ListedGeneration"], "output"> & { output?: Output };
export type FlashcardsOutput = Schemas["FlashcardsOutput"];
export type StoryOutput = Schemas["StoryOutput"];
export type ImageOutput = Schemas["ImageOutput"];
export type AssistantOutput = Schemas["AssistantOutput"];
export type Failure = Schemas["Failure"];
export type Usage = Schemas["Usage"];

export type CreateFlashcards = Schemas["CreateFlashcards"];
export type CreateStory = Schemas["CreateStory"];
export type CreateImage = Schemas["CreateImage"];
export type CreateAssistant = Schemas["CreateAssistant"];

/** The input and output of each kind. `unstuck types` writes a file that adds a deployment's own kinds. */
export interface Kinds {
  flashcards: {
    create: CreateFlashcards;
    output: FlashcardsOutput;
    suggestion: Schemas["ReviewedFlashcardsSuggestion"];
    card: Schemas["FlashcardsCard"];
    decide: Schemas["FlashcardsDecide"];
    decideNumbered: Schemas["FlashcardsDecideNumbered"];
    editCard: Schemas["FlashcardsEditCard"];
  };
  story: { create: CreateStory; output: StoryOutput };
  image: { create: CreateImage; output: ImageOutput };
  assistant: { create: CreateAssistant; output: AssistantOutput };
}
/** A kind whose types are known. */
export type Kind = keyof Kinds;
/** A kind's name: any text, until `unstuck types` has listed the kinds. */
export type AnyKind = [Exclude<Kind, "flashcards" | "story" | "image" | "assistant">] extends [never]
  ? Kind | (string & Record<never, never>)
  : Kind;
type Part<Name extends string> = { [K in Kind]: Kinds[K] extends Record<Name, infer Found> ? Found : never }[Kind];

export type CreateRequest = Part<"create">;
/** The request of one kind, which it names. */
export type CreateOf<K extends Kind> = Kinds[K]["create"] & { kind: K };
export type Output = Part<"output">;
export type Suggestion = Part<"suggestion">;
export type Accepted = Schemas["Accepted"];
export type RetryRequest = Schemas["Retry"];

export type Timeline = Schemas["Timeline"];
export type TimelineEvent = Schemas["Line"];
export type Attempt = Schemas["Attempt"];
export type GenerationInput = Schemas["Input"];
export type Feed = Omit<Schemas["Feed"], "generations"> & { generations: ListedGeneration[] };
export type Card = Part<"card">;
/** The fields of a card to edit. */
export type EditCard = Part<"editCard">;
export type Cards = Omit<Schemas["Cards"], "cards"> & { cards: Card[] };
export type Decision = Schemas["Decide"]["decision"];
export type Decide = Part<"decide">;
export type DecideNumbered = Part<"decideNumbered">;
export type Reviewed = Omit<Schemas["Reviewed"], "suggestions"> & { suggestions: Suggestion[] };
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

/** Which generations a list contains, and what it shows of each. */
export interface FeedFilter {
  session_id?: string;
  status?: Status;
  kind?: AnyKind;
  /** `output`: also the output of each one that succeeded, up to 32 KiB. A page then has at most 25. */
  fields?: "output";
}

/** The request of a kind that these types do not know: one of your own, or one chosen at run time. */
export function requestOf<Fields extends object = Readonly<Record<string, unknown>>>(
  kind: string,
  fields: Omit<Fields, "kind">,
): CreateRequest {
  return { ...fields, kind } as unknown as CreateRequest;
}

type WithOutput = { kind: string; output?: Output | undefined } | undefined;

/** The output of a generation of this kind, once it has succeeded; undefined for any other kind. */
export function outputOf<K extends Kind>(kind: K, generation: WithOutput): Kinds[K]["output"] | undefined;
export function outputOf<Made extends object = Readonly<Record<string, unknown>>>(
  kind: string,
  generation: WithOutput,
): Made | undefined;
export function outputOf(kind: string, generation: WithOutput): object | undefined {
  return generation?.kind === kind ? generation.output : undefined;
}

/**
 * The items of a generation's output that can be reviewed, in whichever list its kind declares; undefined if there are
 * none.
 */
export function suggestionsOf(
  generation: { output?: Output | undefined; reviews?: string | undefined } | undefined,
): Suggestion[] | undefined {
  const { output, reviews } = generation ?? {};
  if (output === undefined || reviews === undefined) return undefined;
  const found = (output as Readonly<Record<string, unknown>>)[reviews];
  return Array.isArray(found) ? (found as Suggestion[]) : undefined;
}

const COMMON = ["number", "state", "card_id", "kind", "generation_id", "created_at", "session_id"];

/** The fields of a suggestion or card that are specific to its kind. */
export function fieldsOf(item: Suggestion | Card): Record<string, unknown> {
  return ofKind(item);
}

/** Leave out the fields that all suggestions and cards have. */
export function ofKind<Value>(fields: Readonly<Record<string, Value>>): Record<string, Value> {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !COMMON.includes(name)));
}
