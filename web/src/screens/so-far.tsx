// What there is before the output: what is stored already, also of one that failed, and what is being written now.

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

/** It is gone once there is an output: nothing here has passed all the checks. */
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

/** As the output will be shown, so that little moves once it is there. */
function ByForm({ kind, partial: { output, offset } }: { kind: string; partial: PartialOutput }) {
  const schema = useKind(kind)?.output;
  // A step may answer in another form than the output's: then its own names say what is what.
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
