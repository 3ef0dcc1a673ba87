// The review: decide on each suggestion, by mouse or keyboard.

import { CheckCheck, Keyboard, Layers, Undo2 } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { type DecideNumbered, type Suggestion, UnstuckError } from "unstuck-client";
import { useGeneration, useReview } from "unstuck-client/react";
import { counted, shortId } from "../format";
import { Problem } from "../problems";
import { acceptRest, asItIs, type Edit, nextOpen, SHORTCUTS, type Shortcut, shortcutOf } from "../reviewing";
import { to } from "../router";
import { Modal, useSay } from "../ui/overlays";
import { Button, ButtonLink, Empty, Loading, Notice, PageHead } from "../ui/parts";
import { Absent } from "./generation";
import { useKind } from "./output";
import { ReviewItem } from "./review-item";

export function ReviewScreen({ id }: { id: string }) {
  const { data, error, refetch } = useGeneration(id);
  const review = useReview(id);
  if (error instanceof UnstuckError && error.status === 404) return <Absent />;
  return (
    <>
      <PageHead
        title="Review"
        lead={
          <>
            What came of generation <a href={to.generation(id)}>{shortId(id)}</a>
          </>
        }
        actions={
          <ButtonLink href={to.cards()} icon={Layers}>
            All your cards
          </ButtonLink>
        }
      />
      {review.suggestions !== undefined ? (
        <Reviewing kind={data?.kind ?? ""} suggestions={review.suggestions} review={review} />
      ) : error !== null ? (
        <Problem error={error} onAgain={() => void refetch()} />
      ) : data === undefined ? (
        <Loading what="the cards" rows={5} />
      ) : (
        <Empty
          icon={Layers}
          title="Nothing to review"
          actions={<ButtonLink href={to.generation(id)}>Back to the generation</ButtonLink>}
        >
          This generation has not succeeded, or its kind has nothing to review.
        </Empty>
      )}
    </>
  );
}

interface ReviewingProps {
  kind: string;
  suggestions: Suggestion[];
  review: ReturnType<typeof useReview>;
}

const KEPT = "unstuck.shortcuts";

function Reviewing({ kind, suggestions, review }: ReviewingProps) {
  const say = useSay();
  const schema = useKind(kind)?.item;
  const [place, setPlace] = useState(() => nextOpen(suggestions, suggestions.length - 1));
  const [editing, setEditing] = useState(false);
  const [help, setHelp] = useState(false);
  const [keys, setKeys] = useState(() => localStorage.getItem(KEPT) !== "off");
  const [done, setDone] = useState<DecideNumbered[][]>([]);
  const current = suggestions[place];
  const left = suggestions.filter((one) => one.state === "proposed").length;

  const asTheyAre = (decisions: DecideNumbered[]): DecideNumbered[] =>
    suggestions.filter((one) => decisions.some(({ number }) => number === one.number)).map(asItIs);
  const send = (decisions: DecideNumbered[], undoing = false): void => {
    const before = asTheyAre(decisions);
    if (!undoing) setDone((all) => [...all, before]);
    void review.decideMany(decisions).catch((error: unknown) => say.failed("The decision was not saved", error));
  };
  const decide = (suggestion: Suggestion, decision: Suggestion["state"]): void => {
    send([{ number: suggestion.number, decision }]);
    setEditing(false);
    setPlace((at) => nextOpen(suggestions, at));
  };
  /** Shown only after it is stored: the item's model may refuse the edit, and then the form still has the input. */
  const save = async (suggestion: Suggestion, edit: Edit): Promise<void> => {
    const decisions: DecideNumbered[] = [{ ...edit, number: suggestion.number, decision: "accepted" }];
    const before = asTheyAre(decisions);
    await review.decideMany(decisions);
    setDone((all) => [...all, before]);
    setEditing(false);
    setPlace((at) => nextOpen(suggestions, at));
  };
  const undo = (): void => {
    const last = done.at(-1);
    if (last === undefined) return;
    setDone((all) => all.slice(0, -1));
    send(last, true);
    setPlace(suggestions.findIndex((one) => one.number === last[0]?.number));
  };
  const move = (by: number): void => {
    setEditing(false);
    setPlace((at) => Math.min(suggestions.length - 1, Math.max(0, at + by)));
  };
  const act = (shortcut: Shortcut): void => {
    if (shortcut === "help") setHelp(true);
    else if (shortcut === "next" || shortcut === "previous") move(shortcut === "next" ? 1 : -1);
    else if (shortcut === "undo") undo();
    else if (current === undefined) return;
    else if (shortcut === "edit") setEditing(true);
    else decide(current, shortcut === "accept" ? "accepted" : "rejected");
  };
  useShortcuts(keys && !help && !editing, act);
  const toggleKeys = (on: boolean): void => {
    setKeys(on);
    localStorage.setItem(KEPT, on ? "on" : "off");
  };

  return (
    <div className="stack">
      <div className="panel panel-body spread review-head">
        <p aria-live="polite">
          <strong>
            {suggestions.length - left} of {suggestions.length}
          </strong>{" "}
          decided
          {review.isPending && <span className="muted small"> · saving …</span>}
        </p>
        <div className="row">
          <Button small icon={Undo2} disabled={done.length === 0} onClick={undo}>
            Undo
          </Button>
          <Button small icon={Keyboard} onClick={() => setHelp(true)}>
            Shortcuts
          </Button>
          <Button small icon={CheckCheck} disabled={left === 0} onClick={() => send(acceptRest(suggestions))}>
            {left === 0 ? "Accept the rest" : `Accept the rest (${left})`}
          </Button>
        </div>
      </div>
      {left === 0 && <AllDecided suggestions={suggestions} />}
      <ol className="review-list">
        {suggestions.map((one, at) => (
          <ReviewItem
            key={one.number}
            suggestion={one}
            schema={schema}
            isCurrent={at === place}
            editing={at === place && editing}
            onChoose={() => {
              if (at !== place) setEditing(false);
              setPlace(at);
            }}
            onEdit={() => setEditing(true)}
            onStop={() => setEditing(false)}
            onDecide={(decision) => decide(one, decision)}
            onSave={(edit) => save(one, edit)}
          />
        ))}
      </ol>
      <Modal open={help} onClose={() => setHelp(false)} title="Keyboard shortcuts">
        <dl className="shortcuts">
          {SHORTCUTS.map(([key, words]) => (
            <div key={key}>
              <dt>
                <kbd>{key}</kbd>
              </dt>
              <dd>{words}</dd>
            </div>
          ))}
        </dl>
        <label className="row">
          <input type="checkbox" checked={keys} onChange={(event) => toggleKeys(event.target.checked)} />
          Use these keys on this screen
        </label>
      </Modal>
    </div>
  );
}

function useShortcuts(active: boolean, act: (shortcut: Shortcut) => void): void {
  const latest = useRef(act);
  useEffect(() => {
    latest.current = act;
  });
  useEffect(() => {
    if (!active) return;
    const press = (event: KeyboardEvent): void => {
      const typing = event.target instanceof Element && event.target.closest("input, textarea, select") !== null;
      const found = shortcutOf({
        key: event.key,
        ctrlKey: event.ctrlKey,
        metaKey: event.metaKey,
        altKey: event.altKey,
        typing,
      });
      if (found === null) return;
      event.preventDefault();
      latest.current(found);
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, [active]);
}

function AllDecided({ suggestions }: { suggestions: Suggestion[] }) {
  const accepted = suggestions.filter((one) => one.state === "accepted").length;
  return (
    <Notice
      tone="info"
      title="All decided"
      actions={
        <ButtonLink href={to.cards()} small>
          See your cards
        </ButtonLink>
      }
    >
      <p>
        {counted(accepted, "card")} kept, {suggestions.length - accepted} rejected. You can still change your mind.
      </p>
    </Notice>
  );
}
