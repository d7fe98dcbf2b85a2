import { asRefusal } from '../config/report.ts';
import { signingProblems, type Sealed } from '../config/signing.ts';
import { DabeiError, Refusals } from '../errors.ts';
import type { Doors } from '../host/doors.ts';
import { environment } from '../host/environment.ts';
import { configNamespace, signerLines, signerProblem } from '../keys/allowed-signers.ts';
import { readPublicHalf, signConfiguration, verifySignature } from '../stages/fetch/config-signature.ts';

/** `dabei sign` and `dabei verify`: an operator's side of signed configurations. They run wherever Node and ssh-keygen are. */

/** The operator's programs and ssh-agent, not those of the image. */
const operator = () =>
  environment(/^(PATH|HOME|SSH_AUTH_SOCK|SSH_ASKPASS|SSH_ASKPASS_REQUIRE|DISPLAY|WAYLAND_DISPLAY)$/);

/**
 * Signs a configuration, after checking it as machines will; writes FILE.sig.
 * @param key file with a private key, or with the public key of one in ssh-agent
 * @param principal name of the signer
 * @returns text with the line of allowed_signers and the kernel parameter by which machines trust the signature
 * @throws Refusals with everything that a machine would refuse; DabeiError FILE or CONFIG_SIGNATURE
 */
export async function sign(doors: Doors, file: string, key: string, principal: string): Promise<string> {
  const content = read(doors, file);
  refuseProblems(doors, file, content);
  const env = operator();
  const line = `${principal} namespaces="${configNamespace}" ${await readPublicHalf(doors, key, env)}`;
  refuseSigners(key, [line]);
  doors.files.writeAtomic(`${file}.sig`, await signConfiguration(doors, content, key, env), 0o644);
  const encoded = Buffer.from(`${line}\n`).toString('base64');
  return `wrote ${file}.sig\n\nallowed_signers:\n${line}\n\nkernel parameter:\ndabei.config_signer=${encoded}\n`;
}

/**
 * Verifies FILE by FILE.sig, as a machine does; the result says for which machine, until when, and as which number ("serial").
 * @param signers file with lines of allowed_signers
 * @throws Refusals with everything that a machine would refuse; DabeiError FILE or CONFIG_SIGNATURE
 */
export async function verify(doors: Doors, file: string, signers: string): Promise<string> {
  const content = read(doors, file);
  const signature = `${file}.sig`;
  read(doors, signature);
  refuseSigners(signers, signerLines(read(doors, signers).toString('utf8')));
  const epochSeconds = doors.clock.epochSeconds();
  const options = { epochSeconds, env: operator() };
  const principal = await verifySignature(doors, content, { signers, signature }, options);
  const { for: machine = {}, notAfter, serial } = refuseProblems(doors, file, content);
  const names = Object.entries(machine).map(([name, value]) => `${name} ${value}`);
  const number = serial === undefined ? '' : `, as number ${serial}`;
  return `${file}: signed by ${principal}, for ${names.join(', ')}, until ${notAfter}${number}\n`;
}

function read({ files }: Doors, path: string): Buffer {
  const bytes = files.readBytes(path);
  if (bytes !== null) return bytes;
  throw new DabeiError('FILE', { doing: `reading ${path}`, problem: 'there is no such file' });
}

function refuseProblems({ clock }: Doors, file: string, content: Buffer): Sealed {
  const { problems, validity } = signingProblems(file, content, clock.epochSeconds());
  if (problems.length > 0) throw new Refusals(problems.map(asRefusal));
  return validity;
}

function refuseSigners(file: string, lines: readonly string[]): void {
  const problems = lines.map(signerProblem).filter(problem => problem !== null);
  if (lines.length > 0 && problems.length === 0) return;
  throw new DabeiError('CONFIG_SIGNATURE', {
    doing: `reading ${file}`,
    problem: problems.length === 0 ? 'it names nobody' : `a line ${problems.join('; a line ')}`,
    remedy: `a line is 'PRINCIPAL namespaces="${configNamespace}" KEYTYPE KEY'; "dabei sign" prints it`,
  });
}
