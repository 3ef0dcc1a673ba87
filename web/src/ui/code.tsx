// A piece of code that can be copied.

import { Check, Copy } from "lucide-react";
import { useEffect, useState } from "react";
import { Button } from "./parts";

export function Code({ text, name, about }: { text: string; name: string; about: string }) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 2000);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = (): void =>
    void navigator.clipboard.writeText(text).then(
      () => setCopied(true),
      () => setCopied(false),
    );
  return (
    <div className="code">
      <div className="code-bar">
        <span className="muted small" aria-hidden>
          {about}
        </span>
        <Button look="quiet" small icon={copied ? Check : Copy} onClick={copy} aria-label={`Copy ${name}`}>
          {copied ? "Copied" : "Copy"}
        </Button>
      </div>
      {/* It scrolls, so it has to be reached by keyboard. */}
      <pre tabIndex={0} role="region" aria-label={name}>
        <code>{text}</code>
      </pre>
    </div>
  );
}
