import { createHash } from 'node:crypto';

/** One thing inside an image. */
export interface Component {
  readonly kind: 'npm' | 'deb' | 'node';
  readonly name: string;
  readonly version: string;
  /** As its author declares it: an SPDX id or expression. */
  readonly licence?: string;
  /** Subresource integrity from the lockfile, or `sha256-<hex>` of the file itself. */
  readonly integrity?: string;
  /** Architecture of a Debian package. */
  readonly architecture?: string;
  /** Package URLs of what it needs. */
  readonly needs?: readonly string[];
}

export interface Bill {
  readonly image: string;
  readonly version: string;
  readonly epochSeconds: number;
  readonly components: readonly Component[];
  /** Package URLs of what the image's own workspace needs. */
  readonly needs: readonly string[];
}

/** The package URL of a component, which is also its reference inside the bill. */
export function purlOf({ kind, name, version, architecture }: Component): string {
  const escaped = encodeURIComponent(version);
  if (kind === 'npm') return `pkg:npm/${name.replace('@', '%40')}@${escaped}`;
  if (kind === 'node') return `pkg:generic/node@${escaped}`;
  return `pkg:deb/debian/${encodeURIComponent(name)}@${escaped}?arch=${architecture ?? 'all'}&distro=debian-12`;
}

/** A CycloneDX 1.6 document. The same bill gives the same bytes: its serial number is made from what it holds. */
export function cycloneDx({ image, version, epochSeconds, components, needs }: Bill): object {
  const unique = new Map(components.map((component) => [purlOf(component), component]));
  const purls = [...unique.keys()].toSorted();
  const root = `pkg:oci/${image}@${encodeURIComponent(version)}`;
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: serialOf([root, ...purls]),
    version: 1,
    metadata: {
      timestamp: new Date(epochSeconds * 1_000).toISOString(),
      component: { type: 'container', 'bom-ref': root, name: `dailydoco/${image}`, version },
    },
    components: purls.map((purl) => entryOf(purl, unique.get(purl))),
    dependencies: [
      { ref: root, dependsOn: [...new Set(needs)].toSorted() },
      ...purls.map((ref) => ({ ref, dependsOn: [...new Set(unique.get(ref)?.needs)].toSorted() })),
    ],
  };
}

function serialOf(lines: readonly string[]): string {
  const hex = createHash('sha256').update(lines.join('\n')).digest('hex');
  const variant = ((Number.parseInt(hex.slice(16, 17), 16) & 0x3) | 0x8).toString(16);
  return `urn:uuid:${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

function entryOf(purl: string, component: Component | undefined): object {
  if (component === undefined) throw new Error(`the bill of materials lost ${purl}`);
  const { kind, name, version, licence, integrity } = component;
  const slash = name.startsWith('@') ? name.indexOf('/') : -1;
  return {
    type: kind === 'node' ? 'platform' : 'library',
    'bom-ref': purl,
    ...(slash < 0 ? { name } : { group: name.slice(0, slash), name: name.slice(slash + 1) }),
    version,
    ...(integrity === undefined ? {} : { hashes: hashesOf(integrity) }),
    ...(licence === undefined ? {} : { licenses: [licenceOf(licence)] }),
    ...(kind === 'node' ? { cpe: `cpe:2.3:a:nodejs:node.js:${version}:*:*:*:*:*:*:*` } : {}),
    purl,
  };
}

function hashesOf(integrity: string): object[] {
  const [algorithm = '', value = ''] = integrity.split(/-(.*)/s);
  const alg = { sha1: 'SHA-1', sha256: 'SHA-256', sha384: 'SHA-384', sha512: 'SHA-512' }[algorithm];
  if (alg === undefined) throw new Error(`an integrity of an unknown kind: ${algorithm}`);
  const isHex = /^[0-9a-f]+$/.test(value) && value.length === 64;
  return [{ alg, content: isHex ? value : Buffer.from(value, 'base64').toString('hex') }];
}

function licenceOf(licence: string): object {
  if (/\s(?:AND|OR|WITH)\s/.test(licence)) return { expression: licence };
  return /^[A-Za-z0-9.+-]+$/.test(licence) ? { license: { id: licence } } : { license: { name: licence } };
}
