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

/** The files in which something failed. */
export function failedFiles({ testResults }: TestReport): string[] {
  return testResults.filter(({ status }) => status === 'failed').map(({ name }) => name);
}

/** What counts when some of the files were run again. */
export function withSecondTry(first: TestReport, second: TestReport): TestReport {
  const again = new Map(second.testResults.map((file) => [file.name, file]));
  const testResults = first.testResults.map((file) => again.get(file.name) ?? file);
  const count = (wanted: string): number =>
    testResults.flatMap(({ assertionResults }) => assertionResults).filter(({ status }) => status === wanted)
      .length;
  return { numPassedTests: count('passed'), numFailedTests: count('failed'), testResults };
}

export interface Failure {
  /** The test, with its file; or a file that couldn't be run. */
  readonly what: string;
  readonly why: string;
}

export function failuresIn(report: TestReport, root: string): Failure[] {
  return report.testResults.flatMap(({ name, status, message, assertionResults }) => {
    const file = relative(root, name);
    const failed = assertionResults.filter((test) => test.status === 'failed');
    if (failed.length === 0 && status === 'failed') return [{ what: file, why: firstLine(message) }];
    return failed.map((test) => ({
      what: `${file} › ${test.fullName}`,
      why: firstLine(test.failureMessages[0]),
    }));
  });
}

function firstLine(text = ''): string {
  const lines = stripVTControlCharacters(text).split('\n');
  return lines.find((line) => line.trim() !== '')?.trim() ?? 'no reason given';
}
