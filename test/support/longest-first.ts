import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Short files with long tests, which vitest, knowing only how long the files are, would begin last: then two thirds of the machine wait. */
const LONG = [
  'integration/gateways/rtp-media-gateway-dgram',
  'integration/main',
  'integration/threads/every-kind',
  'integration/cli/doctor',
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
