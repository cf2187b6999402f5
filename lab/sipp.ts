/** Many calls by SIPp, which tells of each how it went. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { endContained, innerPid, type Place } from './contained.ts';
import { asToolSees, spawnTool } from './tool.ts';

export interface SippOptions {
  readonly at: Place;
  /** Whom to call. */
  readonly server: string;
  readonly extension: string;
  /** A call for each: its number is the caller's, its port is where it wants to hear. */
  readonly callers: readonly { readonly number: string; readonly port: number }[];
  /** All of them call from this number instead; theirs only tell them apart. */
  readonly from?: string;
  /** Who hears. */
  readonly mediaAddress: string;
  /** New calls in a second; and how many at a time (default: as many as there are). */
  readonly rate: number;
  readonly atATime?: number;
  /** How long after the answer the caller hangs up. */
  readonly holdMs: number;
  /** After the answer, the caller asks anew (re-INVITE), as telephones do to hold. */
  readonly askAnew?: boolean;
  readonly transport?: 'udp' | 'tls';
  /** With tls: where certificate.pem and key.pem are. */
  readonly certificates?: string;
  /** Its SIP port: two at one place need two. */
  readonly port: number;
  /** Of its own, for its files. */
  readonly folder: string;
}

export type SippEnd =
  /** The caller hung up, and that was confirmed. */
  | 'caller'
  /** Asterisk hung up. */
  | 'callee'
  /** Refused, with a status. */
  | 'refused'
  /** Anything else: no answer, no confirmation, a broken dialogue. */
  | 'failed';

export interface SippCall {
  readonly number: string;
  /** Wall clock, milliseconds. */
  readonly askedAt: number | undefined;
  readonly answeredAt: number | undefined;
  readonly endedAt: number | undefined;
  readonly end: SippEnd;
  readonly status?: number;
}

const REFUSALS = [403, 404, 408, 480, 486, 488, 500, 502, 503, 603];

export class Sipp {
  readonly #child: ChildProcess;
  readonly #options: SippOptions;
  readonly #ended: Promise<unknown>;
  #output = '';

  private constructor(child: ChildProcess, options: SippOptions) {
    this.#child = child;
    this.#options = options;
    this.#ended = once(child, 'exit');
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (piece: Buffer) => {
        this.#output = (this.#output + piece.toString()).slice(-4000);
      });
  }

  static async start(options: SippOptions): Promise<Sipp> {
    const { folder, callers, rate, at } = options;
    mkdirSync(folder, { recursive: true });
    const rows = callers.map(({ number, port }) => `${number};${port};`);
    writeFileSync(join(folder, 'callers.csv'), `SEQUENTIAL\n${rows.join('\n')}\n`);
    writeFileSync(join(folder, 'scenario.xml'), scenario(options));
    const seen = asToolSees(folder);
    const tls = options.transport === 'tls';
    if (options.certificates !== undefined)
      for (const name of ['certificate.pem', 'key.pem'])
        copyFileSync(join(options.certificates, name), join(folder, name));
    const child = await spawnTool(
      [
        'sipp',
        `${options.server}:${tls ? 5061 : 5060}`,
        ...['-sf', `${seen}/scenario.xml`, '-inf', `${seen}/callers.csv`],
        ...['-s', options.extension, '-i', at.address, '-p', String(options.port)],
        ...[
          '-m',
          String(callers.length),
          '-r',
          String(rate),
          '-l',
          String(options.atATime ?? callers.length),
        ],
        ...[
          '-trace_logs',
          '-log_file',
          `${seen}/calls.log`,
          '-trace_err',
          '-error_file',
          `${seen}/errors.log`,
        ],
        // In its own process namespace each SIPp is number 1, which its Call-IDs begin with otherwise.
        ...['-cid_str', `%u-${options.callers[0]?.number ?? ''}@%s`],
        ...['-nostdin', '-recv_timeout', '20000', '-default_behaviors', 'all,-bye', '-max_retrans', '6'],
        ...(tls ? ['-t', 'l1', '-tls_cert', `${seen}/certificate.pem`, '-tls_key', `${seen}/key.pem`] : []),
      ],
      { folder, at },
    );
    return new Sipp(child, options);
  }

  /** The calls that were made, as far as they have come. */
  calls(): SippCall[] {
    const path = join(this.#options.folder, 'calls.log');
    const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n') : [];
    const seen = new Map<string, Map<string, number>>();
    for (const line of lines) {
      // [timestamp] is a date, a time, and the seconds since 1970.
      const [, number, what, seconds] = /^(\d+) (\w+) .*?(\d+\.\d+)$/.exec(line) ?? [];
      if (number === undefined || what === undefined) continue;
      const call = seen.get(number) ?? new Map<string, number>();
      call.set(what, 1000 * Number(seconds));
      seen.set(number, call);
    }
    return this.#options.callers.flatMap(({ number }) => {
      const known = seen.get(number);
      return known ? [callOf(number, known)] : [];
    });
  }

  /** No more calls are made; those that go on come to their end. */
  makeNoMore(): void {
    const sipp = innerPid(this.#child);
    if (sipp !== undefined) process.kill(sipp, 'SIGUSR1');
  }

  /** Resolves when all calls have ended. */
  async finished(): Promise<SippCall[]> {
    await this.#ended;
    return this.calls();
  }

  /** Its last words, for who wonders. */
  get output(): string {
    const path = join(this.#options.folder, 'errors.log');
    const errors = existsSync(path) ? readFileSync(path, 'utf8').split('\n') : [];
    // That nobody hung up before the caller did is told for each call.
    const odd = errors.filter((line) => !line.includes('jumping to label'));
    return odd.join('\n').slice(0, 8000) + this.#output.slice(-1000);
  }

  async stop(): Promise<void> {
    await endContained(this.#child, { graceMs: 500 });
    rmSync(this.#options.folder, { recursive: true, force: true });
  }
}

function callOf(number: string, seen: ReadonlyMap<string, number>): SippCall {
  const base = { number, askedAt: seen.get('asked'), answeredAt: seen.get('answered') };
  for (const end of ['caller', 'callee'] as const) {
    const at = seen.get(end);
    if (at !== undefined) return { ...base, endedAt: at, end };
  }
  for (const status of REFUSALS) {
    const at = seen.get(String(status));
    if (at !== undefined) return { ...base, endedAt: at, end: 'refused', status };
  }
  return { ...base, endedAt: undefined, end: 'failed' };
}

/** A caller's part of a call, in SIPp's language. */
function scenario({ holdMs, mediaAddress, askAnew, from = '[field0]' }: SippOptions): string {
  const log = (what: string): string => `<action><log message="[field0] ${what} [timestamp]"/></action>`;
  const head = (method: string, uri: string, cseq: number, more = ''): string =>
    `${method} ${uri} SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:${from}@[local_ip]>;tag=[field0]
To: <sip:[service]@[remote_ip]>${method === 'INVITE' && cseq === 1 ? '' : '[peer_tag_param]'}
Call-ID: [call_id]
CSeq: ${cseq} ${method}
Contact: <sip:[field0]@[local_ip]:[local_port];transport=[transport]>
Max-Forwards: 70
${more}`;
  const sdp = (version: number): string => `Content-Type: application/sdp
Content-Length: [len]

v=0
o=- 1 ${version} IN IP4 ${mediaAddress}
s=-
c=IN IP4 ${mediaAddress}
t=0 0
m=audio [field1] RTP/AVP 0
a=rtpmap:0 PCMU/8000
a=ptime:20
`;
  const send = (message: string, attributes = ''): string =>
    `<send ${attributes}><![CDATA[\n${message}\n]]></send>`;
  const refused = REFUSALS.map(
    (status) => `<recv response="${status}" optional="true" next="refused">${log(String(status))}</recv>`,
  ).join('\n');
  const anew = !askAnew
    ? ''
    : `<pause milliseconds="300"/>
${send(head('INVITE', '[next_url]', 2, `[routes]\n${sdp(2)}`), 'retrans="500"')}
<recv response="100" optional="true"/>
<recv response="200"/>
${send(head('ACK', '[next_url]', 2, '[routes]\nContent-Length: 0\n'))}`;
  return `<?xml version="1.0" encoding="UTF-8"?>
<scenario name="caller">
${send(head('INVITE', 'sip:[service]@[remote_ip]:[remote_port]', 1, sdp(1)), 'retrans="500"')}
<nop>${log('asked')}</nop>
<recv response="100" optional="true"/>
<recv response="180" optional="true"/>
<recv response="183" optional="true"/>
${refused}
<recv response="200" rrs="true">${log('answered')}</recv>
${send(head('ACK', '[next_url]', 1, '[routes]\nContent-Length: 0\n'))}
${anew}
<recv request="BYE" timeout="${Math.round(holdMs)}" ontimeout="hang-up">${log('callee')}</recv>
${send(`SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0
`)}
<nop next="end"/>
<label id="hang-up"/>
${send(head('BYE', '[next_url]', 3, '[routes]\nContent-Length: 0\n'), 'retrans="500"')}
<recv response="200">${log('caller')}</recv>
<nop next="end"/>
<label id="refused"/>
${send(`ACK sip:[service]@[remote_ip]:[remote_port] SIP/2.0
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
CSeq: 1 ACK
Max-Forwards: 70
Content-Length: 0
`)}
<label id="end"/>
</scenario>
`;
}
