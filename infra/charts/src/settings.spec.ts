import { describe, expect, it } from '@jest/globals';
import { parseSettings } from './settings.js';

const TEXT = `# Settings

## payouts

| setting        | type    | default      | meaning                                                             |
| -------------- | ------- | ------------ | ------------------------------------------------------------------- |
| \`HTTP_PORT\`    | integer | \`8080\`       | Port.                                                               |
| \`DATABASE_URL\` | text    | **required** | The database. Secret: better given as \`DATABASE_URL_FILE\`.          |

Its migration job:

| setting             | type | default      | meaning    |
| ------------------- | ---- | ------------ | ---------- |
| \`DATABASE_APP_ROLE\` | text | **required** | Its role. |
`;

describe('the table of settings', () => {
  const tables = parseSettings(TEXT);

  it('tells what is required and what is secret', () => {
    expect([...(tables.get('payouts')?.values() ?? [])]).toEqual([
      { name: 'HTTP_PORT', required: false, secret: false },
      { name: 'DATABASE_URL', required: true, secret: true },
    ]);
  });

  it('keeps a service and its migration apart', () => {
    expect([...(tables.get('payouts migrate')?.keys() ?? [])]).toEqual(['DATABASE_APP_ROLE']);
    expect(tables.size).toBe(2);
  });
});
