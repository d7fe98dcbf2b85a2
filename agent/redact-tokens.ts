/**
 * Access tokens in text that is printed or logged. People put them into the address of a private flake or cache, and Nix, HTTP
 * and our own errors repeat addresses. A part of the text that could be one is replaced, its name stays.
 *
 * clean-text.ts calls this for everything that comes from outside and for every error and log entry; whatever else shows an
 * address calls it itself. It takes time in proportion to the text, and redacting twice is the same as once. What ends a value
 * in JSON ends one here, so that a line of JSON stays one.
 */

const redacted = '[redacted]';

/** What stands between "://" and "@" (RFC 3986, 3.2.1). A password may have an "@" that nobody encoded. */
const userInfo = /:\/\/([^\s/?#"'<>\\]*)@/g;

/** Parameters of an address whose names say that their value is secret; S3 signs addresses with some (X-Amz-Signature). */
const parameters =
  /([?&;]|&amp;)((?:[\w.-]{0,40}(?:token|secret|passw(?:or)?d|passphrase|signature|credential|api[_-]?key)[\w.-]{0,20})|auth|key|pass|pw|sig)=([^&\s"'#;,\\]+)/gi;

/** Headers (RFC 9110, 11.6.2), and Nix' setting (nix.conf(5), access-tokens), up to the end of the line. */
const lines = /\b((?:proxy-)?authorization: *|(?:extra-)?access-tokens *= *)[^\n"\\]+/gi;

/** Tokens that say what they are: GitHub's, GitLab's, AWS' and Slack's, wherever they are. */
const selfDescribing = /\b(gh[pousr]_|github_pat_|gl[a-z]{2,5}-|xox[abprs]-|AKIA)[\w-]{16,255}/g;

/** Whether an address has what would be redacted, percent-encoded or not. */
export function hasToken(address: string): boolean {
  return [address, percentDecoded(address)].some(text => redactTokens(text) !== text);
}

function percentDecoded(text: string): string {
  return text.replace(/%[0-9a-f]{2}/gi, byte => String.fromCharCode(parseInt(byte.slice(1), 16)));
}

export function redactTokens(text: string): string {
  return text
    .replace(userInfo, (whole, info: string, offset: number) => {
      const colon = info.indexOf(':');
      if (colon >= 0) return `://${info.slice(0, colon)}:${redacted}@`;
      // "https://TOKEN@…"; by SSH it is a name alone.
      return /https?$/i.test(text.slice(Math.max(0, offset - 5), offset)) ? `://${redacted}@` : whole;
    })
    .replace(parameters, `$1$2=${redacted}`)
    .replace(lines, `$1${redacted}`)
    .replace(selfDescribing, `$1${redacted}`);
}
