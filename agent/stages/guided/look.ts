import type { WifiNetwork } from '../../config/schema.ts';
import type { Doors } from '../../host/doors.ts';
import { environment } from '../../host/environment.ts';
import { readFacts } from '../../host/machine/facts.ts';
import { readAddresses } from '../../host/machine/links.ts';
import { readStatus } from '../../host/status.ts';
import { authorizedLines, readAuthorizedKey, withoutBlanks } from '../../keys/authorized-keys.ts';
import type { Base } from '../../setup/base.ts';
import type { World } from '../../setup/question.ts';
import { lookForWifi } from './wifi.ts';

/** What the guided installation has to know of the machine; changes nothing. */

/**
 * @param keys lines of authorized_keys of the configuration
 * @param wifi the wireless networks of the configuration
 */
export async function look(
  doors: Doors,
  base: Base,
  keys: readonly string[],
  wifi: readonly WifiNetwork[],
): Promise<World> {
  const { clock, files } = doors;
  const now = clock.epochSeconds();
  const opensShell = (line: string) => readAuthorizedKey(line, now).use === 'shell';
  const here = authorizedLines(files.readText('/root/.ssh/authorized_keys') ?? '').map(withoutBlanks);
  const presentKeys = [...new Set([...keys, ...here])].filter(opensShell);
  const addresses = await readAddresses(doors);
  const silent = readStatus(doors)?.unreachableGateways ?? [];
  const isOnline = addresses.some(({ global }) => global) && silent.length === 0;
  const seen = isOnline
    ? { networks: [], configured: wifi }
    : await lookForWifi(doors, wifi, base.network?.wifiCountry);
  return {
    facts: await readFacts(doors),
    base,
    isOnline,
    wifi: seen,
    loginKey: loginKey(doors, presentKeys),
    presentKeys,
    epochSeconds: now,
  };
}

/**
 * The key by which the user of this process has logged in: sshd names it in the file of SSH_USER_AUTH (sshd_config(5), ExposeAuthInfo;
 * a line for each method, "publickey TYPE BLOB").
 * @param present lines with comments and options, of which one may have this key
 */
function loginKey({ files }: Doors, present: readonly string[]): string | null {
  const { SSH_USER_AUTH: path } = environment(/^SSH_USER_AUTH$/);
  const text = path === undefined ? null : files.readText(path);
  const key = /^publickey (\S+ \S+)$/m.exec(text ?? '')?.[1];
  if (key === undefined) return null;
  return present.find(line => line.includes(key)) ?? key;
}
