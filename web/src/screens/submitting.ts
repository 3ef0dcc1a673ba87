// Sends the playground's form, and shows the service's faults at their fields.

import { useEffect, useRef, useState } from "react";
import { requestOf, UnstuckError } from "unstuck-client";
import { useCreateGeneration } from "unstuck-client/react";
import { dropDraft } from "../drafts";
import { check, type Faults, faultsFrom } from "../forms/faults";
import type { Field } from "../forms/fields";
import { bodyOf, type Values } from "../forms/typed";
import { staying, to } from "../router";
import { useSettings } from "../settings";
import { useSay } from "../ui/overlays";
import { kindName } from "../words";

export interface Submitting {
  busy: boolean;
  faults: Faults;
  /** The faults that belong to no field. */
  error: UnstuckError | null;
  submit: (form: HTMLFormElement) => void;
  /** Removes the faults of a field and of its parts, or all. */
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
    requestAnimationFrame(() => focusFault(form, found));
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
        // If the user types on, or has left, leave the focus alone.
        if (typed.current !== values || !go(to.generation(made.generation_id)))
          say.done(`${kindName(kind)} started. It is in the feed`);
      },
      (error: unknown) => {
        if (!(error instanceof UnstuckError) || error.errors.length === 0) return;
        show(form, faultsFrom(error.errors, fields, values));
        create.discard(clientId); // the user corrects it here, and does not resend it from the feed
      },
    );
  };
  const forget = (name?: string): void => {
    setFaults((before) => {
      if (name === undefined) return {};
      const isOther = (path: string): boolean => path !== "" && path !== name && !path.startsWith(`${name}.`);
      return Object.fromEntries(Object.entries(before).filter(([path]) => isOther(path)));
    });
    if (create.error !== null) create.reset();
  };
  const atFields = Object.keys(faults).length > 0;
  return { busy: create.isPending, faults, error: atFields ? null : create.error, submit, forget };
}

/** Focus the first faulty control, in reading order. */
export function focusFault(form: HTMLFormElement, faults: Faults): void {
  const control = [...form.elements].find(
    (element) => element instanceof HTMLElement && Object.hasOwn(faults, element.getAttribute("name") ?? ""),
  );
  if (!(control instanceof HTMLElement)) return;
  for (let fold = control.closest("details"); fold !== null; fold = fold.parentElement?.closest("details") ?? null)
    fold.open = true;
  control.focus();
}
