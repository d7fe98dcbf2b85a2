import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { realDoors } from '../../../../agent/host/doors.ts';
import type { ErrorCode } from '../../../../agent/errors.ts';
import { lockAndEvaluate } from '../../../../agent/plan/nix/evaluate.ts';
import { nixSettings, type MakeNixStep } from '../../../../agent/plan/nix/nix-step.ts';
import { executeSteps } from '../../../../agent/stages/execute.ts';
import { flakeRegistry } from '../../../../image/rootfs/registry.ts';
import { imageNix } from '../../../support/image-nix.ts';
import { config } from '../machines.ts';

/** The very steps of an installation, with the image's Nix, and flakes that reach for what is not theirs. */

t.setTimeout(300_000);
const nix = await imageNix();
const secretText = 'the passphrase of the disks';

interface World {
  /** Attributes of a host's toplevel besides name, system and builder. */
  toplevel: string;
  inputs?: string;
  /** Options of the host. */
  options?: string;
}

/** @returns the error's code and message; null where it evaluates */
async function evaluate(
  work: string,
  { toplevel, inputs = '', options = '' }: World,
): Promise<{ code: ErrorCode; message: string; remedy?: string | undefined } | null> {
  const flake = join(work, 'flake');
  mkdirSync(flake, { recursive: true });
  writeFileSync(join(work, 'secret'), secretText);
  symlinkSync(join(work, 'secret'), join(flake, 'link'));
  const text = `{
    ${inputs}
    outputs = { self, ... }@inputs: {
      nixosConfigurations.host = {
        config.system.build.toplevel = derivation ({
          name = "nixos-system"; system = "x86_64-linux"; builder = "/bin/sh";
        } // { ${toplevel.replaceAll('SECRET', join(work, 'secret'))} });
        ${options}
        pkgs.stdenv.hostPlatform.system = "x86_64-linux";
      };
    };
  }`;
  writeFileSync(join(flake, 'flake.nix'), text);
  const settings = join(work, 'etc');
  mkdirSync(settings);
  writeFileSync(join(settings, 'registry.json'), flakeRegistry());
  const env: Record<string, string> = { ...nix.env(work), NIX_CONF_DIR: settings };
  const make: MakeNixStep = (doing, argv, timeoutSeconds, errorCode) => {
    const [program = '', ...args] = argv;
    const NIX_CONFIG = `${nixSettings(2 ** 30)}\n${env['NIX_CONFIG']}`;
    return {
      kind: 'run',
      doing,
      argv: nix.argv(program, ...args),
      env: { ...env, NIX_CONFIG, PASSPHRASE: secretText },
      timeoutSeconds,
      errorCode,
    };
  };
  const steps = lockAndEvaluate(make, config({ hostName: 'host' }), 'x86_64-linux', {
    root: join(work, 'root'),
    flake,
    check: join(work, 'check'),
    derivation: join(work, 'toplevel.drv'),
    memoryBytes: 2 ** 30,
  });
  try {
    await executeSteps({ ...realDoors, log: () => {} }, steps);
    return null;
  } catch (error) {
    return error as { code: ErrorCode; message: string };
  }
}

t.test('what is not in the flake and its locked inputs is out of reach', { timeout: 200_000 }, async t => {
  const rows: [string, World][] = [
    ['a file', { toplevel: 'x = builtins.readFile "SECRET";' }],
    ['a file as a path', { toplevel: 'x = SECRET;' }],
    ['a file by a link of the flake', { toplevel: 'x = builtins.readFile ./link;' }],
    ['a directory', { toplevel: 'x = builtins.toJSON (builtins.readDir "/etc");' }],
    ['another program', { toplevel: 'x = import /etc/x.nix;' }],
    ['an attribute of a path', { toplevel: 'x = builtins.path { path = "SECRET"; };' }],
    ['the time', { toplevel: 'x = builtins.currentTime;' }],
    ['the system', { toplevel: 'x = builtins.currentSystem;' }],
    ['a channel', { toplevel: 'x = <nixpkgs>;' }],
    ['an address without a hash', { toplevel: 'x = builtins.fetchurl "http://127.0.0.1:1/x";' }],
    ['an archive without a hash', { toplevel: 'x = builtins.fetchTarball "http://127.0.0.1:1/x";' }],
    [
      'a repository without a revision',
      { toplevel: 'x = (builtins.fetchGit "http://127.0.0.1:1/x").outPath;' },
    ],
    ['a tree', { toplevel: 'x = (builtins.fetchTree "path:/etc").outPath;' }],
    ['another flake', { toplevel: 'x = (builtins.getFlake "path:/etc").outPath;' }],
    [
      'another flake, by the one name that people can type',
      { toplevel: 'x = (builtins.getFlake "nixpkgs").outPath;' },
    ],
    ['a path of the store', { toplevel: `x = builtins.storePath "/nix/store/${'0'.repeat(32)}-x";` }],
  ];
  for (const [name, world] of rows) {
    const error = await evaluate(t.testdir(), world);
    t.match(error, { code: 'FLAKE_IMPURE', remedy: /only its own files and locked inputs/ }, name);
    t.notMatch(error?.message, secretText, name);
  }
});

t.test('the environment is empty, and what is not there does not exist', async t => {
  const toplevel = [
    'x = assert builtins.getEnv "PASSPHRASE" == ""; assert builtins.getEnv "HOME" == "";',
    'assert !builtins.pathExists "SECRET"; "fine";',
  ].join(' ');
  t.equal(await evaluate(t.testdir(), { toplevel }), null);
});

t.test('what is wrong otherwise has the other code', async t => {
  t.match(await evaluate(t.testdir(), { toplevel: 'x = throw "no";' }), {
    code: 'FLAKE_EVALUATION',
    message: /no/,
  });
  t.match(await evaluate(t.testdir(), { toplevel: '', inputs: 'inputs.a.url = "path:/nonexistent/x";' }), {
    code: 'FLAKE_EVALUATION',
    message: /nonexistent/,
  });
  t.match(await evaluate(t.testdir(), { toplevel: '', inputs: 'inputs.nixpkgs = { };' }), {
    code: 'FLAKE_EVALUATION',
    message: /'flake:nixpkgs' is an indirect flake reference, but registry lookups are not allowed/,
  });
});

t.test("its own files and its inputs' are there", async t => {
  const directory = t.testdir({
    flake: { 'flake.nix': '{ outputs = _: { text = builtins.readFile ./a; }; }', a: 'b' },
  });
  const world = {
    toplevel: 'x = assert inputs.sub.text == "b"; builtins.readFile ./flake.nix;',
    inputs: `inputs.sub.url = "path:${directory}/flake";`,
  };
  t.equal(await evaluate(join(directory, 'work'), world), null);
});

t.test('a system to which nobody could log in', async t => {
  const world = { toplevel: '', options: 'config.services.openssh.enable = false;' };
  t.match(await evaluate(t.testdir(), world), {
    code: 'NO_LOGIN',
    message: /services\.openssh\.enable is false/,
    remedy: /set system\.allowDisabledSsh/,
  });
});

t.test('import from derivation is built while it is evaluated', async t => {
  const built = `import (derivation {
    name = "x.nix"; system = "x86_64-linux"; builder = "/bin/sh"; args = [ "-c" "echo 6 * 7 > $out" ];
  })`;
  t.equal(await evaluate(t.testdir(), { toplevel: `x = assert ${built} == 42; "fine";` }), null);
});

// Nix 2.27 has it, for flakes that it fetches by git; the image has no git.
t.test('submodules of the flake itself', async t => {
  t.match(await evaluate(t.testdir(), { toplevel: '', inputs: 'inputs.self.submodules = true;' }), {
    code: 'FLAKE_EVALUATION',
    message: /unexpected flake input attribute 'submodules'/,
  });
});
