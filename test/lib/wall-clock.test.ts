import { globSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { PROJECT } from '../../lab/paths.ts';

/** What is dated, or checked against a date: somebody may set the machine's clock at any time. */
const DATED = [
  'src/app/console.ts', // when a call began that has no record
  'src/app/vonage.ts', // Vonage's tokens have a time
  'src/calls/command.ts',
  'src/cli/doctor/asterisk.ts',
  'src/console/console-server.ts', // a sign-in ends with a working day
  'src/dialog/reply/agent-tools.ts',
  'src/lib/clock.ts',
  'src/observability/log-output.ts',
  'src/providers/chat/chat-model.ts', // the model knows the date
  'src/providers/embedded/receptionist/receptionist.ts', // and the receptionist the opening hours
  'src/providers/speech-store.ts', // which file was used last
  'src/store/archive.ts',
  'src/store/feeder.ts',
  'src/store/store.ts',
  'src/store/upkeep.ts',
  'src/telephony/asterisk/heartbeat.ts', // a value that changes
  'src/telephony/vonage/signed-webhook.ts',
  'src/telephony/vonage/vonage-rest.ts',
];

it('durations never count on the clock on the wall: it is asked in these places alone', () => {
  const asks = globSync('src/**/*.ts', { cwd: PROJECT }).filter((path) =>
    /wallClock\b(?!\()(?!:)|wallClock\(\)|Date\.now\(|new Date\(\)/.test(
      readFileSync(`${PROJECT}/${path}`, 'utf8'),
    ),
  );
  expect(asks.filter((path) => !DATED.includes(path))).toEqual([]);
});
