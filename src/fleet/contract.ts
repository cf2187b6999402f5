import type { Outlook } from '../dialog/call/call-desk.ts';
import type { CallInfo } from '../dialog/contract/call-info.ts';
import type { Message } from '../dialog/contract/conversation.ts';
import type { Hearer, NodeRow } from './liveness.ts';

/** A caller whose node has died, in Asterisk. */
export interface Stranded extends Hearer {
  /** Talks with a person to whom the node had put them through: better left alone. */
  readonly withPerson: boolean;
  /** Into our hands. False: they are gone. Rejects if Asterisk doesn't do it. */
  take(): Promise<boolean>;
}

/** One Asterisk, of which this program is a node. All nodes call it by the same name. */
export interface FleetAsterisk {
  readonly server: { readonly name: string };
  /** Asterisk does what it is asked for. */
  isReachable(): boolean;
  readonly neighbours: {
    /** Changes as long as that node lives and reaches this Asterisk. Rejects if Asterisk doesn't say. */
    lifeSign(node: string): Promise<string | undefined>;
    callersOf(node: string): Promise<readonly Stranded[]>;
    /**
     * Deletes what a node has left, beside callers and whom they were put through to, if it is dead still once that was listed.
     * False: it isn't, or it could not be done. Never rejects.
     */
    sweep(node: string, isDead: () => Promise<boolean>): Promise<boolean>;
  };
  /** Sets variables of a caller's channel, if it is there. Never rejects. */
  mark(channel: string, variables: Readonly<Record<string, string>>): Promise<void>;
}

/** A call in Asterisk, by what all nodes call it. */
export interface CallKey {
  readonly server: string;
  readonly channel: string;
}

export interface Lease extends CallKey {
  /** Whose call it is; empty if withheld. */
  readonly caller: string;
}

/** What all nodes share. Everything rejects while the store is away; nothing waits for it longer than a second or two. */
export interface FleetStore {
  /** Says that this node is there, and tells of all. */
  beat(me: Omit<NodeRow, 'ageMs'>): Promise<readonly NodeRow[]>;
  /** Those leases that are this node's now, with their fencing tokens: not those that another node has. */
  keep(
    node: string,
    run: string,
    leases: readonly Lease[],
  ): Promise<readonly (CallKey & { token: number })[]>;
  /** Ends leases, if they are this node's with this token still. */
  end(node: string, leases: readonly (CallKey & { token: number })[]): Promise<void>;
  /** Makes the lease of a dead node's call this node's. Undefined: another was faster, or that node has been heard just now. */
  acquire(call: CallKey, from: string, node: string, run: string): Promise<number | undefined>;
  /** Ends the leases of a dead node at one Asterisk. */
  release(node: string, server: string): Promise<void>;
  /** Calls at a time, of nodes that are there; and of these, from that number. */
  count(caller: string): Promise<{ readonly all: number; readonly ofCaller: number }>;
  /** This node isn't one any more. */
  leave(node: string, run: string): Promise<void>;
  close(): Promise<void>;
}

/** Who decides about calls here. */
export interface FleetDesk {
  outlook(info: CallInfo, expected: number): Outlook;
  readonly size: number;
}

/** What was said in a call that another node had, as far as it is kept. Never rejects. */
export type Said = (call: string) => Promise<readonly Message[]>;
