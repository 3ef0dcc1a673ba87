// What came of a generation: by the view of its kind, else by the form of what is there. Neither can blank the page.

import type { Output } from "unstuck-client";
import { viewOf } from "../kinds/views";
import { Boundary } from "../ui/boundary";
import { ValueView } from "./value-view";

export function OutputView({ kind, output }: { kind: string; output: Output }) {
  const View = viewOf(kind);
  const byForm = <ByForm output={output} />;
  if (View === undefined) return byForm;
  return (
    <Boundary what={output} instead={byForm}>
      <View output={output as never} />
    </Boundary>
  );
}

function ByForm({ output }: { output: unknown }) {
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
