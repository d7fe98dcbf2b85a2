/** The bill of materials of a release: SPDX 2.3 as JSON (spdx.github.io/spdx-spec/v2.3). Pure. */

export interface SpdxPackage {
  SPDXID: string;
  name: string;
  versionInfo: string;
  downloadLocation: 'NOASSERTION';
  filesAnalyzed: false;
  licenseConcluded: 'NOASSERTION';
  licenseDeclared: 'NOASSERTION';
  copyrightText: 'NOASSERTION';
  sourceInfo?: string;
  externalRefs?: { referenceCategory: 'PACKAGE-MANAGER'; referenceType: 'purl'; referenceLocator: string }[];
}

export interface SpdxDocument {
  spdxVersion: 'SPDX-2.3';
  dataLicense: 'CC0-1.0';
  SPDXID: 'SPDXRef-DOCUMENT';
  name: string;
  documentNamespace: string;
  creationInfo: { created: string; creators: string[] };
  packages: SpdxPackage[];
  relationships: { spdxElementId: string; relationshipType: string; relatedSpdxElement: string }[];
}

export interface Materials {
  version: string;
  /** RFC 3339, in UTC: the image's date, so that the same image gives the same document. */
  built: string;
  /** SHA-256 of image.json, which names every file of the image by its hash. */
  imageSha256: string;
  /** The kernel's release, such as "6.12.41-dabei". */
  kernel: string;
  /** What the kernel was built with besides Debian's source: "base.config sha256:…", patches in the same form. */
  kernelChanges: readonly string[];
  /** The version of the ZFS modules and tools in Debian. */
  zfs: string;
  zfsChanges: readonly string[];
  /** Debian packages by name. */
  debian: Readonly<Record<string, string>>;
  debianArchitecture: string;
  /** npm packages of the agent's bundle, by name. */
  npm: Readonly<Record<string, string>>;
}

export function spdxDocument(from: Materials): SpdxDocument {
  const { version } = from;
  const own = pack('nix-dabei', 'nix-dabei', version);
  const contents = [
    { ...pack('kernel', 'linux', from.kernel), sourceInfo: changes('linux', from.kernelChanges) },
    { ...pack('zfs', 'zfs', from.zfs), sourceInfo: changes('zfs-linux', from.zfsChanges) },
    ...Object.entries(from.debian).map(([name, at]) =>
      // github.com/package-url/purl-spec, types deb and npm
      pack(
        `deb-${name}`,
        name,
        at,
        `pkg:deb/debian/${escaped(name)}@${escaped(at)}?arch=${from.debianArchitecture}`,
      ),
    ),
    ...Object.entries(from.npm).map(([name, at]) =>
      pack(`npm-${name}`, name, at, `pkg:npm/${name.split('/').map(escaped).join('/')}@${escaped(at)}`),
    ),
  ];
  return {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    name: `nix-dabei-${version}`,
    documentNamespace: `https://spdx.org/spdxdocs/nix-dabei-${version}-${from.imageSha256}`,
    creationInfo: { created: from.built.replace(/\.\d+Z$/, 'Z'), creators: [`Tool: nix-dabei-${version}`] },
    packages: [own, ...contents],
    relationships: [
      relation('SPDXRef-DOCUMENT', 'DESCRIBES', own.SPDXID),
      ...contents.map(({ SPDXID }) => relation(own.SPDXID, 'CONTAINS', SPDXID)),
    ],
  };
}

function pack(id: string, name: string, version: string, purl?: string): SpdxPackage {
  return {
    // Letters, digits, "." and "-" only.
    SPDXID: `SPDXRef-${id.replaceAll(/[^A-Za-z0-9.-]/g, character => `-${character.charCodeAt(0)}-`)}`,
    name,
    versionInfo: version,
    downloadLocation: 'NOASSERTION',
    filesAnalyzed: false,
    licenseConcluded: 'NOASSERTION',
    licenseDeclared: 'NOASSERTION',
    copyrightText: 'NOASSERTION',
    ...(purl !== undefined && {
      externalRefs: [{ referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: purl }],
    }),
  };
}

const escaped = (text: string) => encodeURIComponent(text).replaceAll('%3A', ':');

function changes(source: string, made: readonly string[]): string {
  return `Debian's source package ${source}, with ${made.length > 0 ? made.join(', ') : 'no patch'}`;
}

function relation(spdxElementId: string, relationshipType: string, relatedSpdxElement: string) {
  return { spdxElementId, relationshipType, relatedSpdxElement };
}
