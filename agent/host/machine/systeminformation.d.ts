/** A part of systeminformation: the whole would be a quarter of the program. */
declare module 'systeminformation/lib/memory.js' {
  import type { Systeminformation } from 'systeminformation';

  export function mem(): Promise<Systeminformation.MemData>;
}
