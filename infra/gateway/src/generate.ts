// `node dist/generate.js`: writes kong.yml and kong-grpc.yml from the route table, here and where the chart reads them.
import { mkdirSync, writeFileSync } from 'node:fs';
import { GENERATED, generatedText } from './generated-files.js';

for (const file of GENERATED) {
  const text = generatedText(file);
  for (const place of file.places) {
    mkdirSync(new URL('.', place), { recursive: true });
    writeFileSync(place, text);
  }
}
