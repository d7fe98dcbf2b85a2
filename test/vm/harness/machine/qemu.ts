/**
 * What a virtual machine is, as data, and the QEMU command line that it comes to. Pure; machine.ts starts it.
 * Options and devices: qemu-system-x86_64(1).
 */

import { target } from '../../../../image/lib/target.ts';
import type { Redirection } from '../packets.ts';
import { option, systemArguments, type System } from './system.ts';

export interface DiskOptions {
  /** Raw image, see disk.ts. */
  file: string;
  serial: string;
  /** "cd": a CD in a drive, "usb": a stick. */
  interface?: 'virtio' | 'nvme' | 'scsi' | 'ide' | 'cd' | 'usb';
  sectorBytes?: 512 | 4096;
  readOnly?: boolean;
}

export interface NetworkOptions {
  /** Third byte of the slirp network 10.0.N.0/24: host 10.0.N.2, DNS 10.0.N.3, first lease 10.0.N.15. */
  subnet?: number;
  mac?: string;
  model?: 'virtio-net-pci' | 'e1000e' | 'pcnet';
  /** The guest reaches nothing outside its network; forwarded ports still work. */
  restrict?: boolean;
  /** Ports of 127.0.0.1 that lead into the guest. */
  forward?: readonly { hostPort: number; guestAddress?: string; guestPort: number }[];
  /** Directory served by TFTP, and the file in it that DHCP names as boot file. */
  tftp?: { directory: string; bootFile: string };
  /** The network is 169.254.169.0/24, and 169.254.169.254:80 leads to this port of 127.0.0.1: a provider's metadata. */
  metadataPort?: number;
  /** A tap device in place of slirp; nothing of the above but the MAC address counts. */
  tap?: string;
  /** The cable is out. */
  linkDown?: boolean;
  /** So many cards on the network, as on a switch; the first has the name and the MAC of a single one. */
  cards?: number;
  /**
   * Two UNIX sockets between guest and slirp, for each direction: every packet comes out of the first and goes on only when
   * it is put into the second (packets.ts).
   */
  redirections?: Partial<Record<Direction, Redirection>>;
}

export type Direction = 'fromGuest' | 'toGuest';

export type BootSource =
  | { from: 'kernel'; kernel: string; initrd?: string; append: string }
  | { from: 'disk' }
  | { from: 'network' };

/** "secure-boot": UEFI that starts only what Microsoft's or the machine's own keys have signed. */
export type Firmware = 'bios' | 'uefi' | 'secure-boot';

export interface QemuOptions {
  accelerator: 'kvm' | 'tcg';
  memoryMiB: number;
  cpus: number;
  /** Emulated processor, as -cpu takes it; ignored with KVM. */
  cpu?: string;
  firmware: Firmware;
  /** UEFI: the code, read-only, and this machine's own copy of the variable store. */
  ovmf?: { code: string; variables: string };
  boot: BootSource;
  disks: readonly DiskOptions[];
  networks: readonly NetworkOptions[];
  /**
   * One instruction of the guest takes one nanosecond of its clocks, whatever the host does meanwhile; only while the guest
   * waits do they follow the host's clock (QEMU's -icount). One processor, emulated.
   */
  counted?: boolean;
  /** The hardware clock at power on, for example "2011-11-11T11:11:00"; without it, the time of the host. */
  clock?: string;
  /** Intel's 6300ESB, which resets the machine. */
  watchdog?: boolean;
  /** A VGA card, of which QMP's screendump makes a picture. */
  display?: boolean;
  system?: System;
  qmpSocket: string;
}

/**
 * The arguments after the program's name. The serial line is the program's own standard input and output; a reset by
 * the guest ends the program, so that "boots from disk by itself" is always a new machine without kernel and initrd.
 */
export function qemuArguments(options: QemuOptions): string[] {
  const { boot, firmware } = options;
  return [
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot'],
    ...[
      '-machine',
      firmware === 'secure-boot' ? `${target.qemu.machine},smm=on` : target.qemu.machine,
      '-cpu',
      options.accelerator === 'kvm' ? 'host' : (options.cpu ?? target.qemu.processor),
    ],
    ...(options.counted === true
      ? ['-accel', 'tcg,thread=single', '-icount', 'shift=0']
      : ['-accel', options.accelerator === 'tcg' ? 'tcg,thread=multi' : 'kvm']),
    ...['-smp', String(options.cpus), '-m', `${options.memoryMiB}M`],
    ...['-chardev', 'stdio,id=serial,signal=off', '-serial', 'chardev:serial'],
    ...['-qmp', option(`unix:${options.qmpSocket}`, { server: 'on', wait: 'off' })],
    ...(options.clock === undefined ? [] : ['-rtc', option('', { base: options.clock }).slice(1)]),
    ...systemArguments(options.system ?? {}),
    ...['-device', 'virtio-rng-pci'],
    ...(options.watchdog === true ? ['-device', 'i6300esb'] : []),
    ...(options.display === true ? ['-device', 'VGA'] : []),
    ...(firmware === 'bios' ? [] : firmwareArguments(options)),
    ...(boot.from === 'kernel'
      ? [
          ...['-kernel', boot.kernel, '-append', boot.append],
          ...(boot.initrd === undefined ? [] : ['-initrd', boot.initrd]),
        ]
      : []),
    ...diskArguments(options.disks, boot.from === 'disk'),
    ...options.networks.flatMap((network, index) =>
      networkArguments(network, index, boot.from === 'network', firmware === 'bios'),
    ),
  ];
}

function firmwareArguments({ firmware, ovmf }: QemuOptions): string[] {
  if (ovmf === undefined) throw new Error(`firmware ${firmware} needs ovmf`);
  // Only the firmware's own mode (SMM) may write the variables, and it cannot be interrupted by S3 (OvmfPkg/README of edk2).
  const guarded = [
    ...['-global', 'driver=cfi.pflash01,property=secure,value=on'],
    ...['-global', 'ICH9-LPC.disable_s3=1'],
  ];
  return [
    ...(firmware === 'secure-boot' ? guarded : []),
    ...['-drive', option('if=pflash,unit=0,format=raw,readonly=on', { file: ovmf.code })],
    ...['-drive', option('if=pflash,unit=1,format=raw', { file: ovmf.variables })],
  ];
}

function diskArguments(disks: readonly DiskOptions[], bootable: boolean): string[] {
  const needs = (kind: DiskOptions['interface']) => disks.some(disk => disk.interface === kind);
  return [
    ...(needs('scsi') || (needs('cd') && !target.qemu.sata) ? ['-device', 'virtio-scsi-pci,id=scsi'] : []),
    ...(needs('usb') ? ['-device', 'qemu-xhci,id=usb'] : []),
    ...disks.flatMap((disk, index) => {
      const drive = `disk${index}`;
      const properties = {
        drive,
        serial: disk.serial,
        logical_block_size: disk.sectorBytes,
        physical_block_size: disk.sectorBytes,
        bootindex: bootable ? index + 1 : undefined,
      };
      const backend = option('if=none,format=raw,cache=unsafe,discard=unmap', {
        id: drive,
        media: disk.interface === 'cd' ? 'cdrom' : undefined,
        readonly: disk.readOnly || disk.interface === 'cd' ? 'on' : undefined,
        file: disk.file,
      });
      return ['-drive', backend, '-device', option(diskDevice(disk, index), properties)];
    }),
  ];
}

function diskDevice(disk: DiskOptions, index: number): string {
  switch (disk.interface ?? 'virtio') {
    case 'virtio':
      return 'virtio-blk-pci';
    case 'nvme':
      return 'nvme';
    case 'scsi':
      return 'scsi-hd,bus=scsi.0';
    case 'ide':
      // q35's own AHCI controller, six ports.
      return `ide-hd,bus=ide.${index}`;
    case 'cd':
      return target.qemu.sata ? `ide-cd,bus=ide.${index}` : 'scsi-cd,bus=scsi.0';
    case 'usb':
      return 'usb-storage,bus=usb.0';
  }
}

/** "52:54:00" is the prefix that QEMU uses. */
export function macOf(network: NetworkOptions, index: number): string {
  return network.mac ?? `52:54:00:da:be:${(index + 1).toString(16).padStart(2, '0')}`;
}

/** The address that slirp's DHCP server gives to the first that asks. */
export function leasedAddress(network: NetworkOptions): string {
  return network.metadataPort === undefined ? `10.0.${network.subnet ?? 2}.15` : '169.254.169.15';
}

function networkArguments(
  network: NetworkOptions,
  index: number,
  bootable: boolean,
  bios: boolean,
): string[] {
  const subnet = network.subnet ?? 2;
  const id = `net${index}`;
  const backend = option('user', {
    id,
    net: network.metadataPort === undefined ? `10.0.${subnet}.0/24` : '169.254.169.0/24',
    // slirp's default prefix is fec0::/64 for every one of its networks; two of them in a guest must differ.
    'ipv6-net': `fd00:da:be:${subnet.toString(16)}::/64`,
    restrict: network.restrict ? 'on' : undefined,
    tftp: network.tftp?.directory,
    bootfile: network.tftp?.bootFile,
    // For each connection, QEMU starts the program anew.
    guestfwd:
      network.metadataPort === undefined
        ? undefined
        : `tcp:169.254.169.254:80-cmd:busybox nc 127.0.0.1 ${network.metadataPort}`,
  });
  const forwards = (network.forward ?? []).map(
    ({ hostPort, guestAddress, guestPort }) =>
      `,hostfwd=tcp:127.0.0.1:${hostPort}-${guestAddress ?? leasedAddress(network)}:${guestPort}`,
  );
  const netdev =
    network.tap === undefined
      ? ['-netdev', backend + forwards.join('')]
      : ['-netdev', option('tap', { id, ifname: network.tap, script: 'no', downscript: 'no' })];
  const card = (name: string, from: string, mac: string) => [
    '-device',
    option(network.model ?? 'virtio-net-pci', {
      id: name,
      netdev: from,
      mac,
      bootindex: bootable ? index + 1 : undefined,
      // Without a boot ROM a BIOS does not try the network, which is faster when it is not asked to. UEFI has a driver of
      // its own, and the iPXE in QEMU's ROM would stand before the one that is fetched.
      romfile: bootable && bios ? undefined : '',
    }),
  ];
  const filters = filterArguments(network, index);
  const { cards = 1 } = network;
  const mac = macOf(network, index);
  if (cards === 1) return [...netdev, ...card(`nic${index}`, id, mac), ...filters];
  const port = (name: string, properties: Record<string, string> = {}) => [
    '-netdev',
    option('hubport', { id: name, hubid: index, ...properties }),
  ];
  return [
    ...netdev,
    ...port(`hub${index}`, { netdev: id }),
    ...Array.from({ length: cards }, (_, number) => {
      const name = number === 0 ? `nic${index}` : `nic${index}-${number}`;
      const last = (Number.parseInt(mac.slice(-2), 16) + 16 * number).toString(16).padStart(2, '0');
      return [...port(`${name}-port`), ...card(name, `${name}-port`, mac.slice(0, -2) + last)];
    }).flat(),
    ...filters,
  ];
}

function filterArguments({ redirections = {} }: NetworkOptions, index: number): string[] {
  const { fromGuest, toGuest } = redirections;
  const socket = (id: string, path: string) => [
    '-chardev',
    option('socket', { id: `${id}${index}`, path, server: 'on', wait: 'off' }),
  ];
  const redirector = (id: string, queue: 'rx' | 'tx', way: 'indev' | 'outdev', chardev: string) => [
    '-object',
    option('filter-redirector', {
      id: `${id}${index}`,
      netdev: `net${index}`,
      queue,
      [way]: `${chardev}${index}`,
    }),
  ];
  // What slirp receives passes the filters from the last to the first, what it sends from the first to the last
  // (qemu, net/filter.c, netfilter_next).
  return [
    ...(fromGuest === undefined
      ? []
      : [
          ...socket('packets-out', fromGuest.outSocket),
          ...socket('packets-in', fromGuest.inSocket),
          ...redirector('filter-in', 'rx', 'indev', 'packets-in'),
          ...redirector('filter-out', 'rx', 'outdev', 'packets-out'),
        ]),
    ...(toGuest === undefined
      ? []
      : [
          ...socket('answers-out', toGuest.outSocket),
          ...socket('answers-in', toGuest.inSocket),
          ...redirector('answers-filter-out', 'tx', 'outdev', 'answers-out'),
          ...redirector('answers-filter-in', 'tx', 'indev', 'answers-in'),
        ]),
  ];
}
