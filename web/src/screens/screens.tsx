// The frame around every screen, and which one the address names.

import { ChartColumn, HeartCrack, Layers, LogOut, type LucideIcon, Moon, Rows3, SquarePen, Sun } from "lucide-react";
import { useEffect, useRef } from "react";
import { type Route, routeOf, to, useHash } from "../router";
import { useSettings } from "../settings";
import { chooseTheme, useTheme } from "../theme";
import { Part } from "../ui/boundary";
import { Button, ButtonLink, Empty, HiddenHead } from "../ui/parts";
import { CardsScreen } from "./cards";
import { FaultsScreen } from "./faults";
import { FeedScreen } from "./feed";
import { GenerationScreen } from "./generation";
import { Playground } from "./playground";
import { ReviewScreen } from "./review";
import { UsageScreen } from "./usage";

export function Screens() {
  const hash = useHash();
  const route = routeOf(hash);
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  // biome-ignore lint/correctness/useExhaustiveDependencies: it is to run when the address changes
  useEffect(() => {
    // A new screen starts at its top, and a screen reader at its heading. The first screen starts wherever the browser
    // puts it.
    if (!first.current) {
      scrollTo(0, 0);
      main.current?.querySelector("h1")?.focus({ preventScroll: true });
    }
    first.current = false;
  }, [hash]);
  return (
    <div className="shell">
      <button type="button" className="skip button" onClick={() => main.current?.querySelector("h1")?.focus()}>
        Skip to the content
      </button>
      <Side route={route} />
      <main className="main" ref={main}>
        <Part name="this screen" what={hash}>
          <Shown route={route} />
        </Part>
      </main>
    </div>
  );
}

function Shown({ route }: { route: Route }) {
  const { local } = useSettings();
  switch (route.screen) {
    case "playground":
      return <Playground />;
    case "feed":
      return <FeedScreen key={route.session ?? ""} session={route.session} />;
    case "generation":
      return <GenerationScreen key={route.id} id={route.id} />;
    case "review":
      return <ReviewScreen key={route.id} id={route.id} />;
    case "cards":
      return <CardsScreen key={route.session ?? ""} session={route.session} />;
    case "usage":
      return <UsageScreen />;
    case "faults":
      return local === null ? <Nowhere /> : <FaultsScreen id={route.id} local={local} />;
    case "nowhere":
      return <Nowhere />;
  }
}

function Nowhere() {
  return (
    <>
      <HiddenHead title="Nothing here" />
      <Empty
        icon={HeartCrack}
        title="Page not found"
        actions={<ButtonLink href={to.feed()}>Go to the feed</ButtonLink>}
      >
        The link may be incomplete, or from another version of this page.
      </Empty>
    </>
  );
}

interface Place {
  label: string;
  href: string;
  icon: LucideIcon;
  screens: readonly Route["screen"][];
}

const PLACES: readonly Place[] = [
  { label: "Playground", href: to.playground, icon: SquarePen, screens: ["playground"] },
  { label: "Feed", href: to.feed(), icon: Rows3, screens: ["feed", "generation", "review"] },
  { label: "Cards", href: to.cards(), icon: Layers, screens: ["cards"] },
  { label: "Usage", href: to.usage, icon: ChartColumn, screens: ["usage"] },
];
const FAULTS: Place = { label: "Faults", href: to.faults(), icon: HeartCrack, screens: ["faults"] };

function Side({ route }: { route: Route }) {
  const { local } = useSettings();
  const places = local === null ? PLACES : [...PLACES, FAULTS];
  return (
    <header className="side">
      <a className="brand" href={to.playground}>
        <Mark />
        Unstuck
      </a>
      <nav className="nav" aria-label="Screens">
        {places.map(({ label, href, icon: Icon, screens }) => (
          <a
            key={label}
            className="nav-link"
            href={href}
            aria-current={screens.includes(route.screen) ? "page" : undefined}
          >
            <Icon aria-hidden />
            {label}
          </a>
        ))}
      </nav>
      <div className="side-foot">
        <User />
        <ThemeSwitch />
      </div>
    </header>
  );
}

function User() {
  const { user, signOut } = useSettings();
  return (
    <>
      <p className="user" title={`Signed in as ${user}, in this tab`}>
        <span className="initial" aria-hidden>
          {user.slice(0, 1)}
        </span>
        <span className="unseen">Signed in as </span>
        <span className="user-name">{user}</span>
      </p>
      <Button look="quiet" icon={LogOut} aria-label="Sign out" title="Sign out" onClick={signOut} />
    </>
  );
}

function ThemeSwitch() {
  const theme = useTheme();
  const other = theme === "dark" ? "light" : "dark";
  return (
    <Button
      look="quiet"
      icon={theme === "dark" ? Sun : Moon}
      aria-label={`Switch to the ${other} theme`}
      title={`Switch to the ${other} theme`}
      onClick={() => chooseTheme(other)}
    />
  );
}

/** The logo: a path that goes down and comes up again. */
export function Mark() {
  return (
    <svg viewBox="0 0 32 32" aria-hidden>
      <rect width="32" height="32" rx="8" fill="#3d4bc4" />
      <g fill="none" stroke="#fff" strokeWidth="3.2" strokeLinecap="round" strokeLinejoin="round">
        <path d="M10 8v8a6 6 0 0 0 12 0v-2" />
        <path d="m18 12 4-4 4 4" />
      </g>
    </svg>
  );
}
