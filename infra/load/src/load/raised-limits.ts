import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '@dailydoco/local';
import { isMap, isScalar, parseDocument, visit } from 'yaml';

const FACTOR = 10_000;

/**
 * The gateway's configuration with the same plugins and a limit that one machine's load does not reach: all of it comes
 * from a handful of addresses, which the real limits would turn away. The limits themselves are tested end to end.
 */
export function writeRaisedLimits(file: string): void {
  const document = parseDocument(readFileSync(join(repositoryRoot, 'infra', 'gateway', 'kong.yml'), 'utf8'));
  let raised = 0;
  visit(document, {
    Map(_, plugin) {
      if (plugin.get('name') !== 'rate-limiting') return;
      const config = plugin.get('config');
      const minute = isMap(config) ? config.get('minute', true) : undefined;
      if (!isScalar(minute) || typeof minute.value !== 'number') throw new Error('a rate-limiting entry has no minute');
      minute.value *= FACTOR;
      raised += 1;
    },
  });
  if (raised === 0) throw new Error('kong.yml limits nothing; the load was about to raise its limits');
  writeFileSync(file, document.toString());
}
