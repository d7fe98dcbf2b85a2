import { start, openQuestion, reply, type State } from '../../../agent/setup/machine.ts';
import type { Remark, World } from '../../../agent/setup/question.ts';
import { mediumGuids } from '../../../agent/plan/disks/medium.ts';
import { content, disk, facts, GiB } from '../../fixtures/disks.ts';

/** Machines and answers for tests of the guided installation. */

export const key =
  'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIC0ADEVyLp5qGIfL8GQiTcQhQ5UPBhO2vcg5wH8pBvpW me@laptop';
export const otherKey =
  'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPKJvTvJg0sWhRzYr2yWGBQXgWCl1vcRyTm+AoSMrEB you@desk';
export const passphrase = 'correct horse battery staple';

export const target = disk({ serial: 'target' });
/** A disk with somebody's data. */
export const used = disk({
  path: '/dev/sda',
  aliases: ['/dev/disk/by-id/ata-WDC_WD40_A1'],
  sizeBytes: 4000 * GiB,
  model: 'WDC WD40',
  serial: 'A1',
  transport: 'sata',
  contents: [
    content('/dev/sda', { deviceType: 'disk', signature: 'gpt', sizeBytes: 4000 * GiB }),
    content('/dev/sda1', { signature: 'ext4', label: 'photos', sizeBytes: 3999 * GiB }),
  ],
});
export const second = disk({
  path: '/dev/vdb',
  aliases: ['/dev/disk/by-path/pci-0000:00:05.0'],
  serial: 'second',
});
export const third = disk({
  path: '/dev/vdc',
  aliases: ['/dev/disk/by-path/pci-0000:00:06.0'],
  serial: 'third',
});
export const medium = disk({
  path: '/dev/sdz',
  aliases: [],
  serial: 'stick',
  transport: 'usb',
  removable: true,
  bootMedium: true,
});

/** The disk that the machine was started from: nix-dabei.img was written onto it. */
export const started = disk({
  serial: 'own',
  contents: [
    content('/dev/vda', { deviceType: 'disk', signature: 'gpt' }),
    content('/dev/vda1', { partUuid: mediumGuids.biosBoot }),
    content('/dev/vda2', { partUuid: mediumGuids.esp, signature: 'vfat', label: 'NIXDABEI' }),
  ],
});

export const card = {
  name: 'eth0',
  mac: '52:54:00:12:34:56',
  driver: 'virtio_net',
  modalias: null,
  carrier: true,
  mtu: 1500,
};
export const otherCard = { ...card, name: 'eth1', mac: '52:54:00:12:34:57', carrier: false };

export function world(overrides: Partial<World> = {}): World {
  return {
    facts: facts([target], { links: [card] }),
    base: {},
    isOnline: true,
    loginKey: null,
    presentKeys: [],
    epochSeconds: 1_780_000_000,
    ...overrides,
  };
}

/** What was asked, and what was said to each answer: "disks < /dev/vda: ok nothing is on it". */
export interface Talk {
  state: State;
  /** Questions, in the order in which they were asked. */
  asked: string[];
  remarks: Remark[];
  needs: string[];
}

/** Gives one answer after the other; needs are left open. */
export function talk(world: World, lines: readonly string[]): Talk {
  const said: Talk = { state: start(world, undefined), asked: [], remarks: [], needs: [] };
  for (const line of lines) {
    said.asked.push(openQuestion(said.state)?.id ?? 'none');
    const { state, remarks, need } = reply(said.state, line);
    said.state = state;
    said.remarks.push(...remarks);
    if (need !== null) said.needs.push(need.kind);
  }
  return said;
}
