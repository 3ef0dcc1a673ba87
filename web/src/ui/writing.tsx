// How the page shows that something is being written: a caret where it grows, and that it does not count yet.

/** Where the model writes. */
export function Caret() {
  return <span className="caret" aria-hidden />;
}

export function ProvisionalNote() {
  return <span className="muted small">Provisional: may still change</span>;
}
