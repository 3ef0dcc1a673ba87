// Shows one suggestion or card, whichever fields its kind has: the first text on top, all else below it.

export function ItemView({ fields }: { fields: Readonly<Record<string, unknown>> }) {
  const entries = Object.entries(fields).filter(([, value]) => value !== null && value !== undefined);
  const first = entries.find(([, value]) => typeof value === "string");
  const rest = entries.filter((entry) => entry !== first);
  const only = rest.length === 1 ? rest[0]?.[1] : undefined;
  return (
    <>
      {first !== undefined && <p className="pair-front">{String(first[1])}</p>}
      {typeof only === "string" ? (
        <p className="pair-back muted">{only}</p>
      ) : (
        rest.length > 0 && (
          <dl className="item-fields pair-back">
            {rest.map(([name, value]) => (
              <div key={name}>
                <dt className="muted small">{name.replaceAll("_", " ")}</dt>
                <dd>
                  <Value value={value} />
                </dd>
              </div>
            ))}
          </dl>
        )
      )}
    </>
  );
}

function Value({ value }: { value: unknown }) {
  if (Array.isArray(value)) {
    return (
      <ol className="item-list">
        {value.map((each, place) => (
          <li key={place}>
            <Value value={each} />
          </li>
        ))}
      </ol>
    );
  }
  if (typeof value === "object" && value !== null) return <ItemView fields={value as Record<string, unknown>} />;
  return <>{typeof value === "boolean" ? (value ? "yes" : "no") : String(value ?? "")}</>;
}
