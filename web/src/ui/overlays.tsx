// Layers over a screen: dialogs, short messages. Base UI handles focus and announcements.

import { Dialog } from "@base-ui/react/dialog";
import { Toast } from "@base-ui/react/toast";
import { X } from "lucide-react";
import { type ReactNode, useMemo } from "react";
import { explainError } from "../problems";
import { Button } from "./parts";

export function Modal(props: { open: boolean; onClose: () => void; title: string; children: ReactNode }) {
  return (
    <Dialog.Root open={props.open} onOpenChange={(open) => !open && props.onClose()}>
      <Dialog.Portal>
        <Dialog.Backdrop className="dialog-veil" />
        <Dialog.Popup className="dialog stack">
          <div className="spread">
            <Dialog.Title>{props.title}</Dialog.Title>
            <Dialog.Close render={<Button look="quiet" small icon={X} aria-label="Close" />} />
          </div>
          {props.children}
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

/** Goes around everything that shows short messages. */
export function Messages({ children }: { children: ReactNode }) {
  return (
    <Toast.Provider limit={3}>
      {children}
      <Toast.Portal>
        <Toast.Viewport className="toasts">
          <Shown />
        </Toast.Viewport>
      </Toast.Portal>
    </Toast.Provider>
  );
}

function Shown() {
  const { toasts } = Toast.useToastManager();
  return toasts.map((toast) => (
    <Toast.Root key={toast.id} toast={toast} className="toast" data-type={toast.type}>
      <Toast.Content>
        <Toast.Title className="toast-title" />
        <Toast.Description className="muted small" />
      </Toast.Content>
    </Toast.Root>
  ));
}

export interface Say {
  done: (title: string) => void;
  failed: (title: string, error: unknown) => void;
}

export function useSay(): Say {
  const { add } = Toast.useToastManager();
  return useMemo(
    () => ({
      done: (title) => void add({ title, timeout: 3000 }),
      failed: (title, error) => {
        const { what, todo } = explainError(error);
        add({ title, description: `${what} ${todo}`.trim(), type: "error", priority: "high", timeout: 8000 });
      },
    }),
    [add],
  );
}
