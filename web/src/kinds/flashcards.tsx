// Flashcards: each with what was made of it.

import type { FlashcardsOutput, Suggestion } from "unstuck-client";
import { counted } from "../format";

export function Output({ output: { suggestions } }: { output: FlashcardsOutput }) {
  const accepted = suggestions.filter((one) => one.state === "accepted").length;
  const open = suggestions.filter((one) => one.state === "proposed").length;
  return (
    <section className="panel" aria-labelledby="cards">
      <div className="panel-body spread">
        <h2 id="cards">{counted(suggestions.length, "card")}</h2>
        <span className="muted small">
          {accepted} accepted, {open} to review
        </span>
      </div>
      <ol className="pairs">
        {suggestions.map((one) => (
          <li key={one.number} data-state={one.state}>
            <span className="pair-number muted small figures">{one.number}</span>
            <p className="pair-front">{one.front}</p>
            <p className="pair-back muted">{one.back}</p>
            <span className={`badge ${BADGES[one.state]}`}>{one.state}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}

const BADGES: Record<Suggestion["state"], string> = {
  proposed: "",
  accepted: "badge-good",
  rejected: "badge-bad",
};
