import { join } from 'node:path';
import jsqrModule from 'jsqr';
import * as files from '../../../image/lib/files.ts';
import type { Machine } from './machine/machine.ts';

/** What a person in front of a machine sees, and what their phone reads. */

// Under Node, this CommonJS module's function is below `default`.
const jsQr = (jsqrModule as unknown as { default: typeof jsqrModule }).default;

/** The picture of a machine's display, also written as NAME.png. @returns the text of the QR code; null without a readable one */
export async function readPicture(machine: Machine, directory: string, name: string): Promise<string | null> {
  const file = (format: string) => join(directory, `${name}.${format}`);
  for (const format of ['png', 'ppm'])
    await machine.qmp.execute('screendump', { filename: file(format), format });
  const { width, height, pixels } = parsePpm(files.readBytes(file('ppm')));
  files.remove(file('ppm'));
  // A camera sees a code as it is: light on dark is not readable for many.
  return jsQr(pixels, width, height, { inversionAttempts: 'dontInvert' })?.data ?? null;
}

/** Binary portable pixmap, 8 bits a channel: ppm(5). */
function parsePpm(bytes: Buffer): { width: number; height: number; pixels: Uint8ClampedArray } {
  const head = /^P6\s+(\d+)\s+(\d+)\s+255\s/.exec(bytes.subarray(0, 64).toString('latin1'));
  if (head === null) throw new Error('the picture is not a portable pixmap');
  const [width, height] = [Number(head[1]), Number(head[2])];
  const pixels = new Uint8ClampedArray(width * height * 4).fill(255);
  for (let index = 0; index < width * height; index++)
    pixels.set(bytes.subarray(head[0].length + 3 * index, head[0].length + 3 * index + 3), 4 * index);
  return { width, height, pixels };
}
