// Keeps what cannot be drawn from taking the page with it.

import { Component, type ReactNode } from "react";

interface Props {
  /** What is drawn: with another one the drawing is tried again. */
  what: unknown;
  /** What to show where it cannot be drawn. */
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
