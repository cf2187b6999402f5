import { messageOf } from '../src/lib/errors.ts';
import { UserError } from './user-error.ts';

/**
 * Runs a command of the lab: Ctrl-C and SIGTERM abort its signal (a second time, they end it at
 * once), and what a person can put right is shown as one sentence. Sets the exit status.
 */
export async function runMain(main: (signal: AbortSignal) => Promise<unknown>): Promise<void> {
  const controller = new AbortController();
  let interrupted: NodeJS.Signals | undefined;
  const onSignal = (name: NodeJS.Signals): void => {
    // Whatever this process started dies with it.
    if (interrupted) process.exit(130);
    interrupted = name;
    controller.abort();
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal).on('SIGHUP', onSignal);
  try {
    await main(controller.signal);
  } catch (error) {
    if (error instanceof UserError) console.error(`\n${error.message}`);
    else if (!interrupted) console.error('\n', error instanceof Error ? error : messageOf(error));
    process.exitCode = 1;
  }
  if (interrupted) process.exitCode = interrupted === 'SIGTERM' ? 143 : 130;
  process.off('SIGINT', onSignal).off('SIGTERM', onSignal).off('SIGHUP', onSignal);
}
