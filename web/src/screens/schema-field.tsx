// One field of a form made from a schema, with any control. Groups, lists and unions contain fields in turn.

import { Plus, Trash2, X } from "lucide-react";
import { type ReactNode, useId, useRef } from "react";
import { below, type Faults, faultAt } from "../forms/faults";
import type { Field } from "../forms/fields";
import { chosen, entries, member, openOf, type Typed, text } from "../forms/typed";
import { ChoiceField, FieldFault, LongTextField, NumberField, TextField } from "../ui/fields";
import { Button } from "../ui/parts";

export interface SchemaFieldProps {
  field: Field;
  /** The field's path in the form, as the service names it: the name of its control. */
  path: string;
  typed: Typed;
  faults: Faults;
  onChange: (typed: Typed) => void;
}

export function SchemaField(props: SchemaFieldProps) {
  switch (props.field.control) {
    case "group":
      return <GroupField {...props} />;
    case "list":
      return <ListField {...props} />;
    case "union":
      return <UnionField {...props} />;
    default:
      return <PlainField {...props} />;
  }
}

const SHORT_TEXT = 2500;

function PlainField({ field, path, typed, faults, onChange }: SchemaFieldProps) {
  const { label, hint, required } = field;
  const common = { name: path, label, hint, required, value: text(typed), fault: faultAt(faults, path), onChange };
  const also = (words: string): string => `${hint} ${words}`.trim();
  switch (field.control) {
    case "longText":
      return <LongTextField {...common} least={field.shortest} most={field.longest} short={isShort(field)} />;
    case "lines":
      return <LongTextField {...common} hint={also("One on each line.")} short />;
    case "json":
      return <LongTextField {...common} hint={also("As JSON.")} code short />;
    case "number":
      return <NumberField {...common} least={field.least} most={field.most} />;
    case "choice":
      return <ChoiceField {...common} options={choices(field, options(field))} />;
    case "switch":
      return <ChoiceField {...common} options={choices(field, YES_OR_NO)} />;
    case "secret":
      return <TextField {...common} type="password" />;
    case "date":
    case "time":
      return <TextField {...common} type={field.control} />;
    case "dateTime":
      return <TextField {...common} hint={also("In your time zone.")} type="datetime-local" />;
    default:
      return <TextField {...common} />;
  }
}

function isShort({ longest }: Field): boolean {
  return (longest ?? 0) < SHORT_TEXT;
}

type Choices = readonly (readonly [key: string, label: string])[];

const YES_OR_NO: Choices = [
  ["true", "Yes"],
  ["false", "No"],
];

function options(field: Field): Choices {
  return field.options.map(({ key }) => [key, key] as const);
}

function choices({ required, nullable, initial }: Field, all: Choices): Choices {
  if (nullable || (!required && (initial === undefined || initial === null))) return [["", "Not set"], ...all];
  return initial === undefined ? [["", "Choose …"], ...all] : all;
}

/** A frame around other fields, under one name. */
function Holder(props: { field: Field; fault: string | undefined; aside?: ReactNode; children: ReactNode }) {
  const { field, fault, aside, children } = props;
  const id = useId();
  const describedBy = [field.hint && `${id}-hint`, fault && `${id}-fault`].filter(Boolean).join(" ") || undefined;
  return (
    <fieldset className="holder" aria-describedby={describedBy}>
      <legend className="unseen">{field.label}</legend>
      <div className="field-top">
        <span className="legend" aria-hidden>
          {field.label}
        </span>
        {aside}
      </div>
      {field.hint && (
        <p className="field-hint" id={`${id}-hint`}>
          {field.hint}
        </p>
      )}
      {children}
      <FieldFault id={`${id}-fault`} fault={fault} />
    </fieldset>
  );
}

function GroupField({ field, path, typed, faults, onChange }: SchemaFieldProps) {
  const isLeftOut = typeof typed === "string";
  const mayBeLeftOut = !field.required || field.nullable;
  const { label } = field;
  return (
    <Holder
      field={field}
      fault={faultAt(faults, path)}
      aside={
        isLeftOut ? (
          <Button small icon={Plus} name={path} aria-label={`Add ${label}`} onClick={() => onChange(openOf(field))}>
            Add
          </Button>
        ) : (
          mayBeLeftOut && (
            <Button small look="quiet" icon={X} aria-label={`Remove ${label}`} onClick={() => onChange("")}>
              Leave out
            </Button>
          )
        )
      }
    >
      {!isLeftOut && <Parts field={field} path={path} typed={typed} faults={faults} onChange={onChange} />}
    </Holder>
  );
}

function Parts({ field, path, typed, faults, onChange }: SchemaFieldProps) {
  const values = typeof typed === "object" && !Array.isArray(typed) ? typed : {};
  return (
    <div className="field-grid">
      {field.parts.map((part) => (
        <SchemaField
          key={part.name}
          field={part}
          path={below(path, part.name)}
          typed={member(typed, part.name)}
          faults={faults}
          onChange={(next) => onChange({ ...values, [part.name]: next })}
        />
      ))}
    </div>
  );
}

function ListField({ field, path, typed, faults, onChange }: SchemaFieldProps) {
  const all = entries(typed);
  const holder = useRef<HTMLOListElement>(null);
  const { item, label, mostItems } = field;
  if (item === undefined) return null;
  const focus = (selector: string): void => {
    requestAnimationFrame(() => holder.current?.parentElement?.querySelector<HTMLElement>(selector)?.focus());
  };
  const add = (): void => {
    onChange([...all, openOf(item)]);
    focus(":scope > ol > li:last-child :is(input, select, textarea, button)");
  };
  const remove = (place: number): void => {
    onChange(all.filter((_, at) => at !== place));
    focus(":scope > .add");
  };
  return (
    <Holder field={field} fault={faultAt(faults, path)} aside={<span className="field-count">{bounds(field)}</span>}>
      <ol className="entries" ref={holder}>
        {all.map((entry, place) => (
          <li key={place} className={item.control === "group" ? "entry entry-of-parts" : "entry"}>
            <SchemaField
              field={{ ...item, label: `${item.label || label} ${place + 1}` }}
              path={below(path, place)}
              typed={entry}
              faults={faults}
              onChange={(next) => onChange(all.map((old, at) => (at === place ? next : old)))}
            />
            <Button
              small
              look="quiet"
              icon={Trash2}
              aria-label={`Remove ${label} ${place + 1}`}
              onClick={() => remove(place)}
            />
          </li>
        ))}
      </ol>
      <Button
        small
        icon={Plus}
        name={path}
        className="button button-small add"
        aria-label={`Add to ${label}`}
        disabled={mostItems !== undefined && all.length >= mostItems}
        onClick={add}
      >
        Add
      </Button>
    </Holder>
  );
}

function bounds({ fewestItems = 0, mostItems }: Field): string {
  if (mostItems !== undefined) return `${fewestItems} to ${mostItems}`;
  return fewestItems > 0 ? `at least ${fewestItems}` : "";
}

function UnionField({ field, path, typed, faults, onChange }: SchemaFieldProps) {
  const found = chosen(field, typed);
  const values = typeof typed === "object" && !Array.isArray(typed) ? typed : {};
  const all = field.parts.map(({ label }, place) => [String(place), label] as const);
  const mayBeLeftOut = !field.required || field.nullable;
  const choose = (place: string): void => {
    const part = field.parts[Number(place)];
    if (place === "" || part === undefined) onChange("");
    else onChange({ ...values, chosen: place, [place]: values[place] ?? openOf(part) });
  };
  const inner = found && { field: found.part, path, typed: found.typed, faults };
  const onInner = (next: Typed): void => onChange({ ...values, ...(found && { [found.place]: next }) });
  const fault = faultAt(faults, path);
  const isGroup = found?.part.control === "group";
  return (
    <Holder field={field} fault={isGroup || found === undefined ? fault : undefined}>
      <ChoiceField
        name={found === undefined ? path : `${path} form`}
        label={`Form of ${field.label}`}
        isLabelUnseen
        value={found?.place ?? ""}
        options={mayBeLeftOut ? [["", "Not set"], ...all] : all}
        onChange={choose}
      />
      {inner && (isGroup ? <Parts {...inner} onChange={onInner} /> : <SchemaField {...inner} onChange={onInner} />)}
    </Holder>
  );
}
