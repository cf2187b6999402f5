import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Short files with long tests, which vitest, knowing only how long the files are, would begin last: then two thirds of the machine wait. */
const LONG = [
  'integration/gateways/rtp-media-gateway-dgram',
  'integration/main',
  'integration/threads/every-kind',
  'integration/cli/doctor',
  'e2e/trouble',
  'e2e/soak',
  'e2e/transfer',
  'e2e/lab-commands',
  'e2e/odd-calls',
  'e2e/take-over',
  'e2e/vonage',
  'e2e/overload',
  'e2e/conversation',
];

/** The order of the test files. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number =>
      LONG.findIndex((name) => moduleId.endsWith(`/test/${name}.test.ts`)) + 1 || LONG.length + 1;
    const sorted = await super.sort(files);
    return sorted.toSorted((a, b) => place(a) - place(b));
  }
}
