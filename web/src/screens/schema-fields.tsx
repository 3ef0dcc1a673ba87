// The fields of a kind's form: what it needs in sight, what may be left out folded away.

import { ChevronRight } from "lucide-react";
import { useState } from "react";
import { LOCAL_MODELS } from "../examples";
import type { Faults, Field, Values } from "../schema-form";
import { useSettings } from "../settings";
import { ChoiceField, LongTextField, NumberField, TextField } from "../ui/fields";

interface Props {
  fields: readonly Field[];
  values: Values;
  faults: Faults;
  onChange: (name: string, value: string) => void;
}

export function SchemaFields({ fields, values, faults, onChange }: Props) {
  const needed = fields.filter((field) => field.required);
  const more = fields.filter((field) => !field.required);
  const shown = (field: Field) => (
    <SchemaField
      key={field.name}
      field={field}
      value={values[field.name] ?? ""}
      fault={faults[field.name]}
      onChange={(value) => onChange(field.name, value)}
    />
  );
  return (
    <>
      {needed.map(shown)}
      {more.length > 0 && (
        <details className="fold">
          <summary>
            <ChevronRight aria-hidden />
            More <span className="muted small">what may be left out: {labels(more)}</span>
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

interface FieldProps {
  field: Field;
  value: string;
  fault: string | undefined;
  onChange: (value: string) => void;
}

const SHORT_TEXT = 2500;

function SchemaField({ field, value, fault, onChange }: FieldProps) {
  const { local } = useSettings();
  const { name, label, hint, required } = field;
  const common = { name, label, hint, required, value, fault, onChange };
  switch (field.control) {
    case "longText":
      return (
        <LongTextField
          {...common}
          least={field.shortest}
          most={field.longest}
          short={(field.longest ?? 0) < SHORT_TEXT}
        />
      );
    case "list":
      return <LongTextField {...common} hint={`${hint} One on each line.`.trim()} short />;
    case "number":
      return <NumberField {...common} least={field.least} most={field.most} />;
    case "choice":
      return <ChoiceField {...common} options={choices(field)} />;
    case "switch":
      return (
        <ChoiceField
          {...common}
          options={[
            ["", "Left out"],
            ["true", "Yes"],
            ["false", "No"],
          ]}
        />
      );
    case "secret":
      return <TextField {...common} secret />;
    case "text":
      if (name === "model" && local !== null) return <ModelField {...common} />;
      return <TextField {...common} />;
  }
}

function choices(field: Field): (readonly [string, string])[] {
  const options = field.options.map((option) => [option, option] as const);
  return field.required || field.initial !== "" ? options : [["", "Left out"], ...options];
}

const OTHER = "other";

/** On a local stack the models that misbehave are there to choose from. */
function ModelField(props: Omit<FieldProps, "field"> & { name: string; label: string; required: boolean }) {
  const { value, onChange } = props;
  const known = LOCAL_MODELS.some((model) => model.name === value);
  const [other, setOther] = useState(!known);
  const options = [
    ...LOCAL_MODELS.map((model) => [model.name, model.label] as const),
    [OTHER, "Another name …"] as const,
  ];
  return (
    <div className="stack-tight">
      <ChoiceField
        {...props}
        name={other ? "model-choice" : props.name}
        fault={other ? undefined : props.fault}
        value={other ? OTHER : value}
        options={options}
        onChange={(chosen) => {
          setOther(chosen === OTHER);
          onChange(chosen === OTHER ? "local/" : chosen);
        }}
      />
      {other && <TextField {...props} label="Name of the model" />}
    </div>
  );
}
