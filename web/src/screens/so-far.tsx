// The stored part of an output: finished chapters, also of a failed story.

import type { GenerationDetail, TimelineEvent } from "unstuck-client";
import { useGenerationEvents } from "unstuck-client/react";

interface Chapter {
  heading: string;
  text: string;
}

/** Shown if a story has no output yet but has stored steps. Other kinds' steps are only in the timeline. */
export function SoFar({ head }: { head: GenerationDetail }) {
  const wanted = head.kind === "story" && head.output === undefined && head.steps_done > 0;
  const events = useGenerationEvents(wanted ? head.generation_id : undefined, { results: true }).data?.events ?? [];
  const chapters = events.map(chapterOf).filter((chapter) => chapter !== null);
  if (!wanted || chapters.length === 0) return null;
  return (
    <article className="panel panel-body story">
      <h2>Finished so far</h2>
      {chapters.map((chapter) => (
        <section key={chapter.heading}>
          <h3>{chapter.heading}</h3>
          {chapter.text.split(/\n{2,}/).map((paragraph, place) => (
            <p key={place}>{paragraph}</p>
          ))}
        </section>
      ))}
    </article>
  );
}

function chapterOf({ result }: TimelineEvent): Chapter | null {
  if (typeof result?.heading !== "string" || typeof result.text !== "string") return null;
  return { heading: result.heading, text: result.text };
}
