// What came of a generation, in the form of its kind. A form that is not known is shown as it is.

import {
  type AssistantOutput,
  fieldsOf,
  type ImageOutput,
  isAssistant,
  isImages,
  isStory,
  type Output,
  type StoryOutput,
  type Suggestion,
  suggestionsOf,
} from "unstuck-client";
import { counted } from "../format";
import { ItemView } from "../ui/item-view";
import { Notice } from "../ui/parts";

export function OutputView({ output, reviews }: { output: Output; reviews: string | undefined }) {
  const suggestions = suggestionsOf({ output, reviews });
  if (suggestions !== undefined) return <Suggestions suggestions={suggestions} />;
  if (isStory(output)) return <Story story={output} />;
  if (isImages(output)) return <Images images={output.images} />;
  if (isAssistant(output)) return <Answer result={output.result} />;
  return (
    <section className="panel panel-body">
      <h2>Result</h2>
      <pre className="plain-json" tabIndex={0} role="region" aria-label="Result">
        {JSON.stringify(output, null, 2)}
      </pre>
    </section>
  );
}

function Suggestions({ suggestions }: { suggestions: Suggestion[] }) {
  const accepted = suggestions.filter((one) => one.state === "accepted").length;
  const open = suggestions.filter((one) => one.state === "proposed").length;
  return (
    <section className="panel" aria-labelledby="cards">
      <div className="panel-body spread">
        <h2 id="cards">{counted(suggestions.length, "card")}</h2>
        <span className="muted small">
          {accepted} accepted, {open} to decide on
        </span>
      </div>
      <ol className="pairs">
        {suggestions.map((one) => (
          <li key={one.number} data-state={one.state}>
            <span className="pair-number muted small figures">{one.number}</span>
            <ItemView fields={fieldsOf(one)} />
            <span className={`badge ${BADGES[one.state]}`}>{one.state}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}

const BADGES: Record<Suggestion["state"], string> = {
  proposed: "",
  accepted: "badge-good",
  rejected: "badge-bad",
};

function Story({ story }: { story: StoryOutput }) {
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

function Images({ images }: { images: ImageOutput["images"] }) {
  return (
    <section className="panel panel-body stack-tight" aria-labelledby="pictures">
      <h2 id="pictures">{counted(images.length, "picture")}</h2>
      <div className="pictures">
        {images.map((image, index) => (
          <figure key={image.sha256 + index}>
            <a href={image.url} target="_blank" rel="noreferrer">
              <img
                src={image.url}
                alt={`Number ${index + 1} of ${images.length}`}
                width={image.width}
                height={image.height}
              />
            </a>
            <figcaption className="muted small figures">
              {image.width} × {image.height}, {Math.ceil(image.bytes / 1024)} KB
            </figcaption>
          </figure>
        ))}
      </div>
    </section>
  );
}

const QUADRANTS = {
  do: "Do now",
  schedule: "Schedule",
  delegate: "Delegate",
  drop: "Drop",
} as const;

function Answer({ result }: { result: AssistantOutput["result"] }) {
  if (result.intent === "unknown") {
    return (
      <Notice tone="info" title="There is no telling what is asked for">
        <p>{result.reason}</p>
      </Notice>
    );
  }
  if (result.intent === "prioritization") {
    return (
      <section className="panel" aria-labelledby="order">
        <div className="panel-body">
          <h2 id="order">What to do first</h2>
        </div>
        <ol className="tasks">
          {result.items.map((item, index) => (
            <li key={index}>
              <span className={`badge quadrant-${item.quadrant}`}>{QUADRANTS[item.quadrant]}</span>
              <div>
                <p className="task-name">{item.task}</p>
                <p className="muted small">{item.reason}</p>
              </div>
            </li>
          ))}
        </ol>
      </section>
    );
  }
  const parts = [
    ["Specific", result.specific],
    ["Measurable", result.measurable],
    ["Achievable", result.achievable],
    ["Relevant", result.relevant],
    ["Time-bound", result.time_bound],
  ] as const;
  return (
    <section className="panel panel-body stack" aria-labelledby="goal">
      <h2 id="goal">{result.goal}</h2>
      <dl className="goal">
        {parts.map(([name, text]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
