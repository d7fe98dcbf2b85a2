import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { cached, type Built } from '../lib/cache.ts';
import * as files from '../lib/files.ts';
import { commandFor, crossedTarget, tool } from '../lib/crossing.ts';
import { unpackSource } from '../debian/packages.ts';
import { kexecBuildTool, makeIn, partsOf, type LibraryTools } from './library-tools.ts';
import type { Reduction } from './reductions.ts';

/**
 * Libraries and programs, built from Debian's source packages with only the features that the image uses. Debian's
 * builds enable more, and need libraries that nothing else in the image needs.
 */

export interface Rebuilt {
  /** Debian's source package. */
  source: Reduction;
  /** The Debian release to take the source from; the default is the image's own. */
  release?: string;
  why: string;
  /** Run in the source tree, in this order. */
  commands: readonly (readonly string[])[];
  /** Name of the file in Debian's package that the result replaces -> path of the result in the source tree. */
  results: Readonly<Record<string, string>>;
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

const small = 'CFLAGS=-Os -ffunction-sections -fdata-sections';
const linking = 'LDFLAGS=-Wl,--gc-sections';
/** Debian's patches are newer than the generated autoconf files, so make would run autoconf, which is not needed. */
const asReleased = ['AUTOCONF=:', 'AUTOMAKE=:', 'AUTOHEADER=:', 'ACLOCAL=:'];

export const rebuiltSources: readonly Rebuilt[] = [
  {
    source: 'curl',
    why: 'HTTP and HTTPS with the OpenSSL that Node needs anyway, without 13 other protocols and a second TLS library',
    commands: [
      // Debian's Nix requires symbols of this version, as in Debian's build with GnuTLS.
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
    results: { 'libcurl-gnutls.so.4': 'lib/.libs/libcurl.so.4' },
  },
  {
    source: 'libgit2',
    why: "Nix's cache of unpacked tarballs; without SSH, TLS and Kerberos, because Nix fetches with curl",
    commands: [
      [
        ...['cmake', '-B', 'build', '-DCMAKE_BUILD_TYPE=MinSizeRel', '-DBUILD_TESTS=OFF', '-DBUILD_CLI=OFF'],
        ...['-DUSE_SSH=OFF', '-DUSE_HTTPS=OFF', '-DUSE_GSSAPI=OFF', '-DREGEX_BACKEND=regcomp'],
        ...['-DUSE_HTTP_PARSER=http-parser', '-DUSE_AUTH_NTLM=OFF', '-DUSE_BUNDLED_ZLIB=OFF'],
      ],
      ['make', '--silent', jobs, '-C', 'build'],
    ],
    results: { 'libgit2.so.1.9': 'build/libgit2.so.1.9' },
  },
  {
    source: 'libarchive',
    why: 'unpacks tarballs for Nix; without XML for xar, hashes for mtree, and ACLs, which store paths do not have',
    commands: [
      [
        ...['env', small, linking, './configure', '--quiet', '--disable-static', ...asReleased],
        ...['bsdtar', 'bsdcat', 'bsdcpio', 'bsdunzip', 'acl'].map(name => `--disable-${name}`),
        ...['nettle', 'openssl', 'xml2', 'expat', 'lz4', 'libb2'].map(name => `--without-${name}`),
      ],
      ['make', '--silent', jobs, 'libarchive.la'],
    ],
    results: { 'libarchive.so.13': '.libs/libarchive.so.13' },
  },
  {
    source: 'libtirpc',
    why: "encodes ZFS's name-value lists; without Kerberos",
    commands: [
      [
        ...['env', small, linking, './configure', '--quiet', '--disable-static', '--disable-gssapi'],
        ...asReleased,
      ],
      ['make', '--silent', jobs, '-C', 'src'],
    ],
    results: { 'libtirpc.so.3': 'src/.libs/libtirpc.so.3' },
  },
  {
    source: 'libonig',
    why: "jq's regular expressions, in UTF-8 alone; without the tables for \\p{Greek} and the like, grapheme clusters and word breaks",
    commands: [
      // jq knows UTF-8 alone (src/builtin.c, f_match). reggnu.c needs two of the other encodings, and jq needs none of its functions.
      [
        ...['sed', '-i', '-E'],
        's/ src\\/(utf(16|32)_[bl]e|euc_(jp|tw|kr)(_prop)?|sjis(_prop)?|iso8859_[0-9]+|big5|gb18030|koi8_r|cp1251|reggnu)\\.c//g',
        'CMakeLists.txt',
      ],
      // [[:alpha:]], \w and \p{Alpha} know all of Unicode without them (unicode_property_data_posix.c).
      [
        ...['sed', '-i', '-E'],
        '/^#define USE_UNICODE_(PROPERTIES|EXTENDED_GRAPHEME_CLUSTER|WORD_BREAK)$/d',
        'src/regenc.h',
      ],
      // A missing encoding has to fail here, and not when jq starts.
      [
        ...['env', small, `${linking},-z,defs`, 'cmake', '-B', 'build'],
        ...['-DCMAKE_BUILD_TYPE=MinSizeRel', '-DBUILD_TEST=OFF'],
      ],
      ['make', '--silent', jobs, '-C', 'build'],
    ],
    results: { 'libonig.so.5': 'build/libonig.so.5' },
  },
  {
    source: 'openssh',
    why: 'login with keys, to the only account, root; without PAM, Kerberos, SELinux, audit and login records',
    commands: [
      ['touch', 'aclocal.m4', 'config.h.in', 'configure'],
      [
        ...['env', small, linking, './configure', '--quiet', '--prefix=/usr', '--sysconfdir=/etc/ssh'],
        ...['--libexecdir=/usr/lib/openssh', '--with-privsep-path=/run/sshd', '--with-pid-dir=/run'],
        ...['--disable-strip', '--without-openssl-header-check', '--disable-lastlog', '--disable-utmp'],
        ...['--disable-wtmp', '--with-default-path=/usr/local/bin:/usr/bin:/bin:/usr/games'],
        '--with-superuser-path=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      ],
      ['make', '--silent', jobs, 'sshd', 'sshd-session', 'sshd-auth', 'sftp-server', 'ssh-keygen'],
    ],
    results: {
      sshd: 'sshd',
      'sshd-session': 'sshd-session',
      'sshd-auth': 'sshd-auth',
      'sftp-server': 'sftp-server',
      'ssh-keygen': 'ssh-keygen',
    },
  },
  {
    source: 'kexec-tools',
    why: 'without the Xen libraries, which only serve to load a kernel for a hypervisor',
    commands: [
      ...kexecBuildTool,
      ['env', small, linking, './configure', '--quiet', '--without-xen', '--without-lzma'],
      ['make', '--silent', jobs, 'build/sbin/kexec'],
    ],
    results: { kexec: 'build/sbin/kexec' },
  },
  {
    source: 'iproute2',
    // Not every mirror has the newer source.
    release: 'bookworm',
    why: 'without BPF programs, which need libbpf and libelf, and without SELinux labels',
    commands: [
      ['sh', './configure'],
      [
        ...['sed', '-i', '-E'],
        '/(HAVE_ELF|HAVE_LIBBPF|LIBBPF_DYNAMIC|HAVE_SELINUX|HAVE_CAP|HAVE_BERKELEY_DB)|(-lelf|-lbpf|-lselinux|-lcap)/d',
        'config.mk',
      ],
      ['make', '--silent', jobs, 'SUBDIRS=lib ip', 'CCOPTS=-Os -ffunction-sections -fdata-sections'],
    ],
    results: { ip: 'ip/ip' },
  },
];

/** Builds one recipe; its result holds each file under its name, stripped. */
export async function rebuild(recipe: Rebuilt, tools: LibraryTools): Promise<Built> {
  const { source: name, release, results } = recipe;
  const commands = recipe.commands.map(argv => commandFor(crossedTarget, argv));
  const source = await unpackSource(name, tools.programs, release);
  const inputs = [JSON.stringify(commands), JSON.stringify(results), ...partsOf(tools), source];
  return cached(name, ['rebuilt 1', ...inputs], async directory => {
    const make = makeIn(tools, directory, `building ${name}`, `/build/.source/${name}`);
    files.copy(join(source.path, name), join(directory, '.source', name));
    for (const argv of commands) await make(argv);
    for (const [result, built] of Object.entries(results))
      await make([tool('strip'), '--strip-unneeded', '-o', `/build/${result}`, built]);
    files.remove(join(directory, '.source'));
  });
}
