import assert from 'node:assert/strict';
import { join } from 'node:path';
import { attempt, run } from '../../../../agent/host/exec.ts';
import * as files from '../../../../image/lib/files.ts';
import { leasedNetwork } from '../../guests/debian.ts';
import { arrive, leave, openDebian, servedKeys } from '../../guests/leave.ts';
import type { Site } from '../../harness/site.ts';
import type { World } from '../../world.ts';

/** An old system whose sshd is not where others have it: another port, its host key elsewhere, with a certificate. */

const configuration = `Port 2222
HostKey /opt/sshd/identity
HostCertificate /opt/sshd/identity-cert.pub
AuthorizedKeysFile /opt/sshd/people/%u
`;

/** A certificate authority for hosts, and what it says of this machine's key (ssh-keygen(1), CERTIFICATES). */
async function certify(site: Site): Promise<{ authority: string; certificate: string }> {
  const authority = join(site.directory, 'authority');
  const host = join(site.directory, 'identity.pub');
  files.write(host, `${site.keys.host.public}\n`);
  const keygen = (doing: string, ...args: string[]) =>
    run({ doing, argv: ['ssh-keygen', '-q', ...args], timeoutSeconds: 20 });
  await keygen('making a certificate authority', '-t', 'ed25519', '-N', '', '-f', authority);
  await keygen(
    'certifying the host key',
    ...['-s', authority, '-I', 'rented', '-h', '-n', '127.0.0.1', '-V', '-1d:+30d', host],
  );
  return {
    authority: files.readText(`${authority}.pub`),
    certificate: files.readText(join(site.directory, 'identity-cert.pub')),
  };
}

/** Logs in where nothing but the authority is known, and the machine has to show a certificate. */
async function byCertificate(site: Site, authority: string): Promise<number> {
  const known = join(site.directory, 'known-authorities');
  files.write(known, `@cert-authority * ${authority}`);
  const options = {
    ...{ BatchMode: 'yes', IdentitiesOnly: 'yes', StrictHostKeyChecking: 'yes', UserKnownHostsFile: known },
    ...{ GlobalKnownHostsFile: '/dev/null', HostKeyAlgorithms: 'ssh-ed25519-cert-v01@openssh.com' },
  };
  const { exitCode } = await attempt({
    doing: 'logging in by a host certificate',
    argv: [
      ...['ssh', '-F', '/dev/null', '-i', site.keys.user.file, '-p', String(site.unlockPort)],
      ...Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]),
      ...['root@127.0.0.1', 'true'],
    ],
    timeoutSeconds: 120,
  });
  return exitCode;
}

export const movedSshdWorlds: World[] = [
  {
    name: 'kexec-moved-sshd',
    about:
      "sshd of the old system has port 2222, its host key elsewhere and a host certificate: so has the rescue system's",
    limitSeconds: 900,
    script: async site => {
      const old = await openDebian(site, { network: leasedNetwork }, { memoryMiB: 512 });
      const { authority, certificate } = await certify(site);
      await old.ssh.run('mkdir -p /opt/sshd/people');
      await old.ssh.run('cat >/opt/sshd/identity-cert.pub', { stdin: certificate });
      await old.ssh.run('cat >/etc/ssh/sshd_config.d/moved.conf', { stdin: configuration });
      // In one go: once the keys are elsewhere, the sshd that runs lets nobody in.
      const move = [
        'mv /root/.ssh/authorized_keys /opt/sshd/people/root',
        'mv /etc/ssh/ssh_host_ed25519_key /opt/sshd/identity',
        'rm /etc/ssh/ssh_host_*',
        'sshd -t',
        'systemctl restart ssh',
      ];
      await old.ssh.run(move.join(' && '));

      const ssh = site.ssh({ port: site.unlockPort });
      await ssh.waitUntilUp(60);
      assert.equal(await byCertificate(site, authority), 0, 'the old system shows its certificate');
      const said = await leave({ ...old, ssh }, '--return-after 0');
      assert.match(said, /\b2222\b/, 'the port is said');
      await arrive({ ...old, ssh });
      assert.match(await ssh.run('cat /etc/os-release'), /VARIANT_ID="?installer/);
      assert.equal(await servedKeys(ssh), `${site.keys.host.public}\n`, 'the host key, and no other one');
      assert.equal(await byCertificate(site, authority), 0, 'and so does the new one');
      const usual = await site.ssh().attempt('true', { seconds: 30 });
      assert.equal(usual.exitCode, 255, 'nobody listens on port 22');
    },
  },
];
