// Tabs, by Base UI: arrow keys move between them.

import { Tabs as Parts } from "@base-ui/react/tabs";
import type { ReactNode } from "react";

export interface Tab {
  name: string;
  label: string;
  content: ReactNode;
}

export function Tabs({ label, tabs }: { label: string; tabs: readonly Tab[] }) {
  return (
    <Parts.Root defaultValue={tabs[0]?.name} className="stack-tight">
      <Parts.List className="tabs-list" aria-label={label} activateOnFocus>
        {tabs.map((tab) => (
          <Parts.Tab key={tab.name} value={tab.name} className="tab">
            {tab.label}
          </Parts.Tab>
        ))}
      </Parts.List>
      {tabs.map((tab) => (
        <Parts.Panel key={tab.name} value={tab.name}>
          {tab.content}
        </Parts.Panel>
      ))}
    </Parts.Root>
  );
}
