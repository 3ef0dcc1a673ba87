// What came of a generation: by the view of its kind, else by the form of what is there. Neither can blank the page.

import { type Output, suggestionsOf } from "unstuck-client";
import { viewOf } from "../kinds/views";
import { Boundary } from "../ui/boundary";
import { Suggestions } from "./suggestions";
import { ValueView } from "./value-view";

interface Props {
  kind: string;
  output: Output;
  reviews: string | undefined;
}

export function OutputView({ kind, output, reviews }: Props) {
  const View = viewOf(kind);
  const byForm = <ByForm output={output} reviews={reviews} />;
  if (View === undefined) return byForm;
  return (
    <Boundary what={output} instead={byForm}>
      <View output={output as never} />
    </Boundary>
  );
}

function ByForm({ output, reviews }: Omit<Props, "kind">) {
  const suggestions = suggestionsOf({ output, reviews });
  if (reviews === undefined || suggestions === undefined) return <Result output={output} />;
  const rest = Object.entries(output).filter(([name]) => name !== reviews);
  return (
    <>
      {rest.length > 0 && <Result output={Object.fromEntries(rest)} />}
      <Boundary what={output} instead={<AsJson output={output} />}>
        <Suggestions name={reviews} suggestions={suggestions} />
      </Boundary>
    </>
  );
}

function Result({ output }: { output: unknown }) {
  return (
    <section className="panel panel-body stack-tight" aria-labelledby="result">
      <h2 id="result">Result</h2>
      <Boundary what={output} instead={<AsJson output={output} />}>
        <ValueView value={output} />
      </Boundary>
    </section>
  );
}

function AsJson({ output }: { output: unknown }) {
  return (
    <pre className="plain-json" tabIndex={0} role="region" aria-label="Result, as it is">
      {JSON.stringify(output, null, 2)}
    </pre>
  );
}
