/** Whose a channel or bridge is, and what for; `target`: of somebody who is or was called for a caller. */
export interface Owner<Call> {
  readonly role: 'leg' | 'target' | 'media' | 'bridge';
  readonly call: Call;
}

/** The calls of one Asterisk that hold anything, and which of them an event is about, by the id that it names. */
export class CallIndex<Call> {
  readonly #calls = new Set<Call>();
  readonly #owners = new Map<string, Owner<Call>>();

  get calls(): readonly Call[] {
    return [...this.#calls];
  }

  ownerOf(id: string): Owner<Call> | undefined {
    return this.#owners.get(id);
  }

  /** The call that has it for that; undefined: it is nobody's, or for something else. */
  callWith(role: Owner<Call>['role'], id: string): Call | undefined {
    const owner = this.#owners.get(id);
    return owner?.role === role ? owner.call : undefined;
  }

  begin(call: Call): void {
    this.#calls.add(call);
  }

  add(call: Call, role: Owner<Call>['role'], id: string): void {
    this.#owners.set(id, { role, call });
  }

  /** Nothing if it isn't the call's. */
  remove(call: Call, id: string): void {
    if (this.#owners.get(id)?.call === call) this.#owners.delete(id);
  }

  /** The call holds nothing any more. If one of its legs is still there, it stays known until it leaves. */
  finish(call: Call): void {
    this.#calls.delete(call);
    for (const [id, owner] of this.#owners) {
      if (owner.call === call && owner.role !== 'leg') this.#owners.delete(id);
    }
  }
}
