// One generation: its state, its result and its timeline.

import { ChevronRight, SearchX } from "lucide-react";
import { type ReactNode, useState } from "react";
import {
  type GenerationDetail,
  type Failure as GenerationFailure,
  hasEnded,
  suggestionsOf,
  UnstuckError,
} from "unstuck-client";
import { useGenerationEvents, useGenerationInput } from "unstuck-client/react";
import { reason } from "../doing";
import { counted, dayAndTime, shortId } from "../format";
import { Problem } from "../problems";
import { staying, to } from "../router";
import { useSettings } from "../settings";
import { Part } from "../ui/boundary";
import { ButtonLink, Empty, Facts, HiddenHead, Loading, Notice, PageHead } from "../ui/parts";
import { Bar, Doing, LiveMark, RescuedBadge, StatusBadge, StuckBadge } from "../ui/status";
import { ValueView } from "../values/value-view";
import { useWatching, type Watching } from "../watching";
import { callWords, failureWords, kindName } from "../words";
import { Actions } from "./actions";
import { titleOf } from "./feed-row";
import { Figures } from "./figures";
import { OutputView, useKind } from "./output";
import { SoFar } from "./so-far";
import { TimelineView } from "./timeline-view";

export function GenerationScreen({ id }: { id: string }) {
  const watching = useWatching(id);
  const { data, error, refetch } = watching.result;
  if (data !== undefined) return <Whole head={data} watching={watching} />;
  if (error instanceof UnstuckError && error.status === 404) return <Absent />;
  return (
    <>
      <PageHead title="Generation" lead={shortId(id)} />
      {error === null ? (
        <Loading what="the generation" />
      ) : (
        <Problem error={error} title="The generation could not be read" onAgain={() => void refetch()} />
      )}
    </>
  );
}

export function Absent() {
  return (
    <>
      <HiddenHead title="No such generation" />
      <Empty
        icon={SearchX}
        title="No generation with this id"
        actions={<ButtonLink href={to.feed()}>Go to the feed</ButtonLink>}
      >
        It never existed, its retention has ended, or it belongs to somebody else.
      </Empty>
    </>
  );
}

function Whole({ head, watching }: { head: GenerationDetail; watching: Watching }) {
  const id = head.generation_id;
  const { local } = useSettings();
  const input = useGenerationInput(id).data;
  const open = !hasEnded(head);
  const [here] = useState(staying);
  return (
    <>
      <PageHead
        title={titleOf(input?.input, head.kind)}
        lead={<Lead head={head} />}
        actions={
          <>
            {suggestionsOf(head) !== undefined && (
              <ButtonLink href={to.review(id)} look="primary">
                Review the {head.kind === "flashcards" ? "cards" : (head.reviews ?? "").replaceAll("_", " ")}
              </ButtonLink>
            )}
            {local !== null && open && <ButtonLink href={to.faults(id)}>Break it</ButtonLink>}
            <Actions head={head} onDismissed={() => here(to.feed())} />
          </>
        }
      />
      <div className="stack">
        <Part name="the state" what={head}>
          <State head={head} watching={watching} />
        </Part>
        {head.error !== undefined && (
          <Part name="why it failed" what={head}>
            <Failure head={head} error={head.error} />
          </Part>
        )}
        {head.output !== undefined && (
          <Part name="the result" what={head.output}>
            <OutputView kind={head.kind} output={head.output} reviews={head.reviews} />
          </Part>
        )}
        <Part name="what there is so far" what={watching.result.partial ?? head}>
          <SoFar head={head} partial={watching.result.partial} />
        </Part>
        <Part name="the timeline" what={head}>
          <TimelinePanel head={head} watching={watching} />
        </Part>
        <Part name="the figures" what={head}>
          <Figures head={head} />
        </Part>
        <Part name="the input" what={head}>
          <InputPanel id={id} kind={head.kind} />
        </Part>
      </div>
    </>
  );
}

function Lead({ head }: { head: GenerationDetail }) {
  return (
    <>
      {kindName(head.kind)}, {dayAndTime(head.created_at)}
      {head.session_id !== undefined && (
        <>
          , session <a href={to.feed(head.session_id)}>{head.session_id}</a>
        </>
      )}
      {head.retry_of !== undefined && (
        <>
          , a retry of <a href={to.generation(head.retry_of)}>{shortId(head.retry_of)}</a>
        </>
      )}
    </>
  );
}

/** The state, and its activity while it is open. */
export function State(props: { head: GenerationDetail; watching: Watching; children?: ReactNode }) {
  const { head, watching, children } = props;
  const { words, stuck, result } = watching;
  const open = !hasEnded(head);
  const because = reason(head);
  const lost = useRescues(head.generation_id, head.attempt);
  return (
    <section className="panel panel-body stack-tight" aria-label="State">
      {children}
      <div className="spread">
        <div className="row">
          {stuck && <StuckBadge />}
          <StatusBadge status={head.status} />
          <Doing head={head} />
          {lost > 0 && <RescuedBadge times={lost} />}
          {head.attempt > 1 && <span className="muted small">attempt {head.attempt}</span>}
          {open && head.stage !== undefined && <span className="muted small">{head.stage}</span>}
        </div>
        <div className="row">
          {open && <LiveMark live={result.live} offline={result.isPaused} />}
          <span className="muted small figures">{head.progress} %</span>
        </div>
      </div>
      <Bar head={head} stuck={stuck} name="Progress" />
      {open && !stuck && <p className="muted small figures">{words}</p>}
      {because !== "" && (
        <p className="muted small" title={head.because} data-because={head.because}>
          The previous attempt ended: {because}
        </p>
      )}
      {/* Changes every second are not read out, except that it is stuck. */}
      <div role="status" className="unseen">
        {stuck && <span className="unseen">It is stuck. Another worker will take over.</span>}
      </div>
      {stuck && (
        <Notice tone="stuck" title="Stuck; recovering">
          <p className="figures">{words}</p>
        </Notice>
      )}
      {result.error !== null && <Problem error={result.error} title="The state could not be read" />}
    </section>
  );
}

/** How often another worker took over. The first attempt needs no read. */
function useRescues(id: string, attempt: number): number {
  const events = useGenerationEvents(attempt > 0 ? id : undefined).data?.events ?? [];
  return events.filter((event) => event.name === "given_back" || event.name === "sent_again").length;
}

function Failure({ head, error }: { head: GenerationDetail; error: GenerationFailure }) {
  const { code } = error;
  const { what, todo } = failureWords(code);
  const call = callWords(error);
  return (
    <Notice tone="bad" title={what}>
      <p>{todo}</p>
      <p className="muted small">
        {code}, after {counted(head.attempt, "attempt")} and {counted(head.usage.calls, "call")} of the model
      </p>
      {call !== "" && <p className="muted small">The last call: {call}</p>}
    </Notice>
  );
}

function TimelinePanel({ head, watching }: { head: GenerationDetail; watching: Watching }) {
  const timeline = useGenerationEvents(head.generation_id);
  return (
    <section className="panel panel-body stack-tight" aria-labelledby="timeline">
      <h2 id="timeline">Timeline</h2>
      {timeline.data !== undefined ? (
        <TimelineView head={head} events={timeline.data.events} now={watching.now} late={watching.stuck} />
      ) : timeline.error !== null ? (
        <Problem error={timeline.error} title="The timeline could not be read" />
      ) : (
        <Loading what="the timeline" rows={2} />
      )}
    </section>
  );
}

function InputPanel({ id, kind }: { id: string; kind: string }) {
  const input = useGenerationInput(id).data;
  const schema = useKind(kind)?.schema;
  if (input === undefined) return null;
  return (
    <section className="panel input-panel">
      <details className="fold">
        <summary>
          <ChevronRight aria-hidden />
          Input
        </summary>
        <div className="value">
          <Facts facts={[["Model", <code key="model">{input.model}</code>]]} />
          <ValueView value={input.input} schema={schema} />
        </div>
      </details>
    </section>
  );
}
