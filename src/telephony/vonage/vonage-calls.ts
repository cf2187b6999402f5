import type { VonageCall } from './vonage-call.ts';
import type { EventWebhook } from './webhook-content.ts';

/** The calls that hold anything, and which of them a webhook is about. */
export class VonageCalls {
  readonly #byChannel = new Map<string, VonageCall>();
  readonly #byConversation = new Map<string, VonageCall>();

  get all(): readonly VonageCall[] {
    return [...this.#byChannel.values()];
  }

  get size(): number {
    return this.#byChannel.size;
  }

  get(channel: string): VonageCall | undefined {
    return this.#byChannel.get(channel);
  }

  /** By the leg, the call or the conversation that the webhook names; undefined: it names none of ours. */
  find({ uuid, call, conversation }: EventWebhook): VonageCall | undefined {
    const channels = [uuid, call].filter((id) => id !== undefined);
    const named = channels.map((id) => this.#byChannel.get(id)).find((found) => found !== undefined);
    return named ?? (conversation === undefined ? undefined : this.#byConversation.get(conversation));
  }

  add(call: VonageCall): void {
    this.#byChannel.set(call.channel, call);
  }

  /** Its conversation is that one, or that one as well, from now on. */
  join(call: VonageCall, conversation: string): void {
    this.#byConversation.set(conversation, call);
  }

  remove(call: VonageCall): void {
    this.#byChannel.delete(call.channel);
    for (const [id, owner] of this.#byConversation) if (owner === call) this.#byConversation.delete(id);
  }
}
