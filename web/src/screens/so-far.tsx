// The output in progress: finished steps, also of a failed story, and the text that the model is writing.

import type { GenerationDetail, PartialOutput } from "unstuck-client";
import { writingOf } from "../kinds/views";
import { Boundary } from "../ui/boundary";
import { ProvisionalNote } from "../ui/writing";
import { TextAlone, ValueView } from "../values/value-view";
import { useKind } from "./output";

interface Props {
  head: GenerationDetail;
  partial: PartialOutput | undefined;
}

/** Shown until there is an output. Nothing here has passed all checks. */
export function SoFar({ head, partial }: Props) {
  const View = writingOf(head.kind);
  if (head.output !== undefined) return null;
  const byForm = partial === undefined ? null : <ByForm kind={head.kind} partial={partial} />;
  return (
    <TextAlone value={true}>
      {View === undefined ? (
        byForm
      ) : (
        <Boundary what={partial} instead={byForm}>
          <View head={head} partial={partial} />
        </Boundary>
      )}
    </TextAlone>
  );
}

/** Looks like the final output, so that little moves when it arrives. */
function ByForm({ kind, partial: { output, offset } }: { kind: string; partial: PartialOutput }) {
  const schema = useKind(kind)?.output;
  // A step's answer may have other fields than the output. Then its own names are the labels.
  const fits = Object.keys(output).every((name) => Object.hasOwn(schema?.properties ?? {}, name));
  return (
    <section className="panel panel-body value writing" aria-labelledby="writing" aria-busy="true">
      <div className="spread">
        <h2 id="writing">Being written</h2>
        <ProvisionalNote />
      </div>
      {offset !== undefined && <p className="muted small">It is long: only the last part is shown.</p>}
      <ValueView value={output} schema={fits ? schema : undefined} />
    </section>
  );
}
