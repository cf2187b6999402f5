import { EX_USAGE, wrongUsage, type Command, type Output } from './command.ts';

/** What our own older commands give for wrong usage. */
const WRONG_USAGE = 2;

const MESSAGES = ['messages [--limit N] [--json] [--data DIRECTORY]', 'messages done ID'];

/** All commands, in the order of the help. What a command needs is loaded when it is called. */
export const COMMANDS: Readonly<Record<string, Command>> = {
  start: {
    summary: 'takes calls, until SIGTERM or Ctrl-C',
    usage: ['start'],
    about:
      'The first signal lets running calls come to their end (limits.drainMs), a second one sends callers on in the dialplan. ' +
      'Exit status: 78 if the configuration is wrong, 70 after a bug, 1 if something that is needed is missing.',
    async run(args, { complain }) {
      if (args.length > 0) return wrongUsage('start', complain);
      await import('../main.ts');
      return undefined;
    },
  },
  watchdog: {
    summary: 'lets callers go on in the dialplan when the agent is gone, until SIGTERM or Ctrl-C',
    usage: ['watchdog'],
    about:
      'Runs beside the agent, with the same configuration, and acts when Asterisk has had no sign of it for ten seconds. ' +
      'Exit status: 78 if the configuration is wrong.',
    async run(args, { complain }) {
      if (args.length > 0) return wrongUsage('watchdog', complain);
      await import('../watchdog.ts');
      return undefined;
    },
  },
  check: {
    summary: 'says whether the configuration is right, and what it comes to',
    usage: ['check [--json]'],
    about:
      'Reads agents.yaml, providers.yaml and the environment, asks nobody. Exit status: 0, or 78 with all problems.',
    async run(args, out) {
      const { checkCommand } = await import('./check.ts');
      return checkCommand(args, process.env, out);
    },
  },
  doctor: {
    summary: 'says what is wrong with machine, Asterisk, keys and sound, and what to do',
    usage: ['doctor [--json] [--no-call] [--context NAME]'],
    about:
      'Calls through Asterisk and back, and each extension in the dialplan (--context, by default voice-agent); an agent that runs ' +
      'answers those. Spends nothing. Exit status: 0, 1 if something is bad, 78 if it is the configuration.',
    async run(args, out) {
      const { doctorCommand } = await import('./doctor.ts');
      return doctorCommand(args, process.env, out);
    },
  },
  call: {
    summary: 'lets the running agent call somebody, and tells how it went',
    usage: ['call NUMBER --agent ID [--note TEXT] [--json]'],
    about:
      'The note says what it is about, to the agent. --json: a line for each piece of news. Needs outgoing.token (docs/outgoing-calls.md). Exit status: 0 if they ' +
      'answered and talked with the agent, 1 if not, or if it couldn’t be ordered.',
    async run(args, out) {
      const { callCommand } = await import('./call.ts');
      return callCommand(args, process.env, out);
    },
  },
  calls: {
    summary: 'lists, shows, searches, exports and deletes what is kept of calls',
    usage: [
      'calls [list] [--limit N]',
      'calls show NAME | search WORDS | export [NAME] [--format json|csv|vtt] | audit',
      'calls caller NUMBER | forget NUMBER [--yes] | backup FILE',
      '… [--json] [--data DIRECTORY]',
    ],
    about:
      'NAME: the last column of the list, or a part of it. Runs as the user that the agent runs as: what it reads is theirs. ' +
      'Exit status: 0, or 1 if there is no such call, or the records can’t be read. docs/records.md has more.',
    run: (args, out) => calls(args, out),
  },
  replay: {
    summary: 'takes a call’s turns again, from its record and recording, perhaps with other settings',
    usage: [
      'replay NAME [--data DIRECTORY]',
      'replay RECORD.json [RECORDING.wav]',
      '… [--set SETTING=VALUE]… [--json]',
    ],
    about:
      'Prints what was decided in the call, and what is decided now: docs/replay.md has more. RECORD.json is what ' +
      '“voice-agent calls export NAME” prints. Exit status: 0 if all is as it was, 1 if not, or if it can’t be replayed.',
    async run(args, out) {
      const { replayCommand } = await import('./replay.ts');
      return replayCommand(args, out);
    },
  },
  messages: {
    summary: 'lists what callers left, or marks a message as done',
    usage: MESSAGES,
    about:
      'Newest first. What is done is deleted records.keepDays later. Exit status: 0, or 1 if there is no such message, or the ' +
      'records can’t be read.',
    run: (args, out) =>
      calls(
        args[0] === 'done' ? args : ['messages', ...args],
        out,
        `usage: voice-agent ${MESSAGES.join(' | ')}`,
      ),
  },
  health: {
    summary: 'asks a running agent whether it is ready for calls',
    usage: ['health [readyz | healthz] [--url URL] [--timeout-ms N] [--json]'],
    about:
      'Prints its answer, which is JSON; with --json also that there is none. Exit status: 0 if it is well, 1 if it isn’t or ' +
      'doesn’t answer.',
    async run(args, { print, complain }) {
      const { healthCheckCommand } = await import('../health-check.ts');
      return sysexit(await healthCheckCommand(args, process.env, print, complain));
    },
  },
  version: {
    summary: 'says which version this is',
    usage: ['version [--json]'],
    about: 'And which Node.js runs it.',
    async run(args, { print, complain }) {
      if (args.some((arg) => arg !== '--json')) return wrongUsage('version', complain);
      const { default: manifest } = await import('../../package.json', { with: { type: 'json' } });
      const { version } = manifest;
      const { node } = process.versions;
      print(
        args.length > 0 ? JSON.stringify({ version, node }) : `ari-voice-agent ${version}, Node.js ${node}`,
      );
      return 0;
    },
  },
};

async function calls(args: readonly string[], { print, complain }: Output, usage?: string): Promise<number> {
  const { callsCommand } = await import('../calls/command.ts');
  return sysexit(await callsCommand(args, print, complain, 'voice-agent calls', usage));
}

function sysexit(status: number): number {
  return status === WRONG_USAGE ? EX_USAGE : status;
}
