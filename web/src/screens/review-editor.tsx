// Edits the fields of one suggestion, by the schema that the service has of its kind.

import { Check } from "lucide-react";
import { type FormEvent, type KeyboardEvent, useEffect, useRef, useState } from "react";
import { fieldsOf, type JsonSchema, type Suggestion } from "unstuck-client";
import { type EditField, editFaults, editFields, editOf, typedOf } from "../editing";
import type { Edit } from "../reviewing";
import { ChoiceField, LongTextField, NumberField } from "../ui/fields";
import { Button } from "../ui/parts";

interface Props {
  suggestion: Suggestion;
  schema: JsonSchema | undefined;
  onSave: (edit: Edit) => void;
  onStop: () => void;
}

export function Editor({ suggestion, schema, onSave, onStop }: Props) {
  const [fields] = useState(() => editFields(schema, fieldsOf(suggestion)));
  const [before] = useState(() => typedOf(fields, fieldsOf(suggestion)));
  const [values, setValues] = useState(before);
  const [shown, setShown] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => form.current?.querySelector<HTMLElement>("textarea, input, select")?.focus(), []);
  const faults = editFaults(fields, values, before);
  const save = (): void => {
    if (Object.keys(faults).length > 0) setShown(true);
    else onSave(editOf(fields, values, before) as Edit);
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
      {fields.map((field) => (
        <EditorField
          key={field.name}
          field={field}
          value={values[field.name] ?? ""}
          fault={shown ? faults[field.name] : undefined}
          onChange={(value) => setValues((all) => ({ ...all, [field.name]: value }))}
        />
      ))}
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

interface EditorFieldProps {
  field: EditField;
  value: string;
  fault: string | undefined;
  onChange: (value: string) => void;
}

function EditorField({ field, value, fault, onChange }: EditorFieldProps) {
  const { name, label, hint, required } = field;
  const common = { name, label, hint, required, value, fault, onChange };
  if (field.json) return <LongTextField {...common} hint={`${hint} As JSON.`.trim()} short />;
  if (field.control === "number") return <NumberField {...common} least={field.least} most={field.most} />;
  if (field.control === "choice") {
    return <ChoiceField {...common} options={field.options.map((option) => [option, option] as const)} />;
  }
  if (field.control === "switch") {
    const options = [["true", "Yes"] as const, ["false", "No"] as const];
    return <ChoiceField {...common} options={options} />;
  }
  if (field.control === "list") return <LongTextField {...common} hint={`${hint} One on each line.`.trim()} short />;
  return <LongTextField {...common} short most={field.longest} />;
}
