// The reviewed items of an output, with their decisions, whatever fields their kind has. The generic view shows the
// rest.

import { fieldsOf, type JsonSchema, type Suggestion } from "unstuck-client";
import { Part } from "../ui/boundary";
import { ReviewBadge, ReviewCount } from "../ui/reviewed";
import { ItemView } from "../values/item-view";

interface Props {
  name: string;
  suggestions: readonly Suggestion[];
  schema: JsonSchema | undefined;
}

export function Suggestions({ name, suggestions, schema }: Props) {
  return (
    <section className="panel" aria-labelledby="reviewed">
      <div className="panel-body spread">
        <h2 id="reviewed">
          {suggestions.length} {name.replaceAll("_", " ")}
        </h2>
        <ReviewCount suggestions={suggestions} />
      </div>
      <ol className="pairs pairs-of-fields">
        {suggestions.map((one) => (
          <li key={one.number} data-state={one.state}>
            <span className="pair-number muted small figures">{one.number}</span>
            <div>
              <Part name="this one" what={one}>
                <ItemView fields={fieldsOf(one)} schema={schema} />
              </Part>
            </div>
            <ReviewBadge state={one.state} />
          </li>
        ))}
      </ol>
    </section>
  );
}
