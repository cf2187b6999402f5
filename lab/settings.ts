import { UserError } from './user-error.ts';

/** What can be said on the command line: `make lab HOST=192.168.1.20 SIP_PORT=5062`. */
export interface LabSettings {
  readonly host: string | undefined;
  readonly sipPort: number | undefined;
  readonly httpPort: number | undefined;
}

export function labSettings(environment: NodeJS.ProcessEnv = process.env): LabSettings {
  const engine = nonEmpty(environment['LAB']) ?? 'native';
  if (engine === 'docker') {
    throw new UserError(
      'LAB=docker is not there yet: this version runs Asterisk natively, without a container engine. Leave LAB out.',
    );
  }
  if (engine !== 'native') throw new UserError(`LAB=${engine} is not known; it can be native.`);
  return {
    host: nonEmpty(environment['HOST']),
    sipPort: port('SIP_PORT', environment),
    httpPort: port('HTTP_PORT', environment),
  };
}

function port(name: string, environment: NodeJS.ProcessEnv): number | undefined {
  const text = nonEmpty(environment[name]);
  if (text === undefined) return undefined;
  const number = Number(text);
  if (Number.isInteger(number) && number > 0 && number < 65_536) return number;
  throw new UserError(`${name}=${text} is no port: it must be a number from 1 to 65535.`);
}

export function nonEmpty(text: string | undefined): string | undefined {
  return text === undefined || text === '' ? undefined : text;
}
