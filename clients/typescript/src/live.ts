/**
 * The source of pushed changes, with polling underneath. This part tracks the followers and gets the first ticket. Only
 * then does it load the channel, so a deployment without pushes never costs the download.
 */

import { type ChangeSource, newer, type OnPartial, polling, type Snapshot } from "./changes.js";
import type { Channel } from "./channel.js";
import type { Client } from "./client.js";
import { Tickets } from "./tickets.js";

export type LiveClient = Pick<Client, "lookAt" | "openLive" | "now" | "onUser" | "onToken">;

export type OnChange = (snapshot: Snapshot) => void;

export interface Follower {
  readonly onChange: OnChange;
  readonly onPartial: OnPartial | undefined;
}

/** Who follows which generation, and the last known states. */
export interface Follows {
  /** The newest known state of each generation, from a push or a look. */
  readonly known: Map<string, Snapshot>;
  readonly ones: Map<string, Set<Follower>>;
  readonly all: Set<OnChange>;
  /** Called when pushing starts or stops. */
  readonly switched: Set<() => void>;
}

const LINGER_SECONDS = 30;
/** Outside a page, an open connection keeps the program from ending. */
const LINGER_ELSEWHERE_SECONDS = 1;

/** Make the source. It connects when something is first followed, and disconnects some time after nothing is. */
export function live(client: LiveClient): ChangeSource {
  const polls = polling(client);
  const tickets = new Tickets(client);
  const follows: Follows = { known: new Map(), ones: new Map(), all: new Set(), switched: new Set() };
  let channel: Channel | undefined;
  let run: AbortController | undefined;
  let lingering: ReturnType<typeof setTimeout> | undefined;

  tickets.onUser = () => follows.known.clear(); // until the channel is loaded, which does more

  /** Look, before the channel is loaded. */
  async function look(...[id, known, signal]: Parameters<ChangeSource["look"]>): Promise<Snapshot> {
    const { user } = tickets;
    const found = await polls.look(id, known, signal);
    const key = found.generation.generation_id;
    if (follows.ones.has(key) && user === tickets.user) follows.known.set(key, newer(follows.known.get(key), found));
    return found;
  }

  async function begin(signal: AbortSignal): Promise<void> {
    if (channel !== undefined) return channel.run(signal);
    const ticket = await tickets.next(signal);
    if (ticket === undefined) return;
    const { Channel: Loaded } = await import("./channel.js");
    if (signal.aborted) return;
    channel ??= new Loaded(client, polls, follows, tickets);
    channel.run(signal, ticket);
  }

  function end(): void {
    run?.abort();
    run = undefined;
    follows.known.clear();
  }

  function changed(): void {
    clearTimeout(lingering);
    if (follows.ones.size + follows.all.size === 0) {
      const seconds = typeof document === "undefined" ? LINGER_ELSEWHERE_SECONDS : LINGER_SECONDS;
      lingering = setTimeout(end, seconds * 1000);
    } else if (run === undefined && typeof WebSocket !== "undefined" && !tickets.isOver) {
      run = new AbortController();
      begin(run.signal).catch(() => {
        tickets.isOver = true; // the channel could not be loaded: the page is older than its deployment
      });
    }
  }

  return {
    look: (...asked) => channel?.look(...asked) ?? look(...asked),
    lookAfter: (snapshot) => (channel ?? polls).lookAfter(snapshot),
    subscribe(generationId, onChange, onPartial) {
      const id = generationId.toLowerCase();
      const follower = { onChange, onPartial };
      const followers = follows.ones.get(id) ?? new Set();
      follows.ones.set(id, followers.add(follower));
      changed();
      channel?.greet(id, follower);
      return () => {
        if (!followers.delete(follower) || followers.size > 0) return;
        follows.ones.delete(id);
        changed();
      };
    },
    subscribeAll: (onChange) => {
      const own: OnChange = (snapshot) => onChange(snapshot);
      follows.all.add(own);
      changed();
      return () => {
        if (follows.all.delete(own)) changed();
      };
    },
    isLive: () => channel?.isLive ?? false,
    onLive: (listener) => {
      const own = (): void => listener();
      follows.switched.add(own);
      return () => void follows.switched.delete(own);
    },
    learned: (generations) => channel?.learned(generations),
    close: () => {
      tickets.isOver = true;
      clearTimeout(lingering);
      end();
    },
  };
}
