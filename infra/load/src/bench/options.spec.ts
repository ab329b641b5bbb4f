import { describe, expect, it } from '@jest/globals';
import { readOptions } from './options.js';

describe('the options of the bench', () => {
  it('measure the usual parts unless some are named', () => {
    expect([...readOptions([]).parts]).toEqual(['stream', 'storms', 'hot', 'http', 'redirect']);
    expect([...readOptions(['--only', 'http,memory']).parts]).toEqual(['http', 'memory']);
  });

  it('give the peer its files in their order', () => {
    const { parts, peerSql } = readOptions(['--only', 'peer', '--peer-sql', 'ids.sql', '--peer-sql', 'ledger.sql']);
    expect([...parts]).toEqual(['peer']);
    expect(peerSql).toEqual(['ids.sql', 'ledger.sql']);
  });

  it.each([
    [['--only', 'stream,steam'], 'not steam'],
    [['--only', 'peer'], '--peer-sql path/to/pgledger.sql'],
    [['--peer-sql', 'ledger.sql'], '--peer-sql is for --only peer'],
  ])('%p are refused', (args, reason) => {
    expect(() => readOptions(args)).toThrow(reason);
  });
});
