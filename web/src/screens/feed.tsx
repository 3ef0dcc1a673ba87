// The feed: the user's generations, newest first, grouped by session, updated live.

import { Inbox, SquarePen, X } from "lucide-react";
import { useEffect, useMemo, useRef, useState } from "react";
import { ALL_STATUSES, hasEnded, type Kind, type Status } from "unstuck-client";
import { type FeedEntry, type UseGenerationFeedResult, useGenerationFeed, useKinds } from "unstuck-client/react";
import { counted } from "../format";
import { Problem } from "../problems";
import { to } from "../router";
import { bySession, type Grouped } from "../sessions";
import { Part } from "../ui/boundary";
import { Button, ButtonLink, Empty, Loading, PageHead } from "../ui/parts";
import { LiveMark } from "../ui/status";
import { kindName } from "../words";
import { FeedRow } from "./feed-row";
import { HealthWarning } from "./health";

const PAGE = 25;

export function FeedScreen({ session }: { session: string | null }) {
  const [status, setStatus] = useState<Status | null>(null);
  const [kind, setKind] = useState<string | null>(null);
  const feed = useGenerationFeed({
    pageSize: PAGE,
    ...(session !== null && { session_id: session }),
    ...(status !== null && { status }),
    ...(kind !== null && { kind: kind as Kind }),
  });
  return (
    <>
      <PageHead
        title="Feed"
        lead="Your generations, newest first. The list updates automatically."
        actions={
          <ButtonLink href={to.playground} look="primary" icon={SquarePen}>
            New
          </ButtonLink>
        }
      />
      <div className="stack">
        <HealthWarning />
        <div className="filters">
          <StatusChoice status={status} onChange={setStatus} />
          <KindChoice kind={kind} onChange={setKind} />
          {session !== null && (
            <ButtonLink href={to.feed()} small icon={X}>
              Session {session}
            </ButtonLink>
          )}
          <LiveMark live={feed.live} offline={feed.isPaused} />
        </div>
        <FeedList feed={feed} filtered={session !== null || status !== null || kind !== null} />
      </div>
    </>
  );
}

function StatusChoice({ status, onChange }: { status: Status | null; onChange: (status: Status | null) => void }) {
  return (
    <div className="choices" role="group" aria-label="Status">
      {[null, ...ALL_STATUSES].map((one) => (
        <button
          key={one ?? ""}
          type="button"
          className="choice"
          aria-pressed={one === status}
          onClick={() => onChange(one)}
        >
          {one === null ? "All" : one.charAt(0).toUpperCase() + one.slice(1)}
        </button>
      ))}
    </div>
  );
}

function KindChoice({ kind, onChange }: { kind: string | null; onChange: (kind: string | null) => void }) {
  const kinds = useKinds().data ?? [];
  return (
    <select
      className="input kind-choice"
      aria-label="Kind"
      value={kind ?? ""}
      onChange={(event) => onChange(event.target.value || null)}
    >
      <option value="">All kinds</option>
      {kinds.map((one) => (
        <option key={one.kind} value={one.kind}>
          {kindName(one.kind)}
        </option>
      ))}
    </select>
  );
}

function FeedList({ feed, filtered }: { feed: UseGenerationFeedResult; filtered: boolean }) {
  const groups = useMemo(() => bySession(feed.entries), [feed.entries]);
  const followed = useMemo(
    () =>
      new Set(
        feed.entries
          .filter(isOpen)
          .slice(0, MOST_FOLLOWED)
          .map((one) => one.key),
      ),
    [feed.entries],
  );
  if (feed.isPending && feed.entries.length === 0 && feed.error === null) return <Loading what="the feed" rows={5} />;
  return (
    <>
      {feed.error !== null && (
        <Problem error={feed.error} title="The feed could not be read" onAgain={() => void feed.refetch()} />
      )}
      {feed.entries.length === 0 && !feed.hasNextPage && feed.error === null && <NothingYet filtered={filtered} />}
      {groups.map((group) => (
        <Group key={group.session ?? ""} group={group} followed={followed} alone={groups.length === 1} />
      ))}
      <More feed={feed} />
    </>
  );
}

/** Only this many open ones are polled one by one; the others update with the list. */
const MOST_FOLLOWED = 10;

function isOpen(entry: FeedEntry): boolean {
  return entry.generation !== undefined && !hasEnded(entry.generation);
}

function NothingYet({ filtered }: { filtered: boolean }) {
  if (filtered) {
    return (
      <Empty icon={Inbox} title="No matches">
        You have no generation with this status and kind. Choose another.
      </Empty>
    );
  }
  return (
    <Empty
      icon={Inbox}
      title="Nothing here yet"
      actions={
        <ButtonLink href={to.playground} look="primary" icon={SquarePen}>
          Start the first one
        </ButtonLink>
      }
    >
      Generations that you start in the playground, or through the API as the same user, appear here automatically.
    </Empty>
  );
}

function Group({
  group,
  followed,
  alone,
}: {
  group: Grouped<FeedEntry>;
  followed: ReadonlySet<string>;
  alone: boolean;
}) {
  const { session, entries } = group;
  return (
    <section className="stack-tight" aria-label={session === null ? "Without a session" : `Session ${session}`}>
      {!(alone && session === null) && (
        <h2 className="group-name">
          {session === null ? "Without a session" : <a href={to.feed(session)}>{session}</a>}
          <span className="muted small"> {counted(entries.length, "generation")}</span>
        </h2>
      )}
      <ul className="panel rows">
        {entries.map((entry) => (
          <Part key={entry.key} name="this generation" what={entry.generation}>
            <FeedRow entry={entry} followed={followed.has(entry.key)} />
          </Part>
        ))}
      </ul>
    </section>
  );
}

/** Loads more when its place comes into view. The button does the same. */
function More({ feed }: { feed: UseGenerationFeedResult }) {
  const { hasNextPage, isFetchingNextPage, fetchNextPage, entries } = feed;
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = place.current;
    if (element === null || !hasNextPage || isFetchingNextPage) return;
    const watcher = new IntersectionObserver(([seen]) => seen?.isIntersecting && fetchNextPage(), {
      rootMargin: "600px",
    });
    watcher.observe(element);
    return () => watcher.disconnect();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);
  if (!hasNextPage) {
    return entries.length > PAGE ? (
      <p className="muted small centred">That is all: {counted(entries.length, "generation")}.</p>
    ) : null;
  }
  return (
    <div ref={place} className="centred">
      <Button onClick={fetchNextPage} disabled={isFetchingNextPage}>
        {isFetchingNextPage ? "Reading …" : "Show older ones"}
      </Button>
    </div>
  );
}
