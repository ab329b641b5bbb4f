import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { Ajv } from 'ajv';
import { IMAGES } from '../src/catalogue.js';
import { dependencyClosure, type Lockfile, nameAt } from '../src/closure.js';
import { type Component, cycloneDx, purlOf } from '../src/sbom.js';

const repository = fileURLToPath(new URL('../../../', import.meta.url));
const require = createRequire(import.meta.url);
const schemas = join(dirname(require.resolve('@cyclonedx/cyclonedx-library/package.json')), 'res/schema');
const schema = (name: string): object => JSON.parse(readFileSync(join(schemas, name), 'utf8')) as object;
const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
ajv.addSchema(schema('spdx.SNAPSHOT.schema.json'), 'http://cyclonedx.org/schema/spdx.SNAPSHOT.schema.json');
ajv.addSchema(schema('jsf-0.82.SNAPSHOT.schema.json'), 'http://cyclonedx.org/schema/jsf-0.82.SNAPSHOT.schema.json');
const isValid = ajv.compile(schema('bom-1.6.SNAPSHOT.schema.json'));

const libc: Component = {
  kind: 'deb',
  name: 'libc6',
  version: '2.36-9+deb12u14',
  architecture: 'amd64',
  licence: 'see x',
};
const node: Component = {
  kind: 'node',
  name: 'node',
  version: '24.21.0',
  licence: 'MIT',
  integrity: `sha256-${'ab'.repeat(32)}`,
};
const scoped: Component = {
  kind: 'npm',
  name: '@grpc/grpc-js',
  version: '1.14.7',
  licence: 'Apache-2.0',
  integrity: `sha512-${Buffer.alloc(64, 9).toString('base64')}`,
  needs: ['pkg:npm/long@5.0.0'],
};
const bill = (components: readonly Component[]): object =>
  cycloneDx({ image: 'till', version: '0.1.0', epochSeconds: 0, components, needs: components.map(purlOf) });

describe('the bill of materials', () => {
  it('names each thing by its package URL', () => {
    expect([scoped, libc, node].map(purlOf)).toEqual([
      'pkg:npm/%40grpc/grpc-js@1.14.7',
      'pkg:deb/debian/libc6@2.36-9%2Bdeb12u14?arch=amd64&distro=debian-12',
      'pkg:generic/node@24.21.0',
    ]);
  });

  it('says what scanners look for: digest, licence, and the name that advisories about Node use', () => {
    expect(bill([scoped, node])).toMatchObject({
      components: [
        {
          cpe: 'cpe:2.3:a:nodejs:node.js:24.21.0:*:*:*:*:*:*:*',
          hashes: [{ alg: 'SHA-256', content: 'ab'.repeat(32) }],
        },
        {
          group: '@grpc',
          name: 'grpc-js',
          hashes: [{ alg: 'SHA-512', content: '09'.repeat(64) }],
          licenses: [{ license: { id: 'Apache-2.0' } }],
        },
      ],
    });
  });

  it('is the same whatever order things are found in, and another when one differs', () => {
    expect(bill([scoped, libc, node])).toEqual(bill([node, scoped, libc]));
    expect(bill([{ ...scoped, version: '1.14.8' }])).not.toEqual(bill([scoped]));
    const serial = ({ serialNumber }: { serialNumber?: string }): string => serialNumber ?? '';
    expect(serial(bill([{ ...scoped, version: '1.14.8' }]))).not.toBe(serial(bill([scoped])));
  });

  it.each(IMAGES)(
    'of $name follows CycloneDX 1.6, with the licences as their authors declare them',
    ({ name, folder }) => {
      const lock = JSON.parse(readFileSync(join(repository, 'package-lock.json'), 'utf8')) as Lockfile;
      const closure = dependencyClosure(lock, folder, (place) => existsSync(join(repository, place, 'package.json')));
      const components = closure.packages.map((place): Component => {
        const { version = '', license, integrity } = lock.packages[place] ?? {};
        return {
          kind: 'npm',
          name: nameAt(lock, place),
          version,
          ...(license === undefined ? {} : { licence: license }),
          ...(integrity === undefined ? {} : { integrity }),
        };
      });
      const all = [...components, libc, node];
      const document = cycloneDx({
        image: name,
        version: '0.1.0',
        epochSeconds: 0,
        components: all,
        needs: all.map(purlOf),
      });
      expect(isValid(document) || isValid.errors).toBe(true);
      expect(components.filter(({ licence }) => licence === undefined).map(purlOf)).toEqual([]);
    },
  );

  it('would be refused by that schema with a licence that is none', () => {
    expect(isValid(bill([{ ...scoped, licence: 'No-Such-Licence' }]))).toBe(false);
  });
});
