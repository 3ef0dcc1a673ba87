// Renders any output by the shape of its values: headings, paragraphs, lists, tables and pictures.

import { createContext, useContext } from "react";
import type { JsonSchema } from "unstuck-client";
import { type Form, formOf, isShort, type Part } from "./value-form";

interface Props {
  value: unknown;
  schema?: JsonSchema | undefined;
  /** The level of the headings inside; deeper ones stay at six. */
  level?: number;
  depth?: number;
}

/** Goes around output that is being written: nothing in it is loaded from anywhere. */
export const TextAlone = createContext(false);

export function ValueView({ value, schema, level = 3, depth = 0 }: Props) {
  const form = formOf(value, schema, depth);
  const isText = useContext(TextAlone);
  switch (form.name) {
    case "nothing":
      return <span className="muted">None</span>;
    case "word":
      return <span className="figures">{form.text}</span>;
    case "moment":
      return <time dateTime={form.at}>{form.text}</time>;
    case "text":
      return form.paragraphs.map((paragraph, place) => (
        <p key={place} className="prose">
          {paragraph}
        </p>
      ));
    case "picture":
      return isText ? null : (
        <figure className="pictures">
          <img src={form.url} alt={form.alt} />
        </figure>
      );
    case "list":
      return (
        <ul className="value-list">
          {form.items.map((item, place) => (
            <li key={place}>{item}</li>
          ))}
        </ul>
      );
    case "table":
      return <Table {...form} />;
    case "items":
      return (
        <ol className="value-items">
          {form.items.map((item) => (
            <li key={item.key}>
              <ValueView value={item.value} schema={item.schema} level={level} depth={depth + 1} />
            </li>
          ))}
        </ol>
      );
    case "group":
      return <Parts parts={form.parts} level={level} depth={depth} />;
    case "json":
      return <code className="plain-json">{form.text}</code>;
  }
}

function Table({ columns, rows }: Extract<Form, { name: "table" }>) {
  const look = (column: number): string | undefined => (columns[column]?.isNumber ? "number" : undefined);
  return (
    <div className="table-wrap" tabIndex={0} role="region" aria-label="Table">
      <table className="table table-of-texts">
        <thead>
          <tr>
            {columns.map(({ key, label }, column) => (
              <th key={key} scope="col" className={look(column)}>
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, place) => (
            <tr key={place}>
              {row.map((cell, column) => (
                <td key={columns[column]?.key} className={look(column)}>
                  {cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface PartsProps {
  parts: readonly Part[];
  level: number;
  depth: number;
}

/** Consecutive short values are shown beside their labels; everything else has its own heading. */
export function Parts({ parts, level, depth }: PartsProps) {
  return runsOf(parts).map((run) => {
    const [first] = run;
    if (first === undefined) return null;
    if (!isShort(formOf(first.value, first.schema))) {
      return (
        <section key={first.key} className="value-section">
          <Heading level={level}>{first.label}</Heading>
          <ValueView value={first.value} schema={first.schema} level={level + 1} depth={depth + 1} />
        </section>
      );
    }
    return (
      <dl key={first.key} className="values">
        {run.map((part) => (
          <div key={part.key}>
            <dt>{part.label}</dt>
            <dd>
              <ValueView value={part.value} schema={part.schema} depth={depth + 1} />
            </dd>
          </div>
        ))}
      </dl>
    );
  });
}

function runsOf(parts: readonly Part[]): Part[][] {
  const runs: Part[][] = [];
  let wasShort = false;
  for (const part of parts) {
    const short = isShort(formOf(part.value, part.schema));
    if (short && wasShort) runs.at(-1)?.push(part);
    else runs.push([part]);
    wasShort = short;
  }
  return runs;
}

function Heading({ level, children }: { level: number; children: string }) {
  const Tag = `h${Math.min(level, 6)}` as "h3";
  return <Tag>{children}</Tag>;
}
