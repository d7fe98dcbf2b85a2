import t from 'tap';
import {
  leasedAddress,
  macOf,
  qemuArguments,
  type DiskOptions,
  type QemuOptions,
} from '../../../../vm/harness/machine/qemu.ts';

const base: QemuOptions = {
  accelerator: 'tcg',
  memoryMiB: 512,
  cpus: 2,
  firmware: 'bios',
  boot: { from: 'disk' },
  disks: [],
  networks: [],
  qmpSocket: '/tmp/vm/qmp',
};

/** All values that follow an option's name. */
function valuesOf(name: string, options: Partial<QemuOptions>): string[] {
  const args = qemuArguments({ ...base, ...options });
  return args.flatMap((arg, index) => (arg === name ? [args[index + 1]!] : []));
}

t.test('a reset ends the machine, and nothing is there that was not asked for', async t => {
  const args = qemuArguments(base);
  for (const flag of ['-nodefaults', '-no-user-config', '-no-reboot']) t.ok(args.includes(flag), flag);
  for (const flag of ['-kernel', '-initrd', '-append', '-netdev', '-rtc']) t.notOk(args.includes(flag), flag);
  t.same(valuesOf('-m', {}), ['512M']);
  t.same(valuesOf('-qmp', {}), ['unix:/tmp/vm/qmp,server=on,wait=off']);
});

t.test('accelerators', async t => {
  t.same(valuesOf('-accel', { accelerator: 'kvm' }), ['kvm']);
  t.same(valuesOf('-cpu', { accelerator: 'kvm' }), ['host']);
  t.same(valuesOf('-accel', {}), ['tcg,thread=multi']);
});

t.test('kernel and initrd', async t => {
  const boot = {
    from: 'kernel',
    kernel: '/out/bzImage',
    initrd: '/out/initrd',
    append: 'console=ttyS0 a=b,c',
  } as const;
  t.same(valuesOf('-kernel', { boot }), ['/out/bzImage']);
  t.same(valuesOf('-initrd', { boot }), ['/out/initrd']);
  t.same(valuesOf('-append', { boot }), ['console=ttyS0 a=b,c']);
});

t.test('disks', async t => {
  const rows: [interface_: DiskOptions['interface'], device: string][] = [
    [undefined, 'virtio-blk-pci,drive=disk0,serial=target'],
    ['virtio', 'virtio-blk-pci,drive=disk0,serial=target'],
    ['nvme', 'nvme,drive=disk0,serial=target'],
    ['scsi', 'scsi-hd,bus=scsi.0,drive=disk0,serial=target'],
    ['ide', 'ide-hd,bus=ide.0,drive=disk0,serial=target'],
    ['cd', 'ide-cd,bus=ide.0,drive=disk0,serial=target'],
    ['usb', 'usb-storage,bus=usb.0,drive=disk0,serial=target'],
  ];
  for (const [kind, device] of rows) {
    const disk = { file: '/d.raw', serial: 'target', ...(kind ? { interface: kind } : {}) };
    const boot = { from: 'kernel', kernel: '/k', append: '' } as const;
    t.ok(valuesOf('-device', { boot, disks: [disk] }).includes(device), `${kind}`);
    t.ok(valuesOf('-device', { disks: [disk] }).includes(`${device},bootindex=1`), `${kind}, booted from`);
  }
  const disk = { file: '/a,b.raw', serial: 's', sectorBytes: 4096, readOnly: true } as const;
  t.same(valuesOf('-drive', { disks: [disk] }), [
    'if=none,format=raw,cache=unsafe,discard=unmap,id=disk0,readonly=on,file=/a,,b.raw',
  ]);
  t.match(valuesOf('-device', { disks: [disk] }).join(), /logical_block_size=4096,physical_block_size=4096/);
});

t.test('UEFI needs code and variables', async t => {
  const ovmf = { code: '/code.fd', variables: '/vars.fd' };
  t.same(valuesOf('-drive', { firmware: 'uefi', ovmf }), [
    'if=pflash,unit=0,format=raw,readonly=on,file=/code.fd',
    'if=pflash,unit=1,format=raw,file=/vars.fd',
  ]);
  t.same(valuesOf('-global', { firmware: 'uefi', ovmf }), []);
  t.throws(() => qemuArguments({ ...base, firmware: 'uefi' }), /needs ovmf/);
});

t.test('a display is there on request', async t => {
  t.notOk(valuesOf('-device', {}).includes('VGA'));
  t.ok(valuesOf('-device', { display: true }).includes('VGA'));
});

t.test('with Secure Boot, only the firmware itself writes the variables', async t => {
  const options = { firmware: 'secure-boot', ovmf: { code: '/code.fd', variables: '/vars.fd' } } as const;
  t.same(valuesOf('-machine', options), ['q35,smm=on']);
  t.ok(valuesOf('-global', options).includes('driver=cfi.pflash01,property=secure,value=on'));
  t.equal(valuesOf('-drive', options).length, 2);
});

t.test('networks', async t => {
  const networks = [
    { forward: [{ hostPort: 4001, guestPort: 22 }] },
    {
      subnet: 9,
      mac: '52:54:00:00:00:01',
      restrict: true,
      forward: [{ hostPort: 4002, guestAddress: '10.0.9.50', guestPort: 2222 }],
    },
  ];
  t.same(valuesOf('-netdev', { networks }), [
    'user,id=net0,net=10.0.2.0/24,ipv6-net=fd00:da:be:2::/64,hostfwd=tcp:127.0.0.1:4001-10.0.2.15:22',
    'user,id=net1,net=10.0.9.0/24,ipv6-net=fd00:da:be:9::/64,restrict=on,hostfwd=tcp:127.0.0.1:4002-10.0.9.50:2222',
  ]);
  const cards = valuesOf('-device', { networks }).filter(device => device.startsWith('virtio-net'));
  t.same(cards, [
    'virtio-net-pci,id=nic0,netdev=net0,mac=52:54:00:da:be:01,romfile=',
    'virtio-net-pci,id=nic1,netdev=net1,mac=52:54:00:00:00:01,romfile=',
  ]);
  t.equal(macOf({}, 1), '52:54:00:da:be:02');
  t.equal(leasedAddress({ subnet: 7 }), '10.0.7.15');
});

t.test('boot over the network: the card keeps its ROM and comes first', async t => {
  const networks = [{ tftp: { directory: '/tftp', bootFile: 'netboot.ipxe' } }];
  const options = { networks, boot: { from: 'network' } } as const;
  t.match(valuesOf('-netdev', options)[0], /,tftp=\/tftp,bootfile=netboot\.ipxe$/);
  t.match(valuesOf('-device', options).join(' '), /mac=52:54:00:da:be:01,bootindex=1$/);
});

t.test('redirected packets: out first, back in behind it, in both directions', async t => {
  const networks = [
    {
      redirections: {
        fromGuest: { outSocket: '/s/out', inSocket: '/s/in' },
        toGuest: { outSocket: '/s/answers-out', inSocket: '/s/answers-in' },
      },
    },
  ];
  t.same(valuesOf('-object', { networks }), [
    'filter-redirector,id=filter-in0,netdev=net0,queue=rx,indev=packets-in0',
    'filter-redirector,id=filter-out0,netdev=net0,queue=rx,outdev=packets-out0',
    'filter-redirector,id=answers-filter-out0,netdev=net0,queue=tx,outdev=answers-out0',
    'filter-redirector,id=answers-filter-in0,netdev=net0,queue=tx,indev=answers-in0',
  ]);
  t.ok(valuesOf('-chardev', { networks }).includes('socket,id=packets-out0,path=/s/out,server=on,wait=off'));
});

t.test('two cards on one network', async t => {
  const networks = [{ cards: 2 }];
  t.same(valuesOf('-netdev', { networks }).slice(1), [
    'hubport,id=hub0,hubid=0,netdev=net0',
    'hubport,id=nic0-port,hubid=0',
    'hubport,id=nic0-1-port,hubid=0',
  ]);
  t.same(
    valuesOf('-device', { networks }).filter(device => device.startsWith('virtio-net')),
    [
      'virtio-net-pci,id=nic0,netdev=nic0-port,mac=52:54:00:da:be:01,romfile=',
      'virtio-net-pci,id=nic0-1,netdev=nic0-1-port,mac=52:54:00:da:be:11,romfile=',
    ],
  );
});

t.test('the hardware clock', async t => {
  t.same(valuesOf('-rtc', { clock: '2011-11-11T11:11:00' }), ['base=2011-11-11T11:11:00']);
});
