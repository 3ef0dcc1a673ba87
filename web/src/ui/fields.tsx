// The controls of a form, each with its label, its hint, its counter and its faults.

import { CircleAlert } from "lucide-react";
import { type ReactNode, useId } from "react";
import { count, lettersIn } from "../format";

interface FrameProps {
  label: string;
  hint?: string;
  fault?: string | undefined;
  required?: boolean;
  isLabelUnseen?: boolean;
  aside?: ReactNode;
  children: (ids: { id: string; describedBy: string | undefined }) => ReactNode;
}

function Frame({ label, hint, fault, isLabelUnseen = false, aside, children }: FrameProps) {
  const id = useId();
  const describedBy = [hint && `${id}-hint`, fault && `${id}-fault`].filter(Boolean).join(" ") || undefined;
  return (
    <div className="field">
      <div className={isLabelUnseen ? "unseen" : "field-top"}>
        <label htmlFor={id}>{label}</label>
        {aside}
      </div>
      {children({ id, describedBy })}
      {hint && (
        <p className="field-hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      <FieldFault id={`${id}-fault`} fault={fault} />
    </div>
  );
}

export function FieldFault({ id, fault }: { id: string; fault: string | undefined }) {
  if (!fault) return null;
  return (
    <p className="field-fault" id={id}>
      <CircleAlert aria-hidden size="1.1em" style={{ flex: "none", marginTop: "0.2em" }} />
      {fault}
    </p>
  );
}

interface FieldProps {
  name: string;
  label: string;
  isLabelUnseen?: boolean;
  value: string;
  onChange: (value: string) => void;
  hint?: string;
  fault?: string | undefined;
  required?: boolean;
}

interface TextProps extends FieldProps {
  type?: "text" | "password" | "date" | "datetime-local" | "time";
}

export function TextField({ name, value, onChange, type = "text", ...frame }: TextProps) {
  return (
    <Frame {...frame}>
      {({ id, describedBy }) => (
        <input
          className="input"
          id={id}
          name={name}
          type={type}
          autoComplete="off"
          spellCheck={false}
          value={value}
          aria-required={frame.required ?? true}
          aria-invalid={frame.fault !== undefined}
          aria-describedby={describedBy}
          onChange={(event) => onChange(event.target.value)}
        />
      )}
    </Frame>
  );
}

interface LongTextProps extends FieldProps {
  least?: number | undefined;
  most?: number | undefined;
  short?: boolean;
  code?: boolean;
  aside?: ReactNode;
}

export function LongTextField(props: LongTextProps) {
  const { name, value, onChange, least, most, short = false, code = false, aside, ...frame } = props;
  return (
    <Frame {...frame} aside={aside ?? <Counter value={value} least={least} most={most} />}>
      {({ id, describedBy }) => (
        <textarea
          className={["input", short && "input-short", code && "input-code"].filter(Boolean).join(" ")}
          spellCheck={!code}
          id={id}
          name={name}
          value={value}
          aria-required={frame.required ?? true}
          aria-invalid={frame.fault !== undefined}
          aria-describedby={describedBy}
          onChange={(event) => onChange(event.target.value)}
        />
      )}
    </Frame>
  );
}

function Counter({ value, least, most }: { value: string; least: number | undefined; most: number | undefined }) {
  if (most === undefined) return null;
  const letters = lettersIn(value);
  const bounds = least !== undefined && least > 1 ? `${count(least)} to ${count(most)}` : `up to ${count(most)}`;
  return (
    <span className="field-count" data-over={letters > most}>
      {count(letters)} <span className="muted">of {bounds}</span>
    </span>
  );
}

interface NumberProps extends FieldProps {
  least?: number | undefined;
  most?: number | undefined;
}

function boundsOf(least: number | undefined, most: number | undefined): string {
  if (least !== undefined && most !== undefined) return `${count(least)} to ${count(most)}`;
  if (least !== undefined) return `at least ${count(least)}`;
  return most === undefined ? "" : `up to ${count(most)}`;
}

export function NumberField({ name, value, onChange, least, most, ...frame }: NumberProps) {
  return (
    <Frame {...frame} aside={<span className="field-count">{boundsOf(least, most)}</span>}>
      {({ id, describedBy }) => (
        <input
          className="input"
          id={id}
          name={name}
          inputMode="decimal"
          autoComplete="off"
          value={value}
          aria-required={frame.required ?? true}
          aria-invalid={frame.fault !== undefined}
          aria-describedby={describedBy}
          onChange={(event) => onChange(event.target.value)}
        />
      )}
    </Frame>
  );
}

interface ChoiceProps extends FieldProps {
  options: readonly (readonly [value: string, label: string])[];
}

export function ChoiceField({ name, value, onChange, options, ...frame }: ChoiceProps) {
  return (
    <Frame {...frame}>
      {({ id, describedBy }) => (
        <select
          className="input"
          id={id}
          name={name}
          value={value}
          aria-invalid={frame.fault !== undefined}
          aria-describedby={describedBy}
          onChange={(event) => onChange(event.target.value)}
        >
          {options.map(([option, label]) => (
            <option key={option} value={option}>
              {label}
            </option>
          ))}
        </select>
      )}
    </Frame>
  );
}
