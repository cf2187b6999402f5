import { parseArgs } from 'node:util';
import { KNOWN_PROVIDERS } from '../app/known-providers.ts';
import { codecsOf, loopCall, type LoopCall } from '../app/loop-call.ts';
import { ownAddressTowards } from '../app/own-address.ts';
import { loadConfig, type Config } from '../config.ts';
import type { Environment } from '../config/environment.ts';
import { RtpMediaGateway } from '../gateways/rtp-media-gateway.ts';
import { messageOf, VoiceAgentError } from '../lib/errors.ts';
import { EX_CONFIG, EX_OK, wrongUsage, type Output } from './command.ts';
import { DANGEROUS, danger, DOCTOR, lookAtAsterisk, type Server } from './doctor/asterisk.ts';
import { lookAtDialplan } from './doctor/dialplan.ts';
import type { Finding, Tell } from './doctor/finding.ts';
import { lookAtKeys } from './doctor/keys.ts';
import { lookAtMachine } from './doctor/machine.ts';
import { lookAtRecogniser } from './doctor/recogniser.ts';
import { lookAtRecords } from './doctor/records.ts';

const SIGNS = { ok: 'ok  ', warning: 'WARN', bad: 'BAD ' };
/** Below it a telephone call is one that many are dissatisfied with (G.107, table B.1: R 70). */
const POOR_MOS = 3.6;

/** Looks at everything that calls depend on, and says what to do. Exit status: 0, 1 if something is bad, 78 for the configuration. */
export async function doctorCommand(args: readonly string[], env: Environment, out: Output): Promise<number> {
  let options;
  try {
    options = parseArgs({
      args: [...args],
      options: {
        json: { type: 'boolean', default: false },
        call: { type: 'boolean', default: true },
        context: { type: 'string', default: 'voice-agent' },
      },
      allowNegative: true,
    }).values;
  } catch {
    return wrongUsage('doctor', out.complain);
  }
  const findings: Finding[] = [];
  const calls: LoopCall[] = [];
  const tell: Tell = (finding) => {
    findings.push(finding);
    if (options.json) return;
    out.print(`${SIGNS[finding.state]}  ${finding.text}`);
    if (finding.remedy !== undefined) out.print(`      → ${finding.remedy}`);
  };
  let config: Config;
  try {
    config = loadConfig({ env, known: KNOWN_PROVIDERS });
  } catch (error) {
    if (!(error instanceof VoiceAgentError)) throw error;
    tell({ state: 'bad', text: error.message, remedy: 'docs/configuration.md has every key' });
    if (options.json) out.print(JSON.stringify({ findings, calls }));
    return EX_CONFIG;
  }
  tell({ state: 'ok', text: `the configuration is right: ${config.agents.length} agents` });
  lookAtMachine(config, tell);
  await lookAtRecords(config, tell);
  await lookAtKeys(config, tell);
  await lookAtRecogniser(config, tell);
  for (const server of config.asterisk) {
    const inspected = await lookAtAsterisk(server, tell);
    if (!inspected || !options.call) continue;
    const made = await tryCalls(config, server, inspected.showsDanger, tell);
    calls.push(...made);
    tell(danger(inspected.showsDanger ? made[0]?.dangerous : undefined));
    const extensions = config.agents.flatMap((agent) => agent.extensions);
    await lookAtDialplan(server, extensions, options.context, tell);
  }
  if (options.json) out.print(JSON.stringify({ findings, calls }));
  return findings.some(({ state }) => state === 'bad') ? 1 : EX_OK;
}

/** A loop call in each codec that agents may use. */
async function tryCalls(
  config: Config,
  server: Server,
  asksDanger: boolean,
  tell: Tell,
): Promise<LoopCall[]> {
  const { listenAddress, advertisedAddress, realtime } = config.gateways.rtp;
  let gateway: RtpMediaGateway | undefined;
  try {
    const advertised =
      advertisedAddress === 'auto'
        ? await ownAddressTowards(new URL(server.url).hostname)
        : advertisedAddress;
    gateway = await RtpMediaGateway.start({
      listenAddress,
      realtime,
      ...(advertised === undefined ? {} : { advertisedAddress: advertised }),
      onWarning: (text) => {
        tell({ state: 'warning', text });
      },
    });
    const calls: LoopCall[] = [];
    for (const codec of codecsOf(config)) {
      const refused = asksDanger && calls.length === 0 ? DANGEROUS : undefined;
      const call = await loopCall(server, gateway, codec, { app: DOCTOR, refused });
      calls.push(call);
      tell(findingOf(call));
      // Another codec would come no further.
      if (call.roundTripMs === undefined) break;
    }
    return calls;
  } catch (error) {
    tell({
      state: 'bad',
      text: `a call through Asterisk and back can’t be made: ${messageOf(error)}`,
      remedy: 'see what is BAD above, and Asterisk’s own log: asterisk -rvvv',
    });
    return [];
  } finally {
    await gateway?.close();
  }
}

function findingOf(call: LoopCall): Finding {
  const { codec, setUpMs, roundTripMs, lost, jitterMs, rating, asterisk, gateway } = call;
  if (roundTripMs === undefined || !rating) {
    const some = call.packetsReceived > 0 ? `only ${call.packetsReceived}` : 'none';
    return {
      state: 'bad',
      text: `no sound comes through Asterisk in ${codec}: of ${call.packetsSent} packets that we sent, ${some} came back`,
      remedy:
        `Asterisk's end is ${asterisk}, ours ${gateway}: each must be reachable from the other by UDP. Ours is set by ` +
        `gateways.rtp.listenAddress and advertisedAddress, what we take for Asterisk's by asterisk[].mediaAddress; a firewall between?`,
    };
  }
  const text =
    `a call through Asterisk and back in ${codec}: set up in ${setUpMs.toFixed(0)} ms, round trip ${roundTripMs.toFixed(1)} ms, ` +
    `${(lost * 100).toFixed(1)} % lost, jitter ${jitterMs.toFixed(1)} ms, MOS ${rating.mos.toFixed(2)} (R ${rating.r.toFixed(0)}); ` +
    `Asterisk's end ${asterisk}, ours ${gateway}`;
  if (rating.mos >= POOR_MOS) return { state: 'ok', text };
  const remedy =
    'is the machine, or the network between, overloaded? Real time (above) and a wire instead of wireless help';
  return { state: 'bad', text, remedy };
}
