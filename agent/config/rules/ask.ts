import { valueAt, type Located } from '../located.ts';
import type { Problem } from '../report.ts';

/** An answer that anybody on the way could forge must not erase a disk. Pure. */

/** @returns a problem if `report.ask` goes over plain HTTP and nobody is named who may sign the answer */
export function askProblems(merged: Located): Problem[] {
  const [ask, url, signers] = [['report', 'ask'], ['report', 'url'], ['configSigners']].map(path =>
    valueAt(merged, path),
  );
  if (ask === undefined || url?.kind !== 'scalar' || !/^http:/i.test(String(url.value))) return [];
  if (signers?.kind === 'array' && signers.items.length > 0) return [];
  return [
    {
      code: 'REPORT_ASK_UNVERIFIED',
      ...ask.place,
      message: 'would take the answer from plain HTTP, without a signature',
      remedy: 'use https for report.url, or name in dabei.config_signer who signs the answers',
    },
  ];
}
