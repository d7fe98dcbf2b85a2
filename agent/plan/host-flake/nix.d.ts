/** Template files of nix/host-flake, as text: esbuild's text loader, in tests test/support/nix-text.mjs. */
declare module '*.nix' {
  const text: string;
  export default text;
}
