// Draws any output by the form of its values: headings, paragraphs, lists, tables and pictures.

import { asWord, formOf, heading } from "../value-form";

/** `level` is that of the headings inside; deeper than six they stay at six. */
export function ValueView({ value, level = 3 }: { value: unknown; level?: number }) {
  const form = formOf(value);
  switch (form.name) {
    case "nothing":
      return <p className="muted">None</p>;
    case "word":
      return <p>{form.text}</p>;
    case "text":
      return form.paragraphs.map((paragraph, place) => <p key={place}>{paragraph}</p>);
    case "picture":
      return (
        <figure className="pictures">
          <img src={form.url} alt={form.alt} />
        </figure>
      );
    case "list":
      return (
        <ul>
          {form.items.map((item, place) => (
            <li key={place}>{item}</li>
          ))}
        </ul>
      );
    case "table":
      return (
        <div className="table-wrap" tabIndex={0} role="region" aria-label="Table">
          <table className="table table-of-texts">
            <thead>
              <tr>
                {form.columns.map((column) => (
                  <th key={column} scope="col">
                    {heading(column)}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {form.rows.map((row, place) => (
                <tr key={place}>
                  {row.map((cell, column) => (
                    <td key={column}>{asWord(cell)}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      );
    case "items":
      return (
        <ol className="stack-tight">
          {form.items.map((item, place) => (
            <li key={place}>
              <ValueView value={item} level={level} />
            </li>
          ))}
        </ol>
      );
    case "group":
      return form.fields.map(([name, part]) => (
        <section key={name} className="stack-tight">
          <Heading level={level}>{heading(name)}</Heading>
          <ValueView value={part} level={level + 1} />
        </section>
      ));
  }
}

function Heading({ level, children }: { level: number; children: string }) {
  const Tag = `h${Math.min(level, 6)}` as "h3";
  return <Tag>{children}</Tag>;
}
