// One suggestion in the review: its fields, its state, and the possible decisions.

import { Check, Pencil, X } from "lucide-react";
import { useEffect, useRef } from "react";
import { fieldsOf, type JsonSchema, type Suggestion } from "unstuck-client";
import type { Edit } from "../reviewing";
import { Part } from "../ui/boundary";
import { Button } from "../ui/parts";
import { ItemView } from "../values/item-view";
import { Editor } from "./review-editor";

interface ItemProps {
  suggestion: Suggestion;
  schema: JsonSchema | undefined;
  isCurrent: boolean;
  editing: boolean;
  onChoose: () => void;
  onEdit: () => void;
  onStop: () => void;
  onDecide: (decision: Suggestion["state"]) => void;
  /** Accepts it with its edits. Rejects if they were not stored. */
  onSave: (edit: Edit) => Promise<void>;
}

export function ReviewItem(props: ItemProps) {
  const { suggestion, schema, isCurrent, editing, onChoose, onEdit, onStop, onDecide, onSave } = props;
  const element = useRef<HTMLLIElement>(null);
  const { number, state } = suggestion;
  useEffect(() => {
    if (!isCurrent || editing) return;
    element.current?.scrollIntoView({ block: "nearest" });
    // The current one gets the focus, so that a screen reader reads it; not while somebody uses another control.
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
        <Part name="the form" what={suggestion}>
          <Editor suggestion={suggestion} schema={schema} onSave={onSave} onStop={onStop} />
        </Part>
      ) : (
        <>
          <Part name="this one" what={suggestion}>
            <ItemView fields={fieldsOf(suggestion)} schema={schema} />
          </Part>
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
