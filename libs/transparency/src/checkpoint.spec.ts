import { describe, expect, it } from '@jest/globals';
import { parseCheckpoint, signCheckpoint } from './checkpoint.js';
import { EMPTY_ROOT } from './hashes.js';
import { signerFrom, verifyNote } from './note.js';

// The example of C2SP tlog-checkpoint.
const EXAMPLE = `example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
`;

describe('checkpoints', () => {
  it('are read as tlog-checkpoint writes them', () => {
    const checkpoint = parseCheckpoint(EXAMPLE);
    expect(checkpoint).toMatchObject({ origin: 'example.com/behind-the-sofa', size: 20_852_163 });
    expect(Buffer.from(checkpoint!.root).toString('base64')).toBe('CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=');
    expect(checkpoint?.note.signatures[0]?.keyId).toBe('033de0ae');
  });

  it('are signed by the log’s key, during a change of keys by both', () => {
    const [old, next] = [1, 2].map((fill) => signerFrom({ name: 'log.example/a', seed: Buffer.alloc(32, fill) }));
    const text = signCheckpoint({ origin: 'log.example/a', size: 0, root: EMPTY_ROOT }, [old!, next!]);
    expect(text.split('\n').slice(0, 4)).toEqual([
      'log.example/a',
      '0',
      '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=',
      '',
    ]);
    const { note } = parseCheckpoint(text)!;
    expect(verifyNote(note, [old!])).toBe('verified');
    expect(verifyNote(note, [next!])).toBe('verified');
  });

  it('are refused with a size, a root or a line that is not theirs', () => {
    const changes: [string, string][] = [
      ['20852163', '020852163'],
      ['20852163', '-1'],
      ['20852163', '99999999999999999999'],
      ['q2I=', 'q2J='],
      ['q2I=\n', 'q2I=\nextension\n'],
      ['example.com/behind-the-sofa\n', 'behind the sofa\n'],
    ];
    for (const [from, to] of changes) expect([to, parseCheckpoint(EXAMPLE.replace(from, to))]).toEqual([to, undefined]);
    const signer = signerFrom({ name: 'a', seed: Buffer.alloc(32) });
    expect(() => signCheckpoint({ origin: 'a b', size: 0, root: EMPTY_ROOT }, [signer])).toThrow(RangeError);
    expect(() => signCheckpoint({ origin: 'a', size: 0.5, root: EMPTY_ROOT }, [signer])).toThrow(RangeError);
    expect(() => signCheckpoint({ origin: 'a', size: 1, root: Buffer.alloc(31) }, [signer])).toThrow(RangeError);
  });
});
