// The buttons on a generation: cancel, retry, dismiss.

import { Ban, RotateCw, X } from "lucide-react";
import { type FormEvent, useState } from "react";
import { type Generation, hasEnded } from "unstuck-client";
import { useCancel, useDismiss, useRetry } from "unstuck-client/react";
import { shortId } from "../format";
import { staying, to } from "../router";
import { TextField } from "../ui/fields";
import { Modal, useSay } from "../ui/overlays";
import { Button, ButtonLink } from "../ui/parts";

interface Props {
  head: Generation;
  small?: boolean;
  /** Called when it has left the feed. */
  onDismissed?: () => void;
}

export function Actions({ head, small = false, onDismissed }: Props) {
  if (!hasEnded(head)) return <Cancel head={head} small={small} />;
  const again = head.status === "failed" || head.status === "canceled";
  return (
    <div className="row actions">
      {again &&
        (head.retried_as === undefined ? (
          <Retry head={head} small={small} />
        ) : (
          !small && <ButtonLink href={to.generation(head.retried_as)}>See the retry</ButtonLink>
        ))}
      {head.dismissed_at === undefined && <Dismiss head={head} small={small} onDismissed={onDismissed} />}
    </div>
  );
}

function named(head: Generation): string {
  return shortId(head.generation_id);
}

function Cancel({ head, small }: { head: Generation; small: boolean }) {
  const cancel = useCancel();
  const say = useSay();
  const run = (): void =>
    void cancel.run(head.generation_id).catch((error: unknown) => say.failed("It was not canceled", error));
  return (
    <Button small={small} icon={Ban} disabled={cancel.isPending} onClick={run} aria-label={`Cancel ${named(head)}`}>
      Cancel
    </Button>
  );
}

function Retry({ head, small }: { head: Generation; small: boolean }) {
  const retry = useRetry();
  const say = useSay();
  const [asking, setAsking] = useState<From | null>(null);
  const run = (from: From, key?: string): void => {
    setAsking(null);
    const go = staying();
    const request = { id: head.generation_id, from, ...(key !== undefined && { user_provided_key: key }) };
    void retry.run(request).then(
      (made) => {
        if (!go(to.generation(made.generation_id))) say.done("The retry has started. It is in the feed");
      },
      (error: unknown) => say.failed("It was not retried", error),
    );
  };
  // The user's own key was deleted when the generation ended, so a retry needs it again.
  const begin = (from: From): void => (head.own_key ? setAsking(from) : run(from));
  const name = named(head);
  return (
    <>
      <Button
        small={small}
        icon={RotateCw}
        disabled={retry.isPending}
        onClick={() => begin("stored")}
        aria-label={`Retry ${name}`}
      >
        Retry
      </Button>
      {!small && head.steps_done > 0 && (
        <Button disabled={retry.isPending} onClick={() => begin("start")} aria-label={`Start over ${name}`}>
          Start over
        </Button>
      )}
      <Modal open={asking !== null} onClose={() => setAsking(null)} title="Your key">
        <AskKey onGiven={(key) => run(asking ?? "stored", key)} />
      </Modal>
    </>
  );
}

type From = "stored" | "start";

function AskKey({ onGiven }: { onGiven: (key: string) => void }) {
  const [key, setKey] = useState("");
  const [fault, setFault] = useState<string>();
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (/^[!-~]{8,512}$/.test(key)) onGiven(key);
    else setFault("Enter a key of 8 to 512 visible ASCII characters.");
  };
  return (
    <form className="stack" onSubmit={submit} noValidate>
      <p>This generation used your own key, which was deleted when it ended. Enter a key for the retry.</p>
      <TextField
        name="key"
        label="Your own key for the model provider"
        value={key}
        onChange={setKey}
        fault={fault}
        type="password"
      />
      <div>
        <Button type="submit" look="primary" icon={RotateCw}>
          Retry
        </Button>
      </div>
    </form>
  );
}

function Dismiss({
  head,
  small,
  onDismissed,
}: {
  head: Generation;
  small: boolean;
  onDismissed: (() => void) | undefined;
}) {
  const dismiss = useDismiss();
  const say = useSay();
  const run = (): void => {
    void dismiss
      .run(head.generation_id)
      .then(onDismissed, (error: unknown) => say.failed("It was not dismissed", error));
  };
  const label = `Dismiss ${named(head)}`;
  if (small)
    return (
      <Button
        small
        look="quiet"
        icon={X}
        aria-label={label}
        title="Dismiss"
        disabled={dismiss.isPending}
        onClick={run}
      />
    );
  return (
    <Button icon={X} disabled={dismiss.isPending} onClick={run} aria-label={label}>
      Dismiss
    </Button>
  );
}
