// A story: its title and chapters.

import type { StoryOutput } from "unstuck-client";

export function Output({ output: story }: { output: StoryOutput }) {
  return (
    <article className="panel panel-body story">
      <h2>{story.title}</h2>
      {story.chapters.map((chapter, index) => (
        <section key={index}>
          <h3>
            <span className="muted">{index + 1}</span> {chapter.heading}
          </h3>
          {chapter.text.split(/\n{2,}/).map((paragraph, place) => (
            <p key={place}>{paragraph}</p>
          ))}
        </section>
      ))}
    </article>
  );
}
