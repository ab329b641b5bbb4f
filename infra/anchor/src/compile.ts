import { ARTIFACT } from '@dailydoco/anchors';
import { readFileSync, writeFileSync } from 'node:fs';
import solc from 'solc';

/** The contract as it is deployed: compiled once and kept beside its source, so that deploying needs no compiler. */
export interface Artifact {
  readonly compiler: string;
  readonly abi: readonly unknown[];
  /** 0x and hex, without constructor arguments. */
  readonly bytecode: `0x${string}`;
}

const SOURCE = new URL('../contracts/CheckpointAnchors.sol', import.meta.url);

interface CompilerOutput {
  readonly errors?: readonly { readonly severity: string; readonly formattedMessage: string }[];
  readonly contracts?: Readonly<
    Record<string, Readonly<Record<string, { abi: unknown[]; evm: { bytecode: { object: string } } }>>>
  >;
}

/** Compiles the contract with the solc that package.json pins. Throws what solc says, warnings included. */
export function compile(): Artifact {
  const name = 'CheckpointAnchors.sol';
  const input = {
    language: 'Solidity',
    sources: { [name]: { content: readFileSync(SOURCE, 'utf8') } },
    settings: {
      optimizer: { enabled: true, runs: 200 },
      // Understood by every chain since 2023.
      evmVersion: 'paris',
      // No hash of the sources at the end: the same code is the same bytes.
      metadata: { bytecodeHash: 'none', appendCBOR: false },
      outputSelection: { '*': { '*': ['abi', 'evm.bytecode.object'] } },
    },
  };
  const output = JSON.parse(solc.compile(JSON.stringify(input))) as CompilerOutput;
  const [problem] = output.errors ?? [];
  if (problem !== undefined) throw new Error(problem.formattedMessage);
  const contract = output.contracts?.[name]?.['CheckpointAnchors'];
  if (contract === undefined) throw new Error('The compiler gave no contract');
  return { compiler: solc.version(), abi: contract.abi, bytecode: `0x${contract.evm.bytecode.object}` };
}

/** The artifact as it is kept. */
export function readArtifact(): Artifact {
  return JSON.parse(readFileSync(ARTIFACT, 'utf8')) as Artifact;
}

export function writeArtifact(): void {
  writeFileSync(ARTIFACT, `${JSON.stringify(compile(), null, 2)}\n`);
}
