/** `voice-agent`: finds the command, and ends with its status. */
import { didYouMean } from '../config/nearest.ts';
import { EX_OK, EX_USAGE, type Command, type Output } from './command.ts';
import { COMMANDS } from './commands.ts';

async function voiceAgent(args: readonly string[], out: Output): Promise<number | undefined> {
  const [name = 'help', ...rest] = args;
  const wantsHelp = ['help', '--help', '-h'].includes(name);
  if (name === '--version') return COMMANDS['version']?.run(rest, out);
  const wanted = wantsHelp ? rest[0] : name;
  if (wanted === undefined) {
    everyCommand().forEach(args.length > 0 ? out.print : out.complain);
    return args.length > 0 ? EX_OK : EX_USAGE;
  }
  const command = Object.hasOwn(COMMANDS, wanted) ? COMMANDS[wanted] : undefined;
  if (!command) {
    out.complain(
      `there is no command "${wanted}"${didYouMean(wanted, Object.keys(COMMANDS))}; see: voice-agent help`,
    );
    return EX_USAGE;
  }
  if (wantsHelp || rest.some((arg) => arg === '--help' || arg === '-h')) {
    helpOf(command).forEach(out.print);
    return EX_OK;
  }
  return command.run(rest, out);
}

function everyCommand(): string[] {
  const width = Math.max(...Object.keys(COMMANDS).map((name) => name.length));
  return [
    'usage: voice-agent COMMAND …',
    '',
    ...Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`),
    '',
    'voice-agent help COMMAND says more of one.',
  ];
}

function usageOf({ usage }: Command): string[] {
  return usage.map((line, n) => `${n === 0 ? 'usage:' : '      '} voice-agent ${line}`);
}

function helpOf(command: Command): string[] {
  return [
    ...usageOf(command),
    '',
    `${command.summary[0]?.toUpperCase()}${command.summary.slice(1)}.`,
    command.about,
  ];
}

// Whoever reads may have had enough: `voice-agent calls | head`.
process.stdout.on('error', () => process.exit(0));
const status = await voiceAgent(process.argv.slice(2), {
  print: (line) => void process.stdout.write(`${line}\n`),
  complain: (line) => void process.stderr.write(`${line}\n`),
});
if (status !== undefined) process.exitCode = status;
