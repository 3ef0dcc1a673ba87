/** @type {import("next").NextConfig} */
export default { output: "export", outputFileTracingRoot: import.meta.dirname, turbopack: { root: import.meta.dirname } };
