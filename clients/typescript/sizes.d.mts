/** The exports of `sizes.mjs` that a test uses. Sizes are in bytes, minified and gzipped. */
type Name = "client" | "client with hooks" | "live channel" | "page";
export declare const BOUNDS: Readonly<Record<Name, { before: number; most: number }>>;
export declare function sizes(): Promise<Record<Name, number>>;
export declare function bundled(code: string): Promise<number>;
