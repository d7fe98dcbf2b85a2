declare const DABEI_VERSION: string;

/** Of nix-dabei, as package.json has it; the builder puts it in (image/agent/bundle.ts). */
export const version = typeof DABEI_VERSION === 'undefined' ? 'from source' : DABEI_VERSION;
