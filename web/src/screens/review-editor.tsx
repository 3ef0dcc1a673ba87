// Edits the two texts of one suggestion.

import { Check } from "lucide-react";
import { type FormEvent, type KeyboardEvent, useEffect, useRef, useState } from "react";
import type { Suggestion } from "unstuck-client";
import { type Texts, textFaults } from "../reviewing";
import { LongTextField } from "../ui/fields";
import { Button } from "../ui/parts";

interface Props {
  suggestion: Suggestion;
  onSave: (texts: Texts) => void;
  onStop: () => void;
}

export function Editor({ suggestion, onSave, onStop }: Props) {
  const [texts, setTexts] = useState<Texts>({ front: suggestion.front, back: suggestion.back });
  const [shown, setShown] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => form.current?.querySelector("textarea")?.focus(), []);
  const faults = textFaults(texts);
  const save = (): void => {
    if (Object.keys(faults).length > 0) setShown(true);
    else onSave({ front: texts.front.trim(), back: texts.back.trim() });
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    save();
  };
  const press = (event: KeyboardEvent): void => {
    if (event.key === "Escape") onStop();
    else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) save();
  };
  return (
    <form ref={form} className="stack-tight" onSubmit={submit} onKeyDown={press} noValidate>
      <LongTextField
        name="front"
        label="Front"
        short
        most={200}
        value={texts.front}
        fault={shown ? faults.front : undefined}
        onChange={(front) => setTexts((before) => ({ ...before, front }))}
      />
      <LongTextField
        name="back"
        label="Back"
        short
        most={500}
        value={texts.back}
        fault={shown ? faults.back : undefined}
        onChange={(back) => setTexts((before) => ({ ...before, back }))}
      />
      <div className="row">
        <Button type="submit" look="primary" small icon={Check}>
          Save and accept
        </Button>
        <Button small onClick={onStop}>
          Leave it
        </Button>
        <span className="muted small">
          <kbd>Ctrl</kbd> <kbd>Enter</kbd> saves, <kbd>Esc</kbd> leaves it
        </span>
      </div>
    </form>
  );
}
