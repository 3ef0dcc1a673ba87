// The assistant's answer: a goal, an order of tasks, or that the intent is unclear.

import type { AssistantOutput } from "unstuck-client";
import { Notice } from "../ui/parts";

const QUADRANTS = {
  do: "Do now",
  schedule: "Schedule",
  delegate: "Delegate",
  drop: "Drop",
} as const;

export function Output({ output: { result } }: { output: AssistantOutput }) {
  if (result.intent === "unknown") {
    return (
      <Notice tone="info" title="The request is not clear">
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
