// `node dist/generate.js`: writes rules, dashboards and configurations, here and where the chart reads them.
import { mkdirSync, writeFileSync } from 'node:fs';
import { GENERATED, placesOf } from './generated-files.js';

for (const file of GENERATED) {
  for (const place of placesOf(file)) {
    mkdirSync(new URL('.', place), { recursive: true });
    writeFileSync(place, file.text);
  }
}
