import { UserError } from './user-error.ts';

/** What can be said on the command line: `make lab HOST=192.168.1.20 SIP_PORT=5062`. */
export interface LabSettings {
  readonly host: string | undefined;
  readonly sipPort: number | undefined;
  readonly httpPort: number | undefined;
}

export function labSettings(environment: NodeJS.ProcessEnv = process.env): LabSettings {
  const engine = nonEmpty(environment['LAB']) ?? 'native';
  if (engine !== 'native' && engine !== 'docker') {
    throw new UserError(`LAB=${engine} is not known; it can be native or docker.`);
  }
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

/** Throws UserError where a command that only the native lab has is asked of the containers. */
export function refuseContainers(command: string, environment: NodeJS.ProcessEnv = process.env): void {
  if (nonEmpty(environment['LAB']) !== 'docker') return;
  throw new UserError(`${command} knows the lab without containers only: leave LAB=docker out.`);
}

/** Throws UserError where something is asked of the containers that only the native lab has. */
export function refuseInContainers(environment: NodeJS.ProcessEnv = process.env): void {
  if (nonEmpty(environment['HTTP_PORT']) !== undefined) {
    throw new UserError(
      'HTTP_PORT= is for the lab without containers: with LAB=docker nobody outside reaches ARI.',
    );
  }
  const providers = nonEmpty(environment['PROVIDERS']);
  if (providers !== 'emulated') return;
  throw new UserError('PROVIDERS=emulated is for the lab without containers: leave LAB=docker out.');
}
