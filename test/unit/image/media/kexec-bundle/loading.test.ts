import { execFileSync } from 'node:child_process';
import { shell, underEachShell } from './shells.ts';

underEachShell(
  "kexec's flags: what nixos-anywhere gives; only kexec_load can leave out its checks",
  (t, argv) => {
    const directory = t.testdir({
      kexec: '#!/bin/sh\necho "$*"\nexit 1\n',
      'command-line': 'a b\n',
      bundle: { kernel: 'vmlinuz.efi\n' },
    });
    execFileSync('chmod', ['+x', `${directory}/kexec`]);
    const { stdout } = shell(
      argv,
      'dmesg() { :; }; read_options --kexec-extra-flags "--no-checks --mem-max=0x40000000"; load',
      { here: `${directory}/bundle`, memory: directory },
    );
    const rest = `--mem-max=0x40000000 --load ${directory}/bundle/vmlinuz.efi --initrd=${directory}/initrd --command-line=a b\n`;
    t.equal(stdout, `-c --no-checks ${rest}-s ${rest}`);
  },
);

underEachShell(
  'a kernel that cannot be loaded is reported, with the reason where the kernel names it',
  (t, argv) => {
    const directory = t.testdir({
      kexec: '#!/bin/sh\necho "kexec failed: $1" >&2\nexit 1\n',
      'command-line': '',
    });
    execFileSync('chmod', ['+x', `${directory}/kexec`]);
    const load = (says: string, secureBoot: boolean) =>
      shell(argv, `dmesg() { echo "${says}"; }; secure_boot() { ${secureBoot}; }; load`, {
        memory: directory,
        here: '/bundle',
      });
    const appraised =
      'ima: impossible to appraise a kernel image without a file descriptor; try another syscall.';
    const rows: [says: string, secureBoot: boolean, status: number, error: RegExp][] = [
      [
        'kexec: out of luck',
        false,
        12,
        /^error KEXEC_LOAD: .*-c\nkexec failed: -s\n {2}next: .*\nkexec: out of luck\n$/,
      ],
      [
        "Can't kexec: CPUs are stuck in the kernel.",
        false,
        12,
        /^error KEXEC_LOAD: .* \(PSCI\)\n {2}next: start nix-dabei from a medium .*\n$/,
      ],
      [appraised, false, 10, /^error PREFLIGHT_IMA: .*\n {2}next: remove ima_policy= .*\n$/],
      [appraised, true, 10, /^error PREFLIGHT_SECURE_BOOT: .*\n {2}next: switch Secure Boot off .*\n$/],
    ];
    for (const [says, secureBoot, status, error] of rows) {
      const result = load(says, secureBoot);
      t.equal(result.status, status, says);
      t.match(result.stderr, error, says);
    }
  },
);

underEachShell('without the image, a shell still finds reasons to refuse', (t, argv) => {
  const ip = (output: string) => `#!/bin/sh\necho "${output}"\n`;
  const directory = t.testdir({
    bundle: { initrd: 'x'.repeat(4096), kernel: 'bzImage\n', bzImage: 'x' },
    routed: { ip: ip('default via 192.0.2.1 dev eth0'), 'command-line': `${'x'.repeat(2047)}\n` },
    cut: { ip: ip(''), 'command-line': `${'x'.repeat(2048)}\n` },
  });
  execFileSync('chmod', ['+x', `${directory}/routed/ip`, `${directory}/cut/ip`]);
  const check = (memory: string) =>
    shell(argv, 'check_kexec() { :; }; shell_checks; stop_if_refused', {
      here: `${directory}/bundle`,
      memory: `${directory}/${memory}`,
    });
  const good = check('routed');
  t.equal(good.status, 0, good.stderr);
  const bad = check('cut');
  t.equal(bad.status, 10);
  t.match(bad.stderr, /^error PREFLIGHT_COMMAND_LINE: [^]*^error PREFLIGHT_NO_DEFAULT_ROUTE: /m);
  t.equal(bad.stdout, 'refused; nothing was changed\n');
});

underEachShell('memory, by figures', (t, argv) => {
  const { status, stderr } = shell(argv, 'wc() { echo 8796093022208; }; check_memory; stop_if_refused', {
    here: t.testdir({ initrd: '', kernel: 'bzImage\n', bzImage: '' }),
  });
  t.equal(status, 10);
  t.match(stderr, /^error PREFLIGHT_MEMORY: \d+ MiB of RAM are available, loading takes 25165836 MiB$/m);
});
