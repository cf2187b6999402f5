/** What the page and its server say to each other. Types only: the page is another program. */
import type { CallEvent, TurnGlimpse } from '../dialog/contract/call-events.ts';
import type { Party } from '../dialog/contract/call-info.ts';
import type { FailureKind } from '../dialog/contract/provider-failures.ts';
import type { CallRecord } from '../dialog/call/call-record.ts';
import type { Milliseconds } from '../lib/clock.ts';

/** `view` sees everything; `operate` may also act on calls, telephone and mark messages as done. */
export type Role = 'view' | 'operate';

/** `GET /api/session` */
export interface Session {
  readonly role: Role;
  /** `token`, or what the proxy calls them. */
  readonly name: string;
  readonly agents: readonly AgentSummary[];
  readonly latencyTargetMs: Milliseconds;
  /** There is an Asterisk through which a test call can be made. */
  readonly canTestCall: boolean;
  /** Texts and recordings are kept, and so can be shown. */
  readonly keeps: { readonly texts: boolean; readonly recordings: boolean };
  /** The page's own telephone; missing: there is none, or the role may not use it. */
  readonly phone?: PhoneAccount;
}

export interface AgentSummary {
  readonly id: string;
  readonly name: string;
  readonly extensions: readonly string[];
  /** Those of Vonage's that lead to one of its extensions. */
  readonly numbers: readonly string[];
  readonly language: string;
  readonly voice: string;
  readonly targets: readonly string[];
  /** Provider names by part, in the order in which they are asked. */
  readonly providers: Readonly<Record<string, readonly string[]>>;
}

/** SIP over the page's own origin: `wss://<origin>/sip`. */
export interface PhoneAccount {
  readonly username: string;
  readonly password: string;
}

/** A running call, when a page begins to watch. Instants are as those of its events. */
export interface RunningCall {
  /** Of its page in the history. */
  readonly id: string;
  readonly origin: Milliseconds;
  readonly record: CallRecord;
  readonly turn?: TurnGlimpse;
}

/** A provider that has failed, and that nobody is asking for now: who follows on an agent's list stands in for it. */
export interface OutOfUse {
  readonly part: string;
  readonly provider: string;
}

/** Of a running call, ten times a second: levels in dBov, and once a second what became of its packets. */
export interface Levels {
  readonly caller: number;
  readonly agent: number;
}

export interface Packets {
  readonly received: number;
  readonly lost: number;
  readonly jitterMs: Milliseconds;
}

/** From the server to the page, as JSON, on `GET /api/stream`. Binary messages: what is listened in to. */
export type ToPage =
  | {
      readonly type: 'running';
      readonly now: Milliseconds;
      readonly calls: readonly RunningCall[];
      readonly outOfUse: readonly OutOfUse[];
    }
  | { readonly type: 'begun'; readonly call: RunningCall }
  | { readonly type: 'event'; readonly event: CallEvent }
  /** Those that have changed, up to ten times a second. */
  | { readonly type: 'turns'; readonly turns: Readonly<Record<string, TurnGlimpse>> }
  | { readonly type: 'providers'; readonly outOfUse: readonly OutOfUse[] }
  | { readonly type: 'levels'; readonly levels: Readonly<Record<string, Levels>> }
  | { readonly type: 'packets'; readonly packets: Readonly<Record<string, Packets>> }
  /** Listening in has begun: 16-bit samples, the caller's and the agent's by turns. `call` undefined: it is over. */
  | { readonly type: 'listening'; readonly call: string | undefined; readonly rateHz: number };

/** From the page to the server. */
export interface FromPage {
  readonly listen: string | null;
}

/** A line of the history. */
export interface CallSummary {
  readonly id: string;
  readonly call: string;
  readonly startedAt: string;
  readonly caller: Party;
  readonly dialled: string;
  readonly agent: string;
  readonly durationMs?: Milliseconds;
  readonly reason?: string;
  readonly failed: boolean;
  readonly turns?: number;
  readonly meanMs?: Milliseconds;
  readonly worstMs?: Milliseconds;
  readonly cost?: { readonly amount: number; readonly currency: string };
}

/** `GET /api/calls` */
export interface CallPage {
  readonly calls: readonly CallSummary[];
  /** Of the next page; missing: this is the last one. */
  readonly next?: string;
}

/** `GET /api/call?id=…` */
export interface CallDetail {
  readonly id: string;
  readonly record: CallRecord;
  readonly packets: readonly {
    readonly atMs: Milliseconds;
    readonly received: number;
    readonly sent: number;
    readonly lost: number;
    readonly concealed: number;
    readonly jitterMs: Milliseconds;
    readonly latenessMs: Milliseconds;
  }[];
  /** Whether there is one to be played: it is written until a moment after the call has ended. */
  readonly recording: 'none' | 'running' | 'there';
}

/** The circuit breaker of a provider. `open`: nobody asks it; `half-open`: the next call tries. */
export interface Breaker extends OutOfUse {
  readonly state: 'closed' | 'open' | 'half-open';
  /** With what it failed last. */
  readonly cause?: FailureKind;
}

/** `GET /api/messages` */
export interface Message {
  readonly id: string;
  readonly call?: string;
  readonly takenAt: string;
  readonly agent: string;
  readonly name: string;
  readonly number: string;
  /** The number that they called from, if they left another one. */
  readonly calledFrom?: string;
  readonly text: string;
  readonly done: boolean;
}

/** `GET /api/configuration` */
export interface Configuration {
  /** What is in force, as providers.yaml and agents.yaml have it; secrets only as such. */
  readonly inForce: unknown;
  /** What a restart would say of the files as they are now, a problem a line with its place; empty: nothing. */
  readonly problems: readonly string[];
}

/** `POST /api/test-call`: what a call through Asterisk and back was like, in each codec that agents use. */
export interface TestCall {
  readonly server: string;
  readonly codec: string;
  /** Until both legs were in one bridge. */
  readonly setUpMs: Milliseconds;
  /** Missing: no sound came back. */
  readonly roundTripMs?: Milliseconds;
  readonly packetsSent: number;
  readonly packetsReceived: number;
  /** Of the packets, 0 … 1. */
  readonly lost: number;
  readonly jitterMs: Milliseconds;
  /** Of ITU-T's E-model, 1 … 4.5. */
  readonly mos?: number;
  /** Whose ends the sound went between. */
  readonly asterisk: string;
  readonly gateway: string;
}

/** `GET /api/health` */
export interface Health {
  readonly ready: boolean;
  readonly checks: readonly { readonly name: string; readonly ok: boolean; readonly reason?: string }[];
  /** Those that may fail, and whether they are asked at present. */
  readonly breakers: readonly Breaker[];
  /** Of a fleet: which of them this is, and all that are known. */
  readonly node?: string;
  readonly nodes?: readonly {
    readonly node: string;
    readonly state: 'running' | 'draining';
    readonly calls: number;
    readonly maxCalls: number;
    /** Asterisks, by their names. */
    readonly unreachable: readonly string[];
    /** Since it last told of itself. */
    readonly ageMs: number;
  }[];
}
