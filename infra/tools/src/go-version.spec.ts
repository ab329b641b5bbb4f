import { describe, expect, it } from '@jest/globals';
import { isAtLeast, parseGoVersion, toolchainModuleVersion } from './go-version.js';

describe('the version of a Go', () => {
  it.each([
    ['go version go1.26.8 linux/amd64', { major: 1, minor: 26, patch: 8 }],
    ['go version go1.19 linux/amd64', { major: 1, minor: 19, patch: 0 }],
    ['go version go1.27rc1 linux/arm64', { major: 1, minor: 27, patch: 0 }],
    ['go version go1.24.4-X:nodwarf5 linux/amd64', { major: 1, minor: 24, patch: 4 }],
  ])('reads "%s"', (answer, version) => {
    expect(parseGoVersion(answer)).toEqual(version);
  });

  it.each(['', 'go: command not found', 'go version devel linux/amd64'])('takes "%s" for no version', (answer) => {
    expect(parseGoVersion(answer)).toBeUndefined();
  });

  it.each([
    ['1.24.0', '1.24.0', true],
    ['1.26.8', '1.24.0', true],
    ['2.0.0', '1.24.0', true],
    ['1.24.1', '1.24.2', false],
    ['1.19.8', '1.24.0', false],
    ['1.9.0', '1.24.0', false],
  ])('%s is enough where %s is wanted: %s', (have, want, enough) => {
    const parse = (text: string) => parseGoVersion(`go${text}`)!;
    expect(isAtLeast(parse(have), parse(want))).toBe(enough);
  });
});

describe('the module that carries a toolchain', () => {
  it('is named for the machine', () => {
    expect(toolchainModuleVersion('1.26.8', { platform: 'linux', arch: 'x64' })).toBe('v0.0.1-go1.26.8.linux-amd64');
    expect(toolchainModuleVersion('1.26.8', { platform: 'linux', arch: 'arm64' })).toBe('v0.0.1-go1.26.8.linux-arm64');
  });

  it('is not guessed for machines on which nobody tried it', () => {
    expect(toolchainModuleVersion('1.26.8', { platform: 'darwin', arch: 'arm64' })).toBeUndefined();
    expect(toolchainModuleVersion('1.26.8', { platform: 'linux', arch: 's390x' })).toBeUndefined();
  });
});
