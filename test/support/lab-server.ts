import type { NativeAsterisk } from '../../lab/asterisk.ts';
import type { StasisServer } from '../../src/telephony/asterisk/stasis-options.ts';

/** The lab's Asterisk as a server of call control: what `startStasisApp` takes. */
export function labServer(asterisk: NativeAsterisk): StasisServer {
  return {
    name: 'lab',
    url: asterisk.ariUrl,
    username: asterisk.ariUser,
    password: asterisk.secrets.ari,
    app: 'voice-agent',
    instance: 'test',
  };
}
