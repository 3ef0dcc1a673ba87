// Starts the page: reads config.json and shows the page, or the reason why it cannot.

import "./styles/fonts.css";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/ui.css";
import "./styles/shell.css";
import "./styles/screens.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app";
import { loadConfig } from "./config";
import { startTheme } from "./theme";
import { HiddenHead, Notice } from "./ui/parts";

startTheme();
const place = document.getElementById("page");
if (place === null) throw new Error("index.html has no place for the page");
const root = createRoot(place);

loadConfig().then(
  (config) =>
    root.render(
      <StrictMode>
        <App config={config} />
      </StrictMode>,
    ),
  (error: unknown) =>
    root.render(
      <main className="signin">
        <div className="signin-box">
          <HiddenHead title="No configuration" />
          <Notice tone="bad" role="alert" title="The page cannot find its service">
            <p>{error instanceof Error ? error.message : String(error)}</p>
            <p>Put config.json next to index.html. docs/deploying.md describes its content.</p>
          </Notice>
        </div>
      </main>,
    ),
);
