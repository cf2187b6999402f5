import type { Party } from '../../dialog/contract/call-info.ts';
import { fieldsOf, type Fields } from '../../lib/fields.ts';

/**
 * The few of ARI's models and events that this program reads, checked field by field: what comes
 * from the wire is `unknown` until it has been through here. Names are Asterisk's
 * (rest-api/api-docs/events.json and channels.json of Asterisk 22).
 */
export interface AriChannel {
  readonly id: string;
  /** `PJSIP/alice-00000001`, `UnicastRTP/127.0.0.1:40000-0x7f…`, `Local/…`. */
  readonly name: string;
  /** `Down`, `Ring`, `Ringing`, `Up`, …. */
  readonly state: string;
  readonly caller: Party;
  readonly dialplan: {
    readonly context: string;
    readonly exten: string;
    readonly priority: number;
    /** The dialplan application that runs it, and that application's arguments as one text. */
    readonly appName: string;
    readonly appData: string;
  };
  /** Those of ari.conf's `channelvars`, and UNICASTRTP_LOCAL_ADDRESS and _PORT on an external channel. */
  readonly variables: Readonly<Record<string, string>>;
}

export interface AriBridge {
  readonly id: string;
  readonly channels: readonly string[];
}

export interface AriApplication {
  readonly name: string;
  readonly channels: readonly string[];
  readonly bridges: readonly string[];
}

/** The events that something here depends on. All others are known to exist, counted and left alone. */
export type AriEvent =
  | {
      readonly type: 'StasisStart';
      readonly channel: AriChannel;
      readonly args: readonly string[];
      /** The channel whose place this one takes: a transfer on the caller's side. */
      readonly replaces: string | undefined;
    }
  /** A caller in `StasisBroadcast()`, offered to every application that its expression matches. */
  | { readonly type: 'CallBroadcast'; readonly channel: AriChannel }
  | { readonly type: 'StasisEnd'; readonly channel: string }
  | {
      readonly type: 'ChannelDestroyed';
      readonly channel: string;
      readonly cause: string;
      /** ITU-T Q.850's number for it, where Asterisk gives one. */
      readonly causeCode: number | undefined;
    }
  | {
      readonly type: 'ChannelHangupRequest';
      readonly channel: string;
      /** As above. */
      readonly causeCode: number | undefined;
    }
  | { readonly type: 'ChannelStateChange'; readonly channel: string; readonly state: string }
  | { readonly type: 'ChannelDtmfReceived'; readonly channel: string; readonly digit: string }
  | { readonly type: 'ChannelHold'; readonly channel: string }
  | { readonly type: 'ChannelUnhold'; readonly channel: string }
  | { readonly type: 'BridgeDestroyed'; readonly bridge: string }
  /** Another consumer has registered this app's name: no more events will come. */
  | { readonly type: 'ApplicationReplaced' };

type AriEventType = AriEvent['type'];

/** What one message of the event stream turned out to be. */
export type AriMessage =
  | { readonly kind: 'event'; readonly event: AriEvent }
  /** An event of a type that nothing here depends on. */
  | { readonly kind: 'other'; readonly type: string }
  | { readonly kind: 'malformed' };

/** '' for what is no text. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

/** Undefined when `value` is no channel (it has no id). */
export function parseChannel(value: unknown): AriChannel | undefined {
  const channel = fieldsOf(value);
  const id = textOf(channel.id);
  if (id === '') return undefined;
  const caller = fieldsOf(channel.caller);
  const dialplan = fieldsOf(channel.dialplan);
  const variables = Object.entries(fieldsOf(channel.channelvars)).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  return {
    id,
    name: textOf(channel.name),
    state: textOf(channel.state),
    caller: { name: textOf(caller.name) || undefined, number: textOf(caller.number) || undefined },
    dialplan: {
      context: textOf(dialplan.context),
      exten: textOf(dialplan.exten),
      priority: typeof dialplan.priority === 'number' ? dialplan.priority : 1,
      appName: textOf(dialplan.app_name),
      appData: textOf(dialplan.app_data),
    },
    variables: Object.fromEntries(variables),
  };
}

export function parseBridge(value: unknown): AriBridge | undefined {
  const bridge = fieldsOf(value);
  const id = textOf(bridge.id);
  return id === '' ? undefined : { id, channels: textsOf(bridge.channels) };
}

export function parseApplication(value: unknown): AriApplication | undefined {
  const application = fieldsOf(value);
  const name = textOf(application.name);
  if (name === '') return undefined;
  return { name, channels: textsOf(application.channel_ids), bridges: textsOf(application.bridge_ids) };
}

function causeIn({ cause }: Fields): number | undefined {
  return typeof cause === 'number' ? cause : undefined;
}

/** One message of the event stream. Never throws: what can't be read is `malformed`. */
export function parseAriMessage(text: string): AriMessage {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { kind: 'malformed' };
  }
  const type = textOf(fieldsOf(value).type);
  if (type === '') return { kind: 'malformed' };
  if (!Object.hasOwn(readers, type)) return { kind: 'other', type };
  const event = readers[type as AriEventType](fieldsOf(value));
  return event ? { kind: 'event', event } : { kind: 'malformed' };
}

const readers: { readonly [Type in AriEventType]: (message: Fields) => AriEvent | undefined } = {
  StasisStart(message) {
    const channel = parseChannel(message.channel);
    if (!channel) return undefined;
    const replaces = parseChannel(message.replace_channel)?.id;
    return { type: 'StasisStart', channel, args: textsOf(message.args), replaces };
  },
  CallBroadcast(message) {
    const channel = parseChannel(message.channel);
    return channel && { type: 'CallBroadcast', channel };
  },
  StasisEnd: (message) => onChannel(message, (channel) => ({ type: 'StasisEnd', channel })),
  ChannelDestroyed: (message) =>
    onChannel(message, (channel) => ({
      type: 'ChannelDestroyed',
      channel,
      cause: textOf(message.cause_txt),
      causeCode: causeIn(message),
    })),
  ChannelHangupRequest: (message) =>
    onChannel(message, (channel) => ({
      type: 'ChannelHangupRequest',
      channel,
      causeCode: causeIn(message),
    })),
  ChannelStateChange(message) {
    const { state = '' } = parseChannel(message.channel) ?? {};
    return onChannel(message, (channel) => ({ type: 'ChannelStateChange', channel, state }));
  },
  ChannelDtmfReceived(message) {
    const digit = textOf(message.digit);
    if (digit === '') return undefined;
    return onChannel(message, (channel) => ({ type: 'ChannelDtmfReceived', channel, digit }));
  },
  ChannelHold: (message) => onChannel(message, (channel) => ({ type: 'ChannelHold', channel })),
  ChannelUnhold: (message) => onChannel(message, (channel) => ({ type: 'ChannelUnhold', channel })),
  BridgeDestroyed(message) {
    const bridge = parseBridge(message.bridge)?.id;
    return bridge === undefined ? undefined : { type: 'BridgeDestroyed', bridge };
  },
  ApplicationReplaced: () => ({ type: 'ApplicationReplaced' }),
};

function onChannel(message: Fields, event: (channel: string) => AriEvent): AriEvent | undefined {
  const channel = parseChannel(message.channel);
  return channel ? event(channel.id) : undefined;
}
