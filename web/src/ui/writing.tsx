// How the page marks text that is being written: a caret where it grows, and a note that it is provisional.

/** Where the model is writing. */
export function Caret() {
  return <span className="caret" aria-hidden />;
}

export function ProvisionalNote() {
  return <span className="muted small">Provisional: may still change</span>;
}
