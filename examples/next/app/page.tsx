import { Stories } from "./stories";

// A server component: the hooks bring their own "use client", and this page none.
export default function Page() {
  return <Stories />;
}
