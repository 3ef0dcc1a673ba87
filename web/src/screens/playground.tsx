// The playground: a form made from a kind's schema, and the same call as code.

import {
  FlaskConical,
  GalleryVerticalEnd,
  Image,
  type LucideIcon,
  MessageCircleQuestion,
  Send,
  SquarePen,
  WandSparkles,
} from "lucide-react";
import { useMemo, useState } from "react";
import type { KindSchema } from "unstuck-client";
import { useKinds } from "unstuck-client/react";
import { chooseKind, chosenKind, draftOf, keepDraft } from "../drafts";
import { exampleOf } from "../examples";
import { faultAt } from "../forms/faults";
import { fieldsOf } from "../forms/fields";
import { bodyOf, initialValues, type Typed, type Values } from "../forms/typed";
import { Problem } from "../problems";
import { useSettings } from "../settings";
import { asCurl, asPython, asTypeScript, INSTALLING } from "../snippets";
import { Part } from "../ui/boundary";
import { Code } from "../ui/code";
import { FieldFault } from "../ui/fields";
import { Button, Loading, PageHead } from "../ui/parts";
import { Tabs } from "../ui/tabs";
import { kindName } from "../words";
import { LimitsLeft } from "./limits";
import { SchemaFields } from "./schema-fields";
import { useSubmit } from "./submitting";

const ICONS: Record<string, LucideIcon> = {
  flashcards: GalleryVerticalEnd,
  story: SquarePen,
  assistant: MessageCircleQuestion,
  image: Image,
};

export function kindIcon(kind: string): LucideIcon {
  return (Object.hasOwn(ICONS, kind) ? ICONS[kind] : undefined) ?? WandSparkles;
}

export function Playground() {
  const kinds = useKinds();
  return (
    <>
      <PageHead title="Playground" lead="Start a generation of any kind, and copy the call as code." />
      {kinds.data !== undefined ? (
        <KindForms kinds={kinds.data} />
      ) : kinds.error !== null ? (
        <Problem error={kinds.error} onAgain={() => void kinds.refetch()} />
      ) : (
        <Loading what="the kinds" />
      )}
    </>
  );
}

/** The service's default kind comes first. */
function KindForms({ kinds }: { kinds: KindSchema[] }) {
  const sorted = [...kinds].sort(
    (one, other) => Number(other.kind === "flashcards") - Number(one.kind === "flashcards"),
  );
  const { user } = useSettings();
  const [chosen, setChosen] = useState(() => chosenKind(user));
  const kind = sorted.find((one) => one.kind === chosen) ?? sorted[0];
  const choose = (name: string): void => {
    chooseKind(user, name);
    setChosen(name);
  };
  return (
    <div className="stack">
      <div className="choices" role="group" aria-label="Kind">
        {sorted.map((one) => {
          const Icon = kindIcon(one.kind);
          return (
            <button
              key={one.kind}
              type="button"
              className="choice"
              aria-pressed={one.kind === kind?.kind}
              onClick={() => choose(one.kind)}
            >
              <Icon aria-hidden />
              {kindName(one.kind)}
            </button>
          );
        })}
      </div>
      {kind && (
        <Part key={kind.kind} name={`the form of ${kindName(kind.kind)}`} what={kind}>
          <KindForm kind={kind} />
        </Part>
      )}
    </div>
  );
}

function KindForm({ kind }: { kind: KindSchema }) {
  const { config, user } = useSettings();
  const fields = fieldsOf(kind.schema);
  const [values, setShown] = useState<Values>(() => ({ ...initialValues(fields), ...draftOf(user, kind.kind) }));
  const setValues = (next: Values): void => {
    keepDraft(user, kind.kind, fields, next);
    setShown(next);
  };
  const [filled, setFilled] = useState(0);
  const form = useSubmit(kind.kind, fields, values);
  const example = exampleOf(kind, fields);
  const change = (name: string, typed: Typed): void => {
    setValues({ ...values, [name]: typed });
    form.forget(name);
  };
  const fill = (): void => {
    setValues({ ...initialValues(fields), ...example });
    setFilled((times) => times + 1);
    form.forget();
  };
  const body = { kind: kind.kind, ...bodyOf(fields, values) };
  const text = JSON.stringify(body);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another request has another key
  const key = useMemo(() => crypto.randomUUID(), [text]);
  const call = { apiUrl: config.apiUrl, body, key };
  return (
    <div className="columns">
      <form
        className="panel panel-body stack"
        aria-label={kindName(kind.kind)}
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          form.submit(event.currentTarget);
        }}
      >
        <div className="spread">
          <p className="muted small description">
            <Prose text={kind.description} />
          </p>
          {example && (
            <Button small icon={FlaskConical} onClick={fill}>
              Fill in an example
            </Button>
          )}
        </div>
        {form.error !== null && <Problem error={form.error} title="It was not started" />}
        <FieldFault id="fault-of-the-form" fault={faultAt(form.faults, "")} />
        <SchemaFields key={filled} fields={fields} values={values} faults={form.faults} onChange={change} />
        <div className="spread">
          <Button type="submit" look="primary" icon={Send} disabled={form.busy}>
            {form.busy ? "Sending…" : "Generate"}
          </Button>
          <LimitsLeft kind={kind.kind} />
        </div>
      </form>
      <section className="panel panel-body stack-tight" aria-labelledby="as-code">
        <h2 id="as-code">The same call as code</h2>
        <p className="muted small">
          With the form's current values. <code>$TOKEN</code> is the user's token.
        </p>
        <Tabs
          label="Language"
          tabs={[
            {
              name: "curl",
              label: "curl",
              content: <Code name="the curl command" about={INSTALLING.curl} text={asCurl(call)} />,
            },
            {
              name: "python",
              label: "Python",
              content: <Code name="the Python code" about={INSTALLING.python} text={asPython(call)} />,
            },
            {
              name: "ts",
              label: "TypeScript",
              content: <Code name="the TypeScript code" about={INSTALLING.typescript} text={asTypeScript(call)} />,
            },
          ]}
        />
      </section>
    </div>
  );
}

/** A description from the service's own document: text in backticks is a name. */
function Prose({ text }: { text: string }) {
  return text.split("`").map((part, place) => (place % 2 === 1 ? <code key={part}>{part}</code> : part));
}
