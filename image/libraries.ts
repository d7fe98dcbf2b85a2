import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { cached, type Built } from './cache.ts';
import * as files from './files.ts';
import { runIn } from './host.ts';
import { unpackSource, type Packages } from './packages.ts';

/**
 * Libraries of Nix, built from Debian's source packages with only what Nix uses of them. What Debian switches on besides
 * drags in libraries that nothing else in the image asks for.
 */

interface Library {
  /** Debian's source package. */
  source: string;
  why: string;
  /** In the source tree, in order. */
  commands: readonly (readonly string[])[];
  /** The result, inside of the source tree. */
  built: string;
  /** The name by which programs ask for it. */
  name: string;
}

const jobs = `-j${availableParallelism()}`;
const otherProtocols = [
  ...[
    'dict',
    'ftp',
    'gopher',
    'imap',
    'ldap',
    'ldaps',
    'mqtt',
    'pop3',
    'rtsp',
    'smb',
    'smtp',
    'telnet',
    'tftp',
  ],
  ...['docs', 'manual', 'ntlm', 'websockets', 'ipfs', 'static', 'dependency-tracking'],
].map(name => `--disable-${name}`);
const otherLibraries = [
  ...['brotli', 'zstd', 'libidn2', 'libpsl', 'libssh2', 'librtmp', 'gssapi', 'nghttp3', 'ngtcp2'],
].map(name => `--without-${name}`);

export const libraries: readonly Library[] = [
  {
    source: 'curl',
    why: 'HTTP and HTTPS over the OpenSSL that Node brings anyway, instead of 13 protocols and a second TLS library',
    commands: [
      // Debian's Nix asks for symbols of this version, which its build of the flavour for GnuTLS has.
      ['sed', '-i', 's/@CURL_LIBCURL_VERSIONED_SYMBOLS_SONAME@/3/', 'lib/libcurl.vers.in'],
      [
        ...[
          'env',
          'CFLAGS=-Os',
          './configure',
          '--quiet',
          '--prefix=/usr',
          '--with-openssl',
          '--with-nghttp2',
        ],
        ...[
          '--with-zlib',
          '--with-ca-bundle=/etc/ssl/certs/ca-certificates.crt',
          '--enable-threaded-resolver',
        ],
        ...['--enable-versioned-symbols=GNUTLS_', ...otherProtocols, ...otherLibraries],
      ],
      ['make', '--silent', jobs, '-C', 'lib'],
    ],
    built: 'lib/.libs/libcurl.so.4',
    name: 'libcurl-gnutls.so.4',
  },
  {
    source: 'libgit2',
    why: "Nix's cache of unpacked tarballs; Nix fetches with curl, so no SSH, TLS or Kerberos is needed in here",
    commands: [
      [
        ...['cmake', '-B', 'build', '-DCMAKE_BUILD_TYPE=MinSizeRel', '-DBUILD_TESTS=OFF', '-DBUILD_CLI=OFF'],
        ...['-DUSE_SSH=OFF', '-DUSE_HTTPS=OFF', '-DUSE_GSSAPI=OFF', '-DREGEX_BACKEND=regcomp'],
        ...['-DUSE_HTTP_PARSER=http-parser', '-DUSE_AUTH_NTLM=OFF', '-DUSE_BUNDLED_ZLIB=OFF'],
      ],
      ['make', '--silent', jobs, '-C', 'build'],
    ],
    built: 'build/libgit2.so.1.9',
    name: 'libgit2.so.1.9',
  },
];

/** Leaves the library under its name. */
export async function buildLibrary(library: Library, tools: Packages): Promise<Built> {
  const { source: name, commands, built, name: soname } = library;
  const source = await unpackSource(name, tools);
  return cached(
    name,
    ['library 1', JSON.stringify(commands), built, soname, tools, source],
    async directory => {
      const make = (argv: readonly string[]) =>
        runIn({
          doing: `building ${name}`,
          root: tools.path,
          mounts: { '/build': directory },
          argv: ['env', `--chdir=/build/${name}`, ...argv],
          timeoutSeconds: 1800,
        });
      files.copy(join(source.path, name), join(directory, name));
      for (const argv of commands) await make(argv);
      await make(['strip', '--strip-unneeded', '-o', `/build/${soname}`, built]);
      files.remove(join(directory, name));
    },
  );
}
