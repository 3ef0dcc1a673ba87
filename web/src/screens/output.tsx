// A generation's output, in its kind's view or by the form of its values. Neither can blank the page.

import { type JsonSchema, type KindSchema, type Output, suggestionsOf } from "unstuck-client";
import { useKinds } from "unstuck-client/react";
import { viewOf } from "../kinds/views";
import { Boundary } from "../ui/boundary";
import { ValueView } from "../values/value-view";
import { Suggestions } from "./suggestions";

interface Props {
  kind: string;
  output: Output;
  reviews: string | undefined;
}

export function OutputView({ kind, output, reviews }: Props) {
  const View = viewOf(kind);
  const byForm = <ByForm kind={kind} output={output} reviews={reviews} />;
  if (View === undefined) return byForm;
  return (
    <Boundary what={output} instead={byForm}>
      <View output={output as never} />
    </Boundary>
  );
}

/** The deployment's description of a kind; undefined for a removed kind, or while it loads. */
export function useKind(kind: string): KindSchema | undefined {
  return useKinds().data?.find((one) => one.kind === kind);
}

function ByForm({ kind, output, reviews }: Props) {
  const schema = useKind(kind);
  const suggestions = suggestionsOf({ output, reviews });
  if (reviews === undefined || suggestions === undefined) return <Result output={output} schema={schema?.output} />;
  const rest = Object.entries(output).filter(([name]) => name !== reviews);
  return (
    <>
      {rest.length > 0 && <Result output={Object.fromEntries(rest)} schema={schema?.output} />}
      <Boundary what={output} instead={<AsJson output={output} />}>
        <Suggestions name={reviews} suggestions={suggestions} schema={schema?.item} />
      </Boundary>
    </>
  );
}

function Result({ output, schema }: { output: unknown; schema: JsonSchema | undefined }) {
  return (
    <section className="panel panel-body value" aria-labelledby="result">
      <h2 id="result">Result</h2>
      <Boundary what={output} instead={<AsJson output={output} />}>
        <ValueView value={output} schema={schema} />
      </Boundary>
    </section>
  );
}

function AsJson({ output }: { output: unknown }) {
  return (
    <pre className="plain-json" tabIndex={0} role="region" aria-label="Result as JSON">
      {JSON.stringify(output, null, 2)}
    </pre>
  );
}
