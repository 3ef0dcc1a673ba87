"use client";

import { useCreateGeneration, useGenerationFeed } from "unstuck-client/react";

export function Stories() {
  const { submit, isPending, error } = useCreateGeneration();
  const { entries } = useGenerationFeed({ kind: "story" });
  const tell = () =>
    submit({ kind: "story", premise: "A lighthouse keeper finds a map." }).catch(() => undefined);
  return (
    <main>
      <button type="button" onClick={tell} disabled={isPending}>
        Tell a story
      </button>
      {error && <p role="alert">{error.message}</p>}
      <ul>
        {entries.map(({ key, state, generation }) => (
          <li key={key}>{generation ? `${generation.status} ${generation.progress} %` : state}</li>
        ))}
      </ul>
    </main>
  );
}
