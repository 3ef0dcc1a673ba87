// The playground: a form made of a kind's schema, and the same call as code.

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
import { useEffect, useMemo, useRef, useState } from "react";
import { type KindSchema, requestOf, UnstuckError } from "unstuck-client";
import { useCreateGeneration, useKinds } from "unstuck-client/react";
import { chooseKind, chosenKind, draftOf, dropDraft, keepDraft } from "../drafts";
import { exampleOf } from "../examples";
import { Problem } from "../problems";
import { staying, to } from "../router";
import {
  bodyOf,
  check,
  type Faults,
  type Field,
  faultsFrom,
  fieldsOf,
  initialValues,
  type Values,
} from "../schema-form";
import { useSettings } from "../settings";
import { asCurl, asPython, asTypeScript, INSTALLING } from "../snippets";
import { Code } from "../ui/code";
import { useSay } from "../ui/overlays";
import { Button, Loading, PageHead } from "../ui/parts";
import { Tabs } from "../ui/tabs";
import { kindName } from "../words";
import { LimitsLeft } from "./limits";
import { SchemaFields } from "./schema-fields";

const ICONS: Record<string, LucideIcon> = {
  flashcards: GalleryVerticalEnd,
  story: SquarePen,
  assistant: MessageCircleQuestion,
  image: Image,
};

export function kindIcon(kind: string): LucideIcon {
  return ICONS[kind] ?? WandSparkles;
}

export function Playground() {
  const kinds = useKinds();
  return (
    <>
      <PageHead
        title="Playground"
        lead="Start a generation of any kind that this service makes, and take the call along as code."
      />
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

/** The kind that the service makes where none is named comes first. */
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
      {kind && <KindForm key={kind.kind} kind={kind} />}
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
  const example = exampleOf(kind.kind);
  const change = (name: string, value: string): void => {
    setValues({ ...values, [name]: value });
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
        {form.faults[""] !== undefined && <p className="field-fault">{form.faults[""]}</p>}
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
          With what the form holds now. <code>$TOKEN</code> is the user's token.
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

interface Submitting {
  busy: boolean;
  faults: Faults;
  /** What is wrong with none of the fields. */
  error: UnstuckError | null;
  submit: (form: HTMLFormElement) => void;
  /** Takes back what was said of a field, or of all. */
  forget: (name?: string) => void;
}

function useSubmit(kind: string, fields: readonly Field[], values: Values): Submitting {
  const { user } = useSettings();
  const create = useCreateGeneration();
  const say = useSay();
  const typed = useRef<Values>(undefined);
  useEffect(() => {
    typed.current = values;
    return () => {
      typed.current = undefined;
    };
  }, [values]);
  const [faults, setFaults] = useState<Faults>({});
  const show = (form: HTMLFormElement, found: Faults): void => {
    setFaults(found);
    const first = fields.find((field) => found[field.name] !== undefined);
    if (first !== undefined) requestAnimationFrame(() => focusField(form, first.name));
  };
  const submit = (form: HTMLFormElement): void => {
    const found = check(fields, values);
    if (Object.keys(found).length > 0) {
      show(form, found);
      return;
    }
    const clientId = crypto.randomUUID();
    const go = staying();
    create.submit(requestOf(kind, { ...bodyOf(fields, values), client_id: clientId })).then(
      (made) => {
        dropDraft(user, kind, values);
        // Whoever types on, or has gone elsewhere, is left where they are.
        if (typed.current !== values || !go(to.generation(made.generation_id)))
          say.done(`${kindName(kind)} started: it is in the feed`);
      },
      (error: unknown) => {
        if (!(error instanceof UnstuckError) || error.errors.length === 0) return;
        show(form, faultsFrom(error.errors, fields));
        create.discard(clientId); // it is mended here, and not sent again from the feed
      },
    );
  };
  const forget = (name?: string): void => {
    setFaults((before) => {
      if (name === undefined) return {};
      const { [name]: _, "": __, ...rest } = before;
      return rest;
    });
    if (create.error !== null) create.reset();
  };
  const atFields = Object.keys(faults).length > 0;
  return { busy: create.isPending, faults, error: atFields ? null : create.error, submit, forget };
}

function focusField(form: HTMLFormElement, name: string): void {
  const control = form.elements.namedItem(name);
  if (!(control instanceof HTMLElement)) return;
  const fold = control.closest("details");
  if (fold !== null) fold.open = true;
  control.focus();
}

/** A description of the service's own document: what stands in backticks is a name. */
function Prose({ text }: { text: string }) {
  return text.split("`").map((part, place) => (place % 2 === 1 ? <code key={part}>{part}</code> : part));
}
