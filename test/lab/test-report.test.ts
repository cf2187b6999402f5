import { describe, expect, it } from 'vitest';
import { failedFiles, failuresIn, withSecondTry, type TestReport } from '../../lab/test-report.ts';

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
      failuresIn(
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
      { what: 'test/moon.test.ts › The moon has no hair', why: 'AssertionError: expected 1 to be 0' },
      { what: 'test/sun.test.ts › The moon has no hair', why: 'no reason given' },
    ]);
  });

  it('a file that could not be run', () => {
    const file = { name: '/project/test/a.test.ts', assertionResults: [] };
    expect(
      failuresIn(
        report({ ...file, status: 'failed', message: '\nCannot find module x\n  at y' }),
        '/project',
      ),
    ).toEqual([{ what: 'test/a.test.ts', why: 'Cannot find module x' }]);
  });

  it('nothing where all passed', () => {
    const file = { name: '/project/test/a.test.ts', status: 'passed', message: '' };
    expect(failuresIn(report({ ...file, assertionResults: [PASSED] }), '/project')).toEqual([]);
  });
});

describe('A file that is run again', () => {
  const failed = { ...PASSED, fullName: 'The moon has no hair', status: 'failed' };
  const file = (
    name: string,
    ...assertionResults: TestReport['testResults'][number]['assertionResults']
  ) => ({
    name,
    status: assertionResults.every(({ status }) => status === 'passed') ? 'passed' : 'failed',
    message: '',
    assertionResults,
  });
  const first = report(file('sun', PASSED), file('moon', PASSED, failed), file('stars', failed));

  it('is one in which something failed', () => {
    expect(failedFiles(first)).toEqual(['moon', 'stars']);
  });

  it('counts as it ends then, and every other as at first', () => {
    const both = withSecondTry(first, report(file('moon', PASSED, PASSED), file('stars', failed)));
    expect(both).toMatchObject({ numPassedTests: 3, numFailedTests: 1 });
    expect(failedFiles(both)).toEqual(['stars']);
  });

  it('counts as at first where the second run got nowhere', () => {
    expect(withSecondTry(first, report())).toMatchObject({ numPassedTests: 2, numFailedTests: 2 });
  });
});
