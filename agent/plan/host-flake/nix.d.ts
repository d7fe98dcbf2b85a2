/** Nix files as text: esbuild's text loader imports them; in tests, test/support/nix-text.mjs does. */
declare module '*.nix' {
  const text: string;
  export default text;
}

declare module '*.sh' {
  const text: string;
  export default text;
}
