// A story: its title and chapters, and each chapter while it arrives.

import {
  type GenerationDetail,
  hasEnded,
  type PartialOutput,
  type StoryOutput,
  type TimelineEvent,
} from "unstuck-client";
import { useGenerationEvents } from "unstuck-client/react";
import { Caret, ProvisionalNote } from "../ui/writing";

export function Output({ output: story }: { output: StoryOutput }) {
  return (
    <article className="panel panel-body story">
      <h2>{story.title}</h2>
      {story.chapters.map((chapter, index) => (
        <Chapter key={index} number={index + 1} {...chapter} />
      ))}
    </article>
  );
}

interface ChapterProps {
  number: number;
  heading: string;
  text: string;
  isWritten?: boolean;
}

function Chapter({ number, heading, text, isWritten = false }: ChapterProps) {
  const paragraphs = text.split(/\n{2,}/);
  return (
    <section>
      <h3>
        <span className="muted">{number}</span> {heading}
        {isWritten && text === "" && <Caret />}
      </h3>
      {paragraphs.map((paragraph, place) => (
        <p key={place}>
          {paragraph}
          {isWritten && text !== "" && place === paragraphs.length - 1 && <Caret />}
        </p>
      ))}
    </section>
  );
}

interface WritingProps {
  head: GenerationDetail;
  partial: PartialOutput | undefined;
}

/** The outline first. Then each chapter replaces its line. */
export function Writing({ head, partial }: WritingProps) {
  const open = !hasEnded(head);
  const anyStored = head.steps_done > 0;
  const events = useGenerationEvents(anyStored ? head.generation_id : undefined, { results: true }).data?.events ?? [];
  const stored = new Map(events.flatMap(resultOf));
  const isNew = partial !== undefined && !stored.has(partial.step);
  const steps = isNew ? new Map([...stored, [partial.step, partial.output]]) : stored;
  const { title, lines } = outlineIn(steps.get("outline"));
  const chapters = [...steps].flatMap(([step, result]) => chapterIn(step, result));
  if (chapters.length === 0 && (!open || title === "")) return null;
  const waiting = open ? lines.slice(chapters.length) : [];
  return (
    <article className={`panel panel-body story ${open ? "writing" : ""}`} aria-busy={open}>
      <h2>{open && title !== "" ? title : "Finished so far"}</h2>
      {open && (
        <p className="story-note">
          <ProvisionalNote />
        </p>
      )}
      {chapters.map((chapter) => (
        <Chapter key={chapter.number} {...chapter} isWritten={isNew && chapter.step === partial.step} />
      ))}
      {waiting.map((line, place) => (
        <section key={place} className="story-line">
          <h3>
            <span className="muted">{chapters.length + place + 1}</span>
          </h3>
          <p className="muted">
            {line}
            {isNew && partial.step === "outline" && place === waiting.length - 1 && <Caret />}
          </p>
        </section>
      ))}
    </article>
  );
}

type Step = Readonly<Record<string, unknown>>;

function resultOf({ step, result }: TimelineEvent): [string, Step][] {
  return step === undefined || result === undefined ? [] : [[step, result]];
}

function outlineIn(outline: Step | undefined): { title: string; lines: string[] } {
  const lines = Array.isArray(outline?.chapters) ? outline.chapters.map(String) : [];
  return { title: textIn(outline?.title), lines };
}

function chapterIn(step: string, result: Step): (ChapterProps & { step: string })[] {
  const number = Number(/^chapter-(\d+)$/.exec(step)?.[1]);
  if (Number.isNaN(number)) return [];
  return [{ step, number, heading: textIn(result.heading), text: textIn(result.text) }];
}

function textIn(value: unknown): string {
  return typeof value === "string" ? value : "";
}
