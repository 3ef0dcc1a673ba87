// One suggestion in the review: its texts, its state, and what can be decided.

import { Check, Pencil, X } from "lucide-react";
import { useEffect, useRef } from "react";
import type { Suggestion } from "unstuck-client";
import type { Texts } from "../reviewing";
import { Button } from "../ui/parts";
import { Editor } from "./review-editor";

interface ItemProps {
  suggestion: Suggestion;
  isCurrent: boolean;
  editing: boolean;
  onChoose: () => void;
  onEdit: () => void;
  onStop: () => void;
  onDecide: (decision: Suggestion["state"], texts?: Texts) => void;
}

export function ReviewItem({ suggestion, isCurrent, editing, onChoose, onEdit, onStop, onDecide }: ItemProps) {
  const element = useRef<HTMLLIElement>(null);
  const { number, front, back, state } = suggestion;
  useEffect(() => {
    if (!isCurrent || editing) return;
    element.current?.scrollIntoView({ block: "nearest" });
    // The one at hand has the focus, so that a screen reader says it; not while somebody is at another control.
    if (document.activeElement === document.body || document.activeElement?.closest(".review-list, h1")) {
      element.current?.focus({ preventScroll: true });
    }
  }, [isCurrent, editing]);
  return (
    <li
      ref={element}
      className="panel review-item"
      data-state={state}
      data-number={number}
      aria-current={isCurrent ? "true" : undefined}
      tabIndex={-1}
      onFocus={onChoose}
    >
      <div className="review-item-head">
        <span className="muted small figures">{number}</span>
        <span className={`badge ${state === "accepted" ? "badge-good" : state === "rejected" ? "badge-bad" : ""}`}>
          {state}
        </span>
      </div>
      {editing ? (
        <Editor suggestion={suggestion} onSave={(texts) => onDecide("accepted", texts)} onStop={onStop} />
      ) : (
        <>
          <p className="pair-front">{front}</p>
          <p className="pair-back muted">{back}</p>
          <div className="row review-buttons">
            <Button
              small
              look="good"
              icon={Check}
              aria-label={`Accept ${number}`}
              disabled={state === "accepted"}
              onClick={() => onDecide("accepted")}
            >
              Accept
            </Button>
            <Button
              small
              icon={Pencil}
              aria-label={`Edit ${number}`}
              onClick={() => {
                onChoose();
                onEdit();
              }}
            >
              Edit
            </Button>
            <Button
              small
              look="danger"
              icon={X}
              aria-label={`Reject ${number}`}
              disabled={state === "rejected"}
              onClick={() => onDecide("rejected")}
            >
              Reject
            </Button>
          </div>
        </>
      )}
    </li>
  );
}
