// Starts the page: reads config.json, then shows it, or says in plain words why it cannot.

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
          <Notice tone="bad" role="alert" title="This page does not know where its service is">
            <p>{error instanceof Error ? error.message : String(error)}</p>
            <p>config.json has to stand beside index.html; docs/deploying.md says what is in it.</p>
          </Notice>
        </div>
      </main>,
    ),
);
