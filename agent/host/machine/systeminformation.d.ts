/** Only this part of systeminformation: the whole package would be a quarter of dabei's size. */
declare module 'systeminformation/lib/memory.js' {
  import type { Systeminformation } from 'systeminformation';

  export function mem(): Promise<Systeminformation.MemData>;
}
