import type { Config } from '../../config.ts';
import { fieldsOf } from '../../lib/fields.ts';
import { systemClock } from '../../lib/clock.ts';
import { messageOf } from '../../lib/errors.ts';
import { ariBase } from '../../telephony/asterisk/ari-client.ts';
import { AriHttp } from '../../telephony/asterisk/ari-http.ts';
import { textOf } from '../../telephony/asterisk/ari-model.ts';
import { checkAriAccess } from '../../telephony/asterisk/ari-rest.ts';
import type { Finding, Tell } from './finding.ts';

export type Server = Config['asterisk'][number];

/** Its Stasis application. */
export const DOCTOR = 'voice-agent-doctor';
export const ARI_MS = 5000;
const OLDEST = 20;
const SKEW_MS = 2000;
/** Without one of these no call comes to its sound; what is loaded for it otherwise hangs on them. */
const MODULES = {
  'app_stasis.so': 'Stasis() in the dialplan',
  'res_stasis_answer.so': 'answering',
  'res_ari_channels.so': 'ARI’s channels',
  'res_ari_bridges.so': 'ARI’s bridges',
  'res_ari_events.so': 'ARI’s events',
  'chan_rtp.so': 'the agent’s leg (UnicastRTP)',
  'bridge_simple.so': 'bridges of two',
};
const CODEC_MODULES = { ulaw: 'codec_ulaw.so', alaw: 'codec_alaw.so', g722: 'codec_g722.so' };
/** A channel's function that is harmless, and refused unless live_dangerously is on: does the root folder exist? Then `1`. */
export const DANGEROUS = 'STAT(e,/)';
const DANGEROUS_MODULE = 'func_env.so';
/** Before it, functions came through ARI whatever the setting. */
const OBEYS = [22, 10, 1];

export interface Inspected {
  /** `DANGEROUS` tells whether live_dangerously is on. */
  readonly showsDanger: boolean;
}

/** What an Asterisk is and has. Undefined: nothing more can be tried with it. */
export async function lookAtAsterisk(server: Server, tell: Tell): Promise<Inspected | undefined> {
  const { name, url, username } = server;
  try {
    await checkAriAccess(server, ARI_MS);
  } catch (error) {
    const text = messageOf(error);
    tell({ state: 'bad', text, remedy: remedyOf(text, server) });
    return undefined;
  }
  tell({ state: 'ok', text: `Asterisk "${name}" lets ${username} in at ${url}, to read and to write` });
  const http = new AriHttp(server, ARI_MS);
  const get = async (path: string) => {
    const asked = systemClock.wallClock();
    const answer = await http.request({ method: 'GET', url: `${ariBase(server)}/ari/${path}` });
    const body: unknown = answer.status === 200 ? JSON.parse(answer.body) : undefined;
    return { status: answer.status, body, date: answer.headers.date, asked };
  };
  try {
    const info = await get('asterisk/info?only=system');
    const version = textOf(fieldsOf(fieldsOf(info.body)['system'])['version']);
    const [major = 0] = numbersIn(version);
    if (major >= OLDEST) tell({ state: 'ok', text: `it is Asterisk ${version}` });
    else
      tell({
        state: 'bad',
        text: `it is Asterisk ${version || 'of an unknown version'}; ${OLDEST} or newer is needed`,
        remedy: 'upgrade Asterisk to 20 LTS or 22 LTS',
      });
    tellSkew(info.date, info.asked, tell);
    const loaded = modules(await get('asterisk/modules'), tell);
    return { showsDanger: loaded.has(DANGEROUS_MODULE) && obeys(version) };
  } finally {
    http.close();
  }
}

function remedyOf(text: string, { username, url }: Server): string {
  if (text.includes('only read'))
    return `ari.conf: read_only = no in [${username}], then: asterisk -rx "module reload res_ari.so"`;
  if (text.includes('refuses the ARI user'))
    return `ari.conf: [${username}] with type = user and this password, then: asterisk -rx "module reload res_ari.so"`;
  if (text.includes('ECONNREFUSED'))
    return `is Asterisk running? http.conf: enabled = yes, bindaddr and bindport as in ${url}; then: asterisk -rx "core restart when convenient"`;
  return `does ${url} (ARI_URL) lead to Asterisk's web server? curl ${url}/ari/api-docs/resources.json asks for a password if so`;
}

function tellSkew(date: string | undefined, asked: number, tell: Tell): void {
  const skew = date === undefined ? 0 : Date.parse(date) - asked;
  if (Math.abs(skew) < SKEW_MS) return;
  tell({
    state: 'warning',
    text: `Asterisk's clock is ${Math.round(skew / 1000)} s apart from this machine's: logs can't be compared`,
    remedy: 'let a time service keep both',
  });
}

/** Returns which are loaded. */
function modules({ body }: { readonly body: unknown }, tell: Tell): ReadonlySet<string> {
  const running = new Set(
    (Array.isArray(body) ? body : [])
      .map(fieldsOf)
      .filter(({ status }) => status === 'Running')
      .map(({ name }) => textOf(name)),
  );
  const missing = Object.entries(MODULES).filter(([module]) => !running.has(module));
  for (const [module, what] of missing)
    tell({
      state: 'bad',
      text: `the module ${module} isn’t loaded: ${what} won't work`,
      remedy: `modules.conf: load = ${module}, then: asterisk -rx "module load ${module}"`,
    });
  const codecs = Object.values(CODEC_MODULES).filter((module) => !running.has(module));
  if (codecs.length > 0)
    tell({
      state: 'warning',
      text: `without ${codecs.join(', ')} telephones with another codec than the agent's have no sound`,
      remedy: codecs.map((module) => `asterisk -rx "module load ${module}"`).join('; '),
    });
  if (missing.length === 0)
    tell({ state: 'ok', text: `all ${Object.keys(MODULES).length} modules that are needed are loaded` });
  return running;
}

/** `isOn`: undefined where that can't be seen. */
export function danger(isOn: boolean | undefined): Finding {
  const remedy = 'asterisk.conf: live_dangerously = no, then restart Asterisk';
  if (isOn === undefined)
    return { state: 'ok', text: `live_dangerously should be off, which ARI can’t see here (${remedy})` };
  if (!isOn) return { state: 'ok', text: 'live_dangerously is off' };
  const text =
    'live_dangerously is on: whoever knows the ARI password can read files and run programs as Asterisk';
  return { state: 'warning', text, remedy };
}

function obeys(version: string): boolean {
  const numbers = numbersIn(version);
  return (OBEYS.map((part, n) => (numbers[n] ?? 0) - part).find((part) => part !== 0) ?? 0) >= 0;
}

function numbersIn(version: string): number[] {
  return (/\d+(?:\.\d+)*/.exec(version)?.[0] ?? '').split('.').map(Number);
}
