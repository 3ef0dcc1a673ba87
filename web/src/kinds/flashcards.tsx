// Flashcards: each with its review.

import type { FlashcardsOutput, PartialOutput } from "unstuck-client";
import { counted } from "../format";
import { ReviewBadge, ReviewCount } from "../ui/reviewed";
import { Caret, ProvisionalNote } from "../ui/writing";

export function Output({ output: { suggestions } }: { output: FlashcardsOutput }) {
  return (
    <section className="panel" aria-labelledby="cards">
      <div className="panel-body spread">
        <h2 id="cards">{counted(suggestions.length, "card")}</h2>
        <ReviewCount suggestions={suggestions} />
      </div>
      <ol className="pairs">
        {suggestions.map((one) => (
          <li key={one.number} data-state={one.state}>
            <span className="pair-number muted small figures">{one.number}</span>
            <p className="pair-front">{one.front}</p>
            <p className="pair-back muted">{one.back}</p>
            <ReviewBadge state={one.state} />
          </li>
        ))}
      </ol>
    </section>
  );
}

/** The cards being written, in the lines of the finished ones. */
export function Writing({ partial }: { partial: PartialOutput | undefined }) {
  const cards = partial === undefined ? [] : cardsIn(partial.output.suggestions);
  if (cards.length === 0) return null;
  const before = partial?.offset?.suggestions ?? 0;
  return (
    <section className="panel writing" aria-labelledby="writing" aria-busy="true">
      <div className="panel-body spread">
        <h2 id="writing">{counted(before + cards.length, "card")} so far</h2>
        <ProvisionalNote />
      </div>
      <ol className="pairs">
        {cards.map(({ front, back }, place) => (
          <li key={before + place}>
            <span className="pair-number muted small figures">{before + place + 1}</span>
            <p className="pair-front">
              {front}
              {place === cards.length - 1 && back === "" && <Caret />}
            </p>
            <p className="pair-back muted">
              {back}
              {place === cards.length - 1 && back !== "" && <Caret />}
            </p>
            <span className="badge pair-place" aria-hidden>
              proposed
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}

/** The readable part of each card: nothing has validated it yet. */
function cardsIn(suggestions: unknown): { front: string; back: string }[] {
  if (!Array.isArray(suggestions)) return [];
  return suggestions
    .map((one: { front?: unknown; back?: unknown }) => ({
      front: String(one.front ?? ""),
      back: String(one.back ?? ""),
    }))
    .filter(({ front }) => front !== "");
}
