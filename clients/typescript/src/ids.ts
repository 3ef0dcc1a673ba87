/** Makes ids, and reads the time from the server's: a UUIDv7 begins with its creation time in milliseconds. */

/** Return a random UUID. Also works on pages without TLS, where `crypto.randomUUID` is missing. */
export function randomId(): string {
  if (typeof crypto.randomUUID === "function") return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/** Return when a generation's id was made, in milliseconds since 1970 by the server's clock. */
export function madeAt(generationId: string): number {
  return Number.parseInt(generationId.slice(0, 8) + generationId.slice(9, 13), 16);
}
