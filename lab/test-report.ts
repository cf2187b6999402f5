/** What vitest's JSON report says, in lines for who wants to know what failed without scrolling back. */
import { relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

/** The part of the report that is read. */
export interface TestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly {
    /** The file's path. */
    readonly name: string;
    readonly status: string;
    /** Why the file itself failed. */
    readonly message: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

export const NO_REPORT: TestReport = { numPassedTests: 0, numFailedTests: 0, testResults: [] };

/** A line for each test that failed, and for each file that couldn't be run: file › name: why. */
export function failureLines(report: TestReport, root: string): string[] {
  return report.testResults.flatMap(({ name, status, message, assertionResults }) => {
    const file = relative(root, name);
    const failed = assertionResults.filter((test) => test.status === 'failed');
    if (failed.length === 0 && status === 'failed') return [`${file}: ${firstLine(message)}`];
    return failed.map((test) => `${file} › ${test.fullName}: ${firstLine(test.failureMessages[0])}`);
  });
}

function firstLine(text = ''): string {
  const lines = stripVTControlCharacters(text).split('\n');
  return lines.find((line) => line.trim() !== '')?.trim() ?? 'no reason given';
}
