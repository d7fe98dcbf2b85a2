import type { ErrorCode } from '../errors.ts';

/** What the status screen shows. Every text is as dabei has it; the renderer makes it fit. */
export interface ScreenState {
  /** Name and version: "nix-dabei 0.2.0". */
  product: string;
  hostName: string;
  /** Maker and model; null where the firmware does not say. */
  machine: string | null;
  /** Of RAM. */
  memory: { freeBytes: number; totalBytes: number };
  phase: 'running' | 'failed' | 'installed' | 'planned' | 'rescue';
  stage: { name: string; index: number; of: number };
  /** Of what is being copied, from 0 to 1, and in words. */
  copied: { share: number; text: string } | null;
  reasons: readonly { code: ErrorCode; problem: string; remedy: string | null }[];
  /** Network cards and their addresses that are valid beyond the link, without prefix lengths. */
  links: readonly { name: string; addresses: readonly string[] }[];
  sshPort: number;
  /** The onion service for SSH: its address, and what there is to say of it; null without one. */
  onion: { address: string; note: string | null } | null;
  /** "SHA256:… (ED25519)", the first one counts. */
  hostKeys: readonly string[];
  /** Who can log in over SSH: the holder of a key, or of the password, or nobody. */
  login: { by: 'key' } | { by: 'password'; password: string } | { by: 'nobody' };
  /** What Enter gives at a console (agent/console/policy.ts). */
  shell: 'root' | 'password' | 'off';
}

/** Of a console, in characters. */
export interface ScreenSize {
  columns: number;
  rows: number;
}
