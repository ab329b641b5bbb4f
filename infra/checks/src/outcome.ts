import { readFileSync } from 'node:fs';
import { relative } from 'node:path';

/** One thing that failed: a test by its file and full name, or a part that did not get to its tests. */
export interface Failure {
  readonly what: string;
  /** Why, as jest says it, without colours; empty when `what` says it all. */
  readonly why: string;
}

/** What a part of the tests came to; a test that was skipped is among the failures, without a reason. */
export interface Outcome {
  readonly passed: number;
  readonly failed: number;
  readonly failures: readonly Failure[];
}

/** What jest writes with `--json`, as far as it is read here. */
interface Report {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numTodoTests: number;
  numRuntimeErrorTestSuites: number;
  testResults: {
    name: string;
    status: string;
    message: string;
    assertionResults: { fullName: string; status: string; failureMessages: string[] }[];
  }[];
}

/** Lines of a reason that are shown: the difference and the place in the spec, without the whole of a large answer. */
const LINES_SHOWN = 40;
const COLOURS = new RegExp(`${String.fromCodePoint(27)}\\[[0-9;]*m`, 'g');

/**
 * What a report of jest says, its files named from `root`. A test that was skipped has shown nothing, so it counts as failed;
 * so does a spec file that failed as a whole, because it could not be run or by what it does around its tests.
 */
export function readReport(file: string, root: string): Outcome {
  const report = JSON.parse(readFileSync(file, 'utf8')) as Report;
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, numRuntimeErrorTestSuites } = report;
  const failures = report.testResults.flatMap(({ name, status, message, assertionResults }) => {
    const place = relative(root, name);
    const unmet = assertionResults.filter((test) => test.status !== 'passed');
    if (unmet.length === 0) return status === 'passed' ? [] : [{ what: `${place}: as a whole`, why: message }];
    return unmet.map((test) => ({
      what: `${place}: ${test.fullName}${test.status === 'failed' ? '' : ` (${test.status})`}`,
      why: test.failureMessages.join('\n'),
    }));
  });
  const failed = numFailedTests + numPendingTests + numTodoTests + numRuntimeErrorTestSuites;
  return { passed: numPassedTests, failed, failures };
}

/** A part that failed as a whole. */
export function failure(what: string, why = ''): Outcome {
  return { passed: 0, failed: 1, failures: [{ what, why }] };
}

export function together(outcomes: readonly Outcome[]): Outcome {
  return {
    passed: outcomes.reduce((sum, { passed }) => sum + passed, 0),
    failed: outcomes.reduce((sum, { failed }) => sum + failed, 0),
    failures: outcomes.flatMap(({ failures }) => failures),
  };
}

/** Each failure with its reason, to be read at the end of a long output. */
export function describeFailures({ failures }: Outcome): string {
  return failures
    .map(({ what, why }) => {
      const lines = why.replaceAll(COLOURS, '').trim().split('\n');
      const more = lines.length > LINES_SHOWN ? [`… ${lines.length - LINES_SHOWN} lines more`] : [];
      return [
        `✖ ${what}`,
        ...[...lines.slice(0, LINES_SHOWN), ...more].filter((line) => line !== '').map((line) => `    ${line}`),
      ];
    })
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}
