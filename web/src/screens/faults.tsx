// The faults screen, only on a local stack: break a generation on purpose and watch it recover.

import { HeartCrack, MailX, Play, Skull, Snowflake } from "lucide-react";
import { useCallback, useState } from "react";
import { requestOf, suggestionsOf } from "unstuck-client";
import { useCreateGeneration, useGeneration, useGenerationEvents } from "unstuck-client/react";
import { EXAMPLE_TEXT } from "../examples";
import { shortId, timeOfDay } from "../format";
import type { Local } from "../local";
import { explainError } from "../problems";
import { staying, to } from "../router";
import { useSettings } from "../settings";
import { useSay } from "../ui/overlays";
import { Button, ButtonLink, Empty, PageHead } from "../ui/parts";
import { useWatching } from "../watching";
import { kindName } from "../words";
import { Open, Workers } from "./faults-around";
import { State } from "./generation";
import { TimelineView } from "./timeline-view";

interface Props {
  id: string | null;
  local: Local;
}

interface Deed {
  at: string;
  words: string;
}

export function FaultsScreen({ id, local }: Props) {
  const [deeds, setDeeds] = useState<Deed[]>([]);
  const note = useCallback((words: string): void => {
    setDeeds((all) => [{ at: new Date().toISOString(), words }, ...all].slice(0, 8));
  }, []);
  return (
    <>
      <PageHead
        title="Faults"
        lead="Break a generation on purpose and watch it recover. Only a local stack has this screen."
      />
      <div className="columns">
        <div className="stack faults-tools">
          <Worker id={id} local={local} note={note} />
          <Message local={local} note={note} />
          <Models note={note} />
          {deeds.length > 0 && (
            <section className="panel panel-body stack-tight" aria-labelledby="deeds">
              <h2 id="deeds">What you did</h2>
              <ol className="deeds small" aria-live="polite">
                {deeds.map((deed) => (
                  <li key={deed.at + deed.words}>
                    <span className="muted figures">{timeOfDay(deed.at)}</span> {deed.words}
                  </li>
                ))}
              </ol>
            </section>
          )}
        </div>
        <div className="stack">
          {id === null ? (
            <Empty icon={HeartCrack} title="Nothing to break yet">
              Start a generation here, or choose an open one. Its state and timeline appear here, live.
            </Empty>
          ) : (
            <Patient key={id} id={id} />
          )}
          <Open id={id} />
          <Workers local={local} />
        </div>
      </div>
    </>
  );
}

/** Starts a generation of the example's text with a model, and shows it here. */
function useStart(note: (words: string) => void): { start: (model: string) => Promise<void>; busy: boolean } {
  const create = useCreateGeneration();
  const say = useSay();
  const start = async (model: string): Promise<void> => {
    const go = staying();
    try {
      const made = await create.submit(
        requestOf("flashcards", { source_text: EXAMPLE_TEXT, count: 8, model, session_id: "faults" }),
      );
      note(`Started ${shortId(made.generation_id)} with ${model}.`);
      go(to.faults(made.generation_id));
    } catch (error) {
      say.failed("It was not started", error);
    }
  };
  return { start, busy: create.isPending };
}

const SLOW = "local/stream:20";

function Worker({ id, local, note }: Props & { note: (words: string) => void }) {
  const { start, busy } = useStart(note);
  const say = useSay();
  const runs = useGeneration(id ?? undefined).data?.status === "running";
  const [seconds, setSeconds] = useState("8");
  const kill = (): void => {
    if (id === null) return;
    local.kill(id).then(
      ({ pid }) => note(`Killed worker ${pid}, which held ${shortId(id)}.`),
      (error: unknown) => say.failed("The worker was not killed", error),
    );
  };
  const freeze = (): void => {
    if (id === null) return;
    local.freeze(id, Number(seconds)).then(
      ({ pid }) => note(`Froze worker ${pid}, which holds ${shortId(id)}, for ${seconds} s.`),
      (error: unknown) => say.failed("The worker was not frozen", error),
    );
  };
  return (
    <section className="panel panel-body stack-tight" aria-labelledby="worker">
      <h2 id="worker">The worker</h2>
      <p className="muted small">
        Start a generation that takes 20 seconds. Then kill or freeze its worker. When the lease ends, another worker
        takes over. A frozen worker that wakes up can no longer write.
      </p>
      <div className="row">
        <Button icon={Play} look={id === null ? "primary" : "plain"} disabled={busy} onClick={() => void start(SLOW)}>
          Start one
        </Button>
        <Button icon={Skull} look="danger" disabled={!runs} onClick={kill}>
          Kill its worker
        </Button>
      </div>
      <div className="row">
        <Button icon={Snowflake} disabled={!runs} onClick={freeze}>
          Freeze its worker
        </Button>
        <label className="row small">
          for
          <select className="input input-inline" value={seconds} onChange={(event) => setSeconds(event.target.value)}>
            {["2", "8", "20", "60"].map((one) => (
              <option key={one} value={one}>
                {one} seconds
              </option>
            ))}
          </select>
        </label>
      </div>
    </section>
  );
}

function Message({ local, note }: { local: Local; note: (words: string) => void }) {
  const { user } = useSettings();
  const { start, busy } = useStart(note);
  const say = useSay();
  const lose = (): void => {
    local.lose(user).then(
      () => {
        note("Your next message will be lost.");
        return start("local/stream:5");
      },
      (error: unknown) => say.failed("No message will be lost", error),
    );
  };
  return (
    <section className="panel panel-body stack-tight" aria-labelledby="message">
      <h2 id="message">The message</h2>
      <p className="muted small">
        Start a generation whose message never reaches a worker. It stays pending until a poll or the sweeper sends the
        message again.
      </p>
      <div>
        <Button icon={MailX} disabled={busy} onClick={lose}>
          Start one and lose its message
        </Button>
      </div>
    </section>
  );
}

const MISBEHAVIOURS: readonly { model: string; label: string; words: string }[] = [
  { model: "local/limited:2:4", label: "429", words: "returns 429 twice and asks to wait 4 s" },
  { model: "local/hang", label: "Hang", words: "starts to answer and then hangs" },
  { model: "local/cut_first:2", label: "Cut off", words: "cuts off its answer twice" },
  { model: "local/garbage", label: "Garble", words: "answers with invalid JSON" },
];

function Models({ note }: { note: (words: string) => void }) {
  const { start, busy } = useStart(note);
  return (
    <section className="panel panel-body stack-tight" aria-labelledby="model">
      <h2 id="model">The model</h2>
      <p className="muted small">Start a generation with a model that …</p>
      <ul className="misbehaviours">
        {MISBEHAVIOURS.map(({ model, label, words }) => (
          <li key={model}>
            <Button small disabled={busy} onClick={() => void start(model)}>
              {label}
            </Button>
            <span className="small">{words}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** The generation being broken, live. */
function Patient({ id }: { id: string }) {
  const watching = useWatching(id);
  const timeline = useGenerationEvents(id);
  const head = watching.result.data;
  if (head === undefined) {
    const { error } = watching.result;
    return error === null ? null : (
      <Empty icon={HeartCrack} title="This generation cannot be shown">
        {explainError(error).what}
      </Empty>
    );
  }
  return (
    <>
      <State head={head} watching={watching}>
        <div className="spread">
          <h2>
            {kindName(head.kind)} <a href={to.generation(id)}>{shortId(id)}</a>
          </h2>
          {suggestionsOf(head) !== undefined && (
            <ButtonLink href={to.review(id)} small look="primary">
              Review the cards
            </ButtonLink>
          )}
        </div>
      </State>
      <section className="panel panel-body" aria-label="Timeline">
        <TimelineView head={head} events={timeline.data?.events ?? []} now={watching.now} late={watching.stuck} />
      </section>
    </>
  );
}
