// The fields of a kind's form: required ones in sight, optional ones folded away.

import { ChevronRight } from "lucide-react";
import { useState } from "react";
import { LOCAL_MODELS } from "../examples";
import { type Faults, faultAt } from "../forms/faults";
import type { Field } from "../forms/fields";
import { member, type Typed, text, type Values } from "../forms/typed";
import { useSettings } from "../settings";
import { ChoiceField, TextField } from "../ui/fields";
import { SchemaField } from "./schema-field";

interface Props {
  fields: readonly Field[];
  values: Values;
  faults: Faults;
  onChange: (name: string, typed: Typed) => void;
}

export function SchemaFields({ fields, values, faults, onChange }: Props) {
  const { local } = useSettings();
  const needed = fields.filter((field) => field.required);
  const more = fields.filter((field) => !field.required);
  const shown = (field: Field) => {
    const Shown = field.common && field.name === "model" && local !== null ? ModelField : SchemaField;
    return (
      <Shown
        key={field.name}
        field={field}
        path={field.name}
        typed={member(values, field.name)}
        faults={faults}
        onChange={(typed) => onChange(field.name, typed)}
      />
    );
  };
  return (
    <>
      {needed.map(shown)}
      {more.length > 0 && (
        <details className="fold">
          <summary>
            <ChevronRight aria-hidden />
            More <span className="muted small">optional: {labels(more)}</span>
          </summary>
          <div className="field-grid">{more.map(shown)}</div>
        </details>
      )}
    </>
  );
}

const MOST_LABELS = 3;

function labels(fields: readonly Field[]): string {
  const named = fields.slice(0, MOST_LABELS).map((field) => field.label.toLowerCase());
  return fields.length > MOST_LABELS ? `${named.join(", ")} …` : named.join(", ");
}

const OTHER = "other";

interface ModelProps {
  field: Field;
  typed: Typed;
  faults: Faults;
  onChange: (typed: Typed) => void;
}

/** On a local stack, the models that misbehave are available to choose. */
function ModelField({ field, typed, faults, onChange }: ModelProps) {
  const { name, label, hint, required } = field;
  const value = text(typed);
  const fault = faultAt(faults, name);
  const known = LOCAL_MODELS.some((model) => model.name === value);
  const [other, setOther] = useState(!known);
  const options = [
    ...LOCAL_MODELS.map((model) => [model.name, model.label] as const),
    [OTHER, "Another name …"] as const,
  ];
  return (
    <div className="stack-tight">
      <ChoiceField
        {...{ label, hint, required }}
        name={other ? "model-choice" : name}
        fault={other ? undefined : fault}
        value={other ? OTHER : value}
        options={options}
        onChange={(chosen) => {
          setOther(chosen === OTHER);
          onChange(chosen === OTHER ? "local/" : chosen);
        }}
      />
      {other && <TextField {...{ name, hint, required, value, fault, onChange }} label="Name of the model" />}
    </div>
  );
}
