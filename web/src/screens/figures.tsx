// A generation's cost and duration.

import { Copy } from "lucide-react";
import type { GenerationDetail } from "unstuck-client";
import { count, dayAndTime, duration, money } from "../format";
import { useSay } from "../ui/overlays";
import { Button, Facts } from "../ui/parts";

export function Figures({ head }: { head: GenerationDetail }) {
  const say = useSay();
  const { usage } = head;
  const ended = head.finished_at === undefined ? null : seconds(head.created_at, head.finished_at);
  const copy = (): void => void navigator.clipboard.writeText(head.generation_id).then(() => say.done("Id copied"));
  return (
    <section className="panel panel-body stack" aria-labelledby="figures">
      <div className="spread">
        <h2 id="figures">Figures</h2>
        <Button small look="quiet" icon={Copy} onClick={copy}>
          Copy id
        </Button>
      </div>
      <Facts
        facts={[
          ["Cost", money(usage.cost_usd)],
          ["Wasted", money(usage.wasted_cost_usd)],
          ["Model calls", count(usage.calls)],
          ["Tokens in / out", `${count(usage.prompt_tokens)} / ${count(usage.completion_tokens)}`],
          ["Steps stored", count(head.steps_done)],
          ["Attempts", count(head.attempt)],
          ["Took", ended === null ? "still open" : duration(ended)],
          ["Deadline", dayAndTime(head.deadline_at)],
          ...(head.model === undefined ? [] : ([["Model", head.model]] as const)),
          ...(head.answered_by === undefined || head.answered_by === head.model
            ? []
            : ([["Answered by", head.answered_by]] as const)),
          ...(head.own_key ? ([["Key", "your own"]] as const) : []),
        ]}
      />
      <p className="muted small">
        Id <code>{head.generation_id}</code>
      </p>
    </section>
  );
}

function seconds(from: string, to: string): number {
  return (Date.parse(to) - Date.parse(from)) / 1000;
}
