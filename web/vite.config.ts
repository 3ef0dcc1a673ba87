import { readFileSync } from "node:fs";
import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { configDefaults, defineConfig } from "vitest/config";

// For development: `UNSTUCK_PAGE=http://127.0.0.1:PORT npm run dev` takes local settings from a running stack.
const stack = process.env.UNSTUCK_PAGE;

// The stack only answers its own page, so the proxy uses that page's origin.
const proxied = (target: string) => ({
  "/config.json": target,
  "/faults": { target, headers: { origin: new URL(target).origin } },
});

export default defineConfig({
  base: "./",
  plugins: [react(), fontLicense()],
  resolve: { dedupe: ["react", "react-dom", "@tanstack/react-query"] },
  server: {
    fs: { allow: [".."] },
    ...(stack !== undefined && { proxy: proxied(stack) }),
  },
  build: {
    license: { fileName: "licenses.txt" },
    target: "es2023",
    sourcemap: false,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  test: { include: ["src/**/*.test.{ts,tsx}"], exclude: configDefaults.exclude },
});

/** The font's licence is shipped with the font; Vite collects those of the code itself. */
function fontLicense(): Plugin {
  return {
    name: "font-license",
    generateBundle() {
      const source = readFileSync("node_modules/@fontsource-variable/inter/LICENSE", "utf8");
      this.emitFile({ type: "asset", fileName: "assets/inter-license.txt", source });
    },
  };
}
