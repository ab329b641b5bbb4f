/** A version of Go as `go version` prints it; a release candidate counts as the release before it is out. */
export interface GoVersion {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
}

/** Reads the answer of `go version`, for example "go version go1.26.8 linux/amd64"; undefined when it is something else. */
export function parseGoVersion(answer: string): GoVersion | undefined {
  const match = /\bgo(\d+)\.(\d+)(?:\.(\d+))?(?:rc\d+|beta\d+)?\b/.exec(answer);
  if (match === null) return undefined;
  return { major: Number(match[1]), minor: Number(match[2]), patch: Number(match[3] ?? 0) };
}

/** Whether `version` is `wanted` or newer. */
export function isAtLeast(version: GoVersion, wanted: GoVersion): boolean {
  for (const part of ['major', 'minor', 'patch'] as const)
    if (version[part] !== wanted[part]) return version[part] > wanted[part];
  return true;
}

/**
 * The version of the Go module that carries the toolchain for this machine. Go itself fetches its newer versions under this
 * name (https://go.dev/doc/toolchain). Undefined where no such module is known to work.
 */
export function toolchainModuleVersion(
  version: string,
  machine: { platform: string; arch: string },
): string | undefined {
  const architectures: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };
  const architecture = architectures[machine.arch];
  if (machine.platform !== 'linux' || architecture === undefined) return undefined;
  return `v0.0.1-go${version}.linux-${architecture}`;
}
