/** Where things lie in the running installer. */
export const paths = {
  /** Files that kexec or iPXE appended to the initramfs, and facts that /init left; root-only. */
  bootDirectory: '/run/dabei/boot',
  /** What was on the kernel command line, secrets included; /proc/cmdline itself is covered by a redacted copy. */
  commandLine: '/run/dabei/boot/cmdline',
  /** The kernel of this start, where the boot loader handed it over once more. */
  kernel: '/run/dabei/boot/kernel',
  /** What the initrd of this start had in it. */
  initrdDirectory: '/run/dabei/initrd',
  /** State that `dabei status` shows; one JSON object. */
  status: '/run/dabei/status.json',
  /** Who gets a shell at the consoles (/usr/lib/dabei/console); root-only. */
  consoleDirectory: '/run/dabei/console',
  /** What the status screen shows, by console; root-only. It exists where a console has one. */
  screenDirectory: '/run/dabei/screen',
  /** Process id of the dabei that draws the screen. */
  screenDrawer: '/run/dabei/screen/drawer',
  /** Root's random password, as long as it counts. */
  screenPassword: '/run/dabei/screen/password',
  /** Wireless networks as dabei was given them, passphrases included; root-only, and hidden from Nix. */
  wifiDirectory: '/run/dabei/wifi',
  /** Why this rescue system runs, where the first boot of the installed system was on trial. */
  trial: '/run/dabei/trial',
  /** Why the installation could not put the first boot on trial. */
  noTrial: '/run/dabei/no-trial',
  /** Makes sshd accept it. */
  passwordLogin: '/etc/ssh/sshd_config.d/password.conf',
  /** Removes both, for good. */
  noPasswordProgram: '/usr/lib/dabei/no-password',
  log: '/var/log/dabei.jsonl',
  /** Process id of the one dabei that may change the machine. */
  lock: '/run/dabei/lock',
  /** Cancels the return for good and ends when nothing counts down any more; does nothing where it was never armed. */
  stayProgram: '/usr/lib/dabei/stay',
} as const;
