// One line of the feed: its text, progress, problems and cost, and the possible actions.

import { CircleAlert, RotateCw, Send, Trash2 } from "lucide-react";
import { memo } from "react";
import { type CreateRequest, type Generation, hasEnded } from "unstuck-client";
import { type FeedEntry, useCreateGeneration } from "unstuck-client/react";
import { ago, dayAndTime, duration, firstLine, money, shortId } from "../format";
import { explainError } from "../problems";
import { to } from "../router";
import { useSlowNow } from "../ticking";
import { Button } from "../ui/parts";
import { Bar, Doing, StatusBadge, StuckBadge } from "../ui/status";
import { useWatching } from "../watching";
import { failureWords, kindName } from "../words";
import { Actions } from "./actions";
import { kindIcon } from "./playground";

export const FeedRow = memo(function FeedRow({ entry, followed }: RowProps) {
  const { generation, request } = entry;
  if (entry.state === "refused") return <Refused entry={entry} />;
  if (generation === undefined) return <Sending entry={entry} />;
  return <Known generation={generation} request={request} followed={followed} />;
}, isSame);

interface RowProps {
  entry: FeedEntry;
  followed: boolean;
}

/** The list is read again every few seconds. Rows without changes are not rendered again. */
function isSame(before: RowProps, after: RowProps): boolean {
  const [one, other] = [before.entry, after.entry];
  return (
    before.followed === after.followed &&
    one.state === other.state &&
    one.error === other.error &&
    one.generation?.version === other.generation?.version &&
    one.generation?.heartbeat_at === other.generation?.heartbeat_at &&
    one.generation?.progress === other.generation?.progress &&
    one.generation?.state === other.generation?.state &&
    one.generation?.stuck === other.generation?.stuck
  );
}

interface KnownProps {
  generation: Generation;
  request: CreateRequest | undefined;
  followed: boolean;
}

function Known({ generation, request, followed }: KnownProps) {
  const watched = followed ? generation : undefined;
  const { result, words: doing, stuck } = useWatching(watched?.generation_id, watched);
  const head = newer(result.data, generation);
  const words = !hasEnded(head) ? (followed ? doing : (head.stage ?? "")) : endWords(head);
  return (
    <li className="feed-row" data-generation={head.generation_id} data-status={head.status}>
      <KindMark kind={head.kind} />
      <div className="feed-what">
        <a className="feed-link" href={to.generation(head.generation_id)}>
          {titleOf(request, head.kind)}
          <span className="unseen"> {shortId(head.generation_id)}</span>
        </a>
        <p className="muted small">{words}</p>
      </div>
      <div className="feed-state">
        <div className="row">
          {stuck && <StuckBadge />}
          <StatusBadge status={head.status} />
          <Doing head={head} />
        </div>
        {!hasEnded(head) && <Bar head={head} stuck={stuck} name={`Progress of ${shortId(head.generation_id)}`} />}
      </div>
      <div className="feed-figures muted small figures">
        <span>{money(head.usage.cost_usd)}</span>
        <Age at={head.created_at} />
      </div>
      <div className="feed-actions">
        <Actions head={head} small />
      </div>
    </li>
  );
}

function newer(one: Generation | undefined, other: Generation): Generation {
  return one !== undefined && one.version >= other.version ? one : other;
}

function endWords(head: Generation): string {
  if (head.error !== undefined) return failureWords(head.error.code).what;
  const { created_at: began, finished_at: ended, attempt } = head;
  const took = ended === undefined ? "" : duration((Date.parse(ended) - Date.parse(began)) / 1000);
  return [took, attempt > 1 && `${attempt} attempts`, shortId(head.generation_id)].filter(Boolean).join(" · ");
}

function Age({ at }: { at: string }) {
  const now = useSlowNow();
  return (
    <time dateTime={at} title={dayAndTime(at)}>
      {ago((now - Date.parse(at)) / 1000)}
    </time>
  );
}

/** For this page's own submits, it shows their first words; for all others, the feed only has the kind. */
export function titleOf(request: object | undefined, kind: string): string {
  const text = request === undefined ? undefined : mainText(request);
  return text === undefined ? kindName(kind) : firstLine(text, 70);
}

const LABELS = new Set(["kind", "model", "prompt_version", "client_id", "session_id", "user_provided_key"]);

/** The longest text of a request: its subject, whatever the kind calls it. */
export function mainText(request: object): string | undefined {
  const texts = Object.entries(request).filter(
    (entry): entry is [string, string] => typeof entry[1] === "string" && !LABELS.has(entry[0]),
  );
  return texts.sort(([, one], [, other]) => other.length - one.length)[0]?.[1];
}

function KindMark({ kind }: { kind: string }) {
  const Icon = kindIcon(kind);
  return (
    <span className="kind-mark" title={kindName(kind)}>
      <Icon aria-hidden />
      <span className="unseen">{kindName(kind)}</span>
    </span>
  );
}

function Sending({ entry }: { entry: FeedEntry }) {
  return (
    <li className="feed-row">
      <KindMark kind={entry.kind} />
      <div className="feed-what">
        <span className="feed-title">{titleOf(entry.request, entry.kind)}</span>
        <p className="muted small">{entry.state === "sending" ? "On its way …" : "Accepted."}</p>
      </div>
      <div className="feed-state">
        <span className="badge">
          <Send aria-hidden />
          Sending
        </span>
      </div>
    </li>
  );
}

function Refused({ entry }: { entry: FeedEntry }) {
  const { resend, discard } = useCreateGeneration();
  const { what, todo } = explainError(entry.error);
  return (
    <li className="feed-row">
      <KindMark kind={entry.kind} />
      <div className="feed-what">
        <span className="feed-title">{titleOf(entry.request, entry.kind)}</span>
        <p className="small feed-refused">
          {what} {todo}
        </p>
      </div>
      <div className="feed-state">
        <span className="badge badge-bad">
          <CircleAlert aria-hidden />
          Not started
        </span>
      </div>
      <div className="feed-actions row">
        {/* This line shows its failure. */}
        <Button small icon={RotateCw} onClick={() => void resend(entry.key).catch(() => undefined)}>
          Send again
        </Button>
        <Button small look="quiet" icon={Trash2} aria-label="Discard" onClick={() => discard(entry.key)} />
      </div>
    </li>
  );
}
