import type { CallInfo } from '../contract/call-info.ts';

/** What is known of a call: its name, and who is on the line now. */
export class CallFacts {
  /** In logs, records and the latency tracker. */
  readonly name: string;
  #info: CallInfo;

  constructor(name: string, info: CallInfo) {
    this.name = name;
    this.#info = info;
  }

  /** As the call came in, with whoever is the caller now. */
  get info(): CallInfo {
    return this.#info;
  }

  callerChanged(caller: CallInfo['caller']): void {
    this.#info = { ...this.#info, caller };
  }
}
