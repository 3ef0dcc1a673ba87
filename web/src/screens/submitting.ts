// Sends what a form of the playground holds, and says at which field the service found something wrong.

import { useEffect, useRef, useState } from "react";
import { requestOf, UnstuckError } from "unstuck-client";
import { useCreateGeneration } from "unstuck-client/react";
import { dropDraft } from "../drafts";
import { staying, to } from "../router";
import { bodyOf, check, type Faults, type Field, faultsFrom, type Values } from "../schema-form";
import { useSettings } from "../settings";
import { useSay } from "../ui/overlays";
import { kindName } from "../words";

export interface Submitting {
  busy: boolean;
  faults: Faults;
  /** What is wrong with none of the fields. */
  error: UnstuckError | null;
  submit: (form: HTMLFormElement) => void;
  /** Takes back what was said of a field, or of all. */
  forget: (name?: string) => void;
}

export function useSubmit(kind: string, fields: readonly Field[], values: Values): Submitting {
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
