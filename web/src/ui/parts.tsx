// The small parts that all screens use: buttons, notices, placeholders for empty screens.

import { CircleAlert, CircleCheck, HeartPulse, Info, type LucideIcon } from "lucide-react";
import { type ButtonHTMLAttributes, type ReactNode, useEffect } from "react";

type Look = "plain" | "primary" | "quiet" | "danger" | "good";

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: Look;
  icon?: LucideIcon;
  small?: boolean;
}

function classOf(look: Look, small: boolean, bare: boolean): string {
  return ["button", look !== "plain" && `button-${look}`, small && "button-small", bare && "button-icon"]
    .filter(Boolean)
    .join(" ");
}

export function Button({ look = "plain", icon: Icon, small = false, children, ...rest }: ButtonProps) {
  return (
    <button type="button" className={classOf(look, small, children === undefined)} {...rest}>
      {Icon && <Icon aria-hidden />}
      {children}
    </button>
  );
}

/** A link that looks like a button. */
export function ButtonLink(props: {
  href: string;
  look?: Look;
  icon?: LucideIcon;
  small?: boolean;
  children: ReactNode;
}) {
  const { href, look = "plain", icon: Icon, small = false, children } = props;
  return (
    <a href={href} className={classOf(look, small, false)}>
      {Icon && <Icon aria-hidden />}
      {children}
    </a>
  );
}

const NOTICE_ICONS = { bad: CircleAlert, stuck: HeartPulse, rescue: CircleCheck, info: Info } as const;

interface NoticeProps {
  tone: keyof typeof NOTICE_ICONS;
  title: string;
  children?: ReactNode;
  actions?: ReactNode;
  /** `alert` is read out at once, `status` at the next pause; without it, the text is not announced. */
  role?: "alert" | "status";
}

export function Notice({ tone, title, children, actions, role }: NoticeProps) {
  const Icon = NOTICE_ICONS[tone];
  return (
    <div className={`notice notice-${tone}`} role={role}>
      <Icon aria-hidden />
      <div className="notice-text">
        <p className="notice-title">{title}</p>
        {children}
        {actions && <div className="row">{actions}</div>}
      </div>
    </div>
  );
}

export function Empty(props: { icon: LucideIcon; title: string; children: ReactNode; actions?: ReactNode }) {
  const { icon: Icon, title, children, actions } = props;
  return (
    <div className="panel empty">
      <Icon aria-hidden />
      <h2>{title}</h2>
      <p>{children}</p>
      {actions && <div className="row">{actions}</div>}
    </div>
  );
}

const ROWS = [1, 2, 3, 4, 5] as const;

/** Placeholders for rows that are loading. */
export function Loading({ what, rows = 3 }: { what: string; rows?: number }) {
  return (
    <div className="stack" role="status">
      <span className="unseen">Loading {what}</span>
      {ROWS.slice(0, rows).map((row) => (
        <div key={row} className="skeleton" style={{ height: "3.6rem" }} />
      ))}
    </div>
  );
}

function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · Unstuck`;
  }, [title]);
}

/** The heading of a screen whose visible title is elsewhere. */
export function HiddenHead({ title }: { title: string }) {
  useTitle(title);
  return (
    <h1 tabIndex={-1} className="unseen">
      {title}
    </h1>
  );
}

export function PageHead({ title, lead, actions }: { title: string; lead?: ReactNode; actions?: ReactNode }) {
  useTitle(title);
  return (
    <header className="page-head">
      <div>
        <h1 tabIndex={-1}>{title}</h1>
        {lead && <p className="page-lead">{lead}</p>}
      </div>
      {actions && <div className="row">{actions}</div>}
    </header>
  );
}

export function Facts({ facts }: { facts: readonly (readonly [string, ReactNode])[] }) {
  return (
    <dl className="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
