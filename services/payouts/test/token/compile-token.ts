import { readFileSync } from 'node:fs';
import solc from 'solc';

interface CompilerOutput {
  readonly errors?: readonly { readonly formattedMessage: string }[];
  readonly contracts?: Readonly<Record<string, Readonly<Record<string, { evm: { bytecode: { object: string } } }>>>>;
}

/** The bytecode of the token that specs pay in, by the solc that package.json pins. */
export function compileToken(): `0x${string}` {
  const file = 'TestUsdc.sol';
  const output = JSON.parse(
    solc.compile(
      JSON.stringify({
        language: 'Solidity',
        sources: { [file]: { content: readFileSync(new URL(file, import.meta.url), 'utf8') } },
        settings: { evmVersion: 'paris', outputSelection: { '*': { '*': ['evm.bytecode.object'] } } },
      }),
    ),
  ) as CompilerOutput;
  const [problem] = output.errors ?? [];
  const code = output.contracts?.[file]?.['TestUsdc']?.evm.bytecode.object;
  if (problem !== undefined || code === undefined) throw new Error(problem?.formattedMessage ?? 'no contract came out');
  return `0x${code}`;
}
