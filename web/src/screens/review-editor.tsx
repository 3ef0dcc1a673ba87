// Edits the fields of one suggestion, by the service's schema of its kind.

import { Check } from "lucide-react";
import { type FormEvent, type KeyboardEvent, useEffect, useRef, useState } from "react";
import { fieldsOf, type JsonSchema, type Suggestion, UnstuckError } from "unstuck-client";
import { editFaults, editFields, editOf, typedFields } from "../forms/editing";
import { type Faults, faultAt, faultsFrom } from "../forms/faults";
import { member } from "../forms/typed";
import { explainError } from "../problems";
import type { Edit } from "../reviewing";
import { FieldFault } from "../ui/fields";
import { Button } from "../ui/parts";
import { SchemaField } from "./schema-field";
import { focusFault } from "./submitting";

interface Props {
  suggestion: Suggestion;
  schema: JsonSchema | undefined;
  /** Rejects if the edit was not stored. */
  onSave: (edit: Edit) => Promise<void>;
  onStop: () => void;
}

export function Editor({ suggestion, schema, onSave, onStop }: Props) {
  const [fields] = useState(() => editFields(schema, fieldsOf(suggestion)));
  const [before] = useState(() => typedFields(fields, fieldsOf(suggestion)));
  const [values, setValues] = useState(before);
  const [faults, setFaults] = useState<Faults>({});
  const [busy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => form.current?.querySelector<HTMLElement>("textarea, input, select")?.focus(), []);
  const show = (found: Faults): void => {
    setFaults(found);
    requestAnimationFrame(() => form.current && focusFault(form.current, found));
  };
  const save = (): void => {
    if (busy) return;
    const found = editFaults(fields, values, before);
    if (Object.keys(found).length > 0) {
      show(found);
      return;
    }
    setBusy(true);
    onSave(editOf(fields, values, before) as Edit).catch((error: unknown) => {
      setBusy(false);
      show(faultsOfEdit(error, (errors) => faultsFrom(errors, fields, values)));
    });
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
    <form ref={form} className="stack" aria-label="Edit" onSubmit={submit} onKeyDown={press} noValidate>
      {fields.map((field) => (
        <SchemaField
          key={field.name}
          field={field}
          path={field.name}
          typed={member(values, field.name)}
          faults={faults}
          onChange={(typed) => setValues((all) => ({ ...all, [field.name]: typed }))}
        />
      ))}
      <FieldFault id="fault-of-the-edit" fault={faultAt(faults, "")} />
      <div className="row">
        <Button type="submit" look="primary" small icon={Check} disabled={busy}>
          {busy ? "Saving …" : "Save and accept"}
        </Button>
        <Button small onClick={onStop}>
          Cancel
        </Button>
        <span className="muted small">
          <kbd>Ctrl</kbd> <kbd>Enter</kbd> saves, <kbd>Esc</kbd> cancels
        </span>
      </div>
    </form>
  );
}

type FieldErrors = readonly { field: string; message: string }[];

/** The service names a field of an edit by the decision's place: `decisions.0.options.1`. */
function faultsOfEdit(error: unknown, place: (errors: FieldErrors) => Faults): Faults {
  if (error instanceof UnstuckError && error.errors.length > 0) {
    return place(
      error.errors.map(({ field, message }) => ({ field: field.replace(/^decisions\.\d+\.?/, ""), message })),
    );
  }
  const { what, todo } = explainError(error);
  return { "": `The edit was not saved. ${what} ${todo}`.trim() };
}
