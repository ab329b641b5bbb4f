import { describe, expect, it } from '@jest/globals';
import { commandsIn } from './docs-commands.js';

describe('commands in documents', () => {
  it('finds them in fenced and inline code, and nowhere else', () => {
    const text = 'npm nothing here\n`npm start` and\n```sh\nnpm run demo\nnpm install\n```\n';
    expect(commandsIn('README.md', text).map(({ command }) => command)).toEqual(['npm start', 'npm run demo']);
  });
});
