// The controls of a form, each with its label, its hint, its counter and what is wrong with it.

import { CircleAlert } from "lucide-react";
import { type ReactNode, useId } from "react";
import { count, lettersIn } from "../format";

interface FrameProps {
  label: string;
  hint?: string;
  fault?: string | undefined;
  required?: boolean;
  aside?: ReactNode;
  children: (ids: { id: string; describedBy: string | undefined }) => ReactNode;
}

function Frame({ label, hint, fault, aside, children }: FrameProps) {
  const id = useId();
  const describedBy = [hint && `${id}-hint`, fault && `${id}-fault`].filter(Boolean).join(" ") || undefined;
  return (
    <div className="field">
      <div className="field-top">
        <label htmlFor={id}>{label}</label>
        {aside}
      </div>
      {children({ id, describedBy })}
      {hint && (
        <p className="field-hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {fault && (
        <p className="field-fault" id={`${id}-fault`}>
          <CircleAlert aria-hidden size="1.1em" style={{ flex: "none", marginTop: "0.2em" }} />
          {fault}
        </p>
      )}
    </div>
  );
}

interface FieldProps {
  name: string;
  label: string;
  value: string;
  onChange: (value: string) => void;
  hint?: string;
  fault?: string | undefined;
  required?: boolean;
}

interface TextProps extends FieldProps {
  secret?: boolean;
  suggestions?: readonly string[];
}

export function TextField({ name, value, onChange, secret = false, suggestions, ...frame }: TextProps) {
  const list = useId();
  return (
    <Frame {...frame}>
      {({ id, describedBy }) => (
        <>
          <input
            className="input"
            id={id}
            name={name}
            type={secret ? "password" : "text"}
            autoComplete="off"
            spellCheck={false}
            list={suggestions && list}
            value={value}
            aria-required={frame.required ?? true}
            aria-invalid={frame.fault !== undefined}
            aria-describedby={describedBy}
            onChange={(event) => onChange(event.target.value)}
          />
          {suggestions && (
            <datalist id={list}>
              {suggestions.map((suggestion) => (
                <option key={suggestion} value={suggestion} />
              ))}
            </datalist>
          )}
        </>
      )}
    </Frame>
  );
}

interface LongTextProps extends FieldProps {
  least?: number | undefined;
  most?: number | undefined;
  short?: boolean;
  aside?: ReactNode;
}

export function LongTextField({ name, value, onChange, least, most, short = false, aside, ...frame }: LongTextProps) {
  return (
    <Frame {...frame} aside={aside ?? <Counter value={value} least={least} most={most} />}>
      {({ id, describedBy }) => (
        <textarea
          className={short ? "input input-short" : "input"}
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

export function NumberField({ name, value, onChange, least, most, ...frame }: NumberProps) {
  const bounds = least !== undefined && most !== undefined ? `${count(least)} to ${count(most)}` : "";
  return (
    <Frame {...frame} aside={<span className="field-count">{bounds}</span>}>
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
