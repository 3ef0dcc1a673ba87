// Shows one suggestion or card, whatever fields its kind has: the first text on top, everything else below it.

import type { JsonSchema } from "unstuck-client";
import { partsOf } from "./value-form";
import { ValueView } from "./value-view";

interface Props {
  fields: Readonly<Record<string, unknown>>;
  schema?: JsonSchema | undefined;
}

export function ItemView({ fields, schema }: Props) {
  const parts = partsOf(fields, schema).filter(({ value }) => value !== null && value !== undefined);
  const first = parts.find(({ value }) => typeof value === "string");
  const rest = parts.filter((part) => part !== first);
  const only = rest.length === 1 ? rest[0]?.value : undefined;
  return (
    <>
      {first !== undefined && <p className="pair-front">{String(first.value)}</p>}
      {typeof only === "string" ? (
        <p className="pair-back muted">{only}</p>
      ) : (
        rest.length > 0 && (
          <dl className="values pair-back">
            {rest.map((part) => (
              <div key={part.key}>
                <dt>{part.label}</dt>
                <dd>
                  <ValueView value={part.value} schema={part.schema} level={4} />
                </dd>
              </div>
            ))}
          </dl>
        )
      )}
    </>
  );
}
