import { describe, expect, it } from '@jest/globals';
import { addSignatures, parseNote, parseVkey, signerFrom, signNote, verifyNote } from './note.js';

// Published with golang.org/x/mod/sumdb/note (note_test.go).
const PETER = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
const PETER_PRIVATE = 'AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz';
const ENOCH = 'EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop';
const TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const PETERS =
  '— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n';
const ENOCHS =
  '— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n';

const key = (vkey: string) => parseVkey(vkey)!;
const note = (text: string) => parseNote(text)!;
const peter = signerFrom({ name: 'PeterNeumann', seed: Buffer.from(PETER_PRIVATE, 'base64').subarray(1) });

describe('keys of notes', () => {
  it('are written as Go writes them', () => {
    expect(peter.vkey).toBe(PETER);
    expect(key(ENOCH)).toMatchObject({ name: 'EnochRoot', keyId: 'af0cfe78', vkey: ENOCH });
  });

  it('are refused when anything about them is mangled', () => {
    for (let from = 0; from < PETER.length; from += 1) {
      for (let to = from + 1; to <= PETER.length; to += 1) {
        if (from > 0 || to < PETER.length) expect(parseVkey(PETER.slice(from, to))).toBeUndefined();
      }
      const next = String.fromCodePoint((PETER.codePointAt(from) ?? 0) + 1);
      expect(parseVkey(PETER.slice(0, from) + next + PETER.slice(from + 1))).toBeUndefined();
    }
    // A key of the wrong length, and one of an unknown type, each with the key id that belongs to it.
    expect(parseVkey('PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==')).toBeUndefined();
    expect(parseVkey('PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW')).toBeUndefined();
  });

  it('have names without spaces and plus signs', () => {
    for (const name of ['', 'a b', 'a+b', 'a\n']) {
      expect(() => signerFrom({ name, seed: Buffer.alloc(32) })).toThrow(RangeError);
    }
  });
});

describe('signed notes', () => {
  it('are signed byte for byte as Go signs them', () => {
    expect(signNote(TEXT, [peter])).toBe(`${TEXT}\n${PETERS}`);
  });

  it('verify under a known key and pass over the signatures of others', () => {
    const both = note(`${TEXT}\n${PETERS}${ENOCHS}`);
    expect(both.text).toBe(TEXT);
    expect(verifyNote(both, [key(PETER)])).toBe('verified');
    expect(verifyNote(both, [key(ENOCH)])).toBe('verified');
    expect(verifyNote(both, [])).toBe('unknown_key');
    expect(verifyNote(note(`${TEXT}\n${ENOCHS}`), [key(PETER)])).toBe('unknown_key');
  });

  it('are spoiled by one bad signature of a known key', () => {
    const changed = note(`${TEXT.replace('answer', 'Answer')}\n${PETERS}${ENOCHS}`);
    expect(verifyNote(changed, [key(PETER)])).toBe('bad_signature');
    const [first] = note(`${TEXT}\n${PETERS}`).signatures;
    const spoiled = { name: 'EnochRoot', keyId: 'af0cfe78', signature: first!.signature };
    const added = note(addSignatures(`${TEXT}\n${PETERS}`, [spoiled]));
    expect(verifyNote(added, [key(PETER), key(ENOCH)])).toBe('bad_signature');
    expect(verifyNote(added, [key(PETER)])).toBe('verified');
  });

  it('are refused when malformed', () => {
    const malformed = [
      TEXT,
      `${TEXT}\n`,
      `${TEXT}\n${PETERS.slice(0, -1)}`,
      `\u0001${TEXT}\n${PETERS}`,
      `\ud800${TEXT}\n${PETERS}`,
      `${TEXT}\n— Bad Name x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n`,
      `${TEXT}\n${PETERS}Unexpected line.\n`,
      `${TEXT}\n${PETERS.repeat(65)}`,
    ];
    for (const each of malformed) expect(parseNote(each)).toBeUndefined();
    for (const text of ['abc', '', '\n', 'a\tb\n']) expect(() => signNote(text, [peter])).toThrow(RangeError);
  });
});
