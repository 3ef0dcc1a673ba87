// Keeps a part that cannot be drawn from breaking the page.

import { Component, type ReactNode } from "react";
import { Notice } from "./parts";

interface Props {
  /** The value to render: a new one makes the boundary try again. */
  what: unknown;
  /** The text to show if it cannot be rendered. */
  instead: ReactNode;
  children: ReactNode;
}

export class Boundary extends Component<Props, { hasFailed: boolean }> {
  override state = { hasFailed: false };

  static getDerivedStateFromError(): { hasFailed: boolean } {
    return { hasFailed: true };
  }

  override componentDidUpdate(before: Props): void {
    if (this.state.hasFailed && before.what !== this.props.what) this.setState({ hasFailed: false });
  }

  override render(): ReactNode {
    return this.state.hasFailed ? this.props.instead : this.props.children;
  }
}

/** One part of a screen. If it cannot be drawn, a line says so, and the other parts stay. */
export function Part({ name, what, children }: { name: string; what: unknown; children: ReactNode }) {
  const instead = (
    <Notice tone="bad" title={`This page cannot show ${name}`}>
      <p>The rest of the page works. The service's data is not affected.</p>
    </Notice>
  );
  return (
    <Boundary what={what} instead={instead}>
      {children}
    </Boundary>
  );
}
