import { describe, expect, it } from 'vitest';
import { failureLines, type TestReport } from '../../lab/test-report.ts';

const PASSED = { fullName: 'The moon is round', status: 'passed', failureMessages: [] };

function report(...testResults: TestReport['testResults']): TestReport {
  return { numPassedTests: 1, numFailedTests: 1, testResults };
}

describe('The end of make test names', () => {
  it('each test that failed, with its file and the first line of its message', () => {
    const failed = {
      fullName: 'The moon has no hair',
      status: 'failed',
      failureMessages: ['\x1b[31mAssertionError\x1b[39m: expected 1 to be 0\n    at somewhere', 'another'],
    };
    const file = { status: 'failed', message: '' };
    expect(
      failureLines(
        report(
          { ...file, name: '/project/test/moon.test.ts', assertionResults: [PASSED, failed] },
          {
            ...file,
            name: '/project/test/sun.test.ts',
            assertionResults: [{ ...failed, failureMessages: [] }],
          },
        ),
        '/project',
      ),
    ).toEqual([
      'test/moon.test.ts › The moon has no hair: AssertionError: expected 1 to be 0',
      'test/sun.test.ts › The moon has no hair: no reason given',
    ]);
  });

  it('a file that could not be run', () => {
    const file = { name: '/project/test/a.test.ts', assertionResults: [] };
    expect(
      failureLines(
        report({ ...file, status: 'failed', message: '\nCannot find module x\n  at y' }),
        '/project',
      ),
    ).toEqual(['test/a.test.ts: Cannot find module x']);
  });

  it('nothing where all passed', () => {
    const file = { name: '/project/test/a.test.ts', status: 'passed', message: '' };
    expect(failureLines(report({ ...file, assertionResults: [PASSED] }), '/project')).toEqual([]);
  });
});
