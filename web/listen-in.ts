/** Plays what is listened in to: the caller on the left, the agent on the right. */
export class ListenIn {
  readonly #context = new AudioContext();
  #rateHz = 0;
  /** When what has come so far is over. */
  #until = 0;

  begin(rateHz: number): void {
    this.#rateHz = rateHz;
    this.#until = 0;
  }

  /** `samples`: caller and agent by turns. */
  play(samples: Int16Array): void {
    const frames = samples.length / 2;
    if (this.#rateHz === 0 || frames === 0) return;
    const buffer = this.#context.createBuffer(2, frames, this.#rateHz);
    for (const channel of [0, 1]) {
      const into = buffer.getChannelData(channel);
      for (let i = 0; i < frames; i++) into[i] = (samples[i * 2 + channel] ?? 0) / 32_768;
    }
    const source = this.#context.createBufferSource();
    source.buffer = buffer;
    source.connect(this.#context.destination);
    // A fifth of a second ahead: the network is uneven. What fell behind begins anew.
    const { currentTime } = this.#context;
    if (this.#until < currentTime || this.#until > currentTime + 1) this.#until = currentTime + 0.2;
    source.start(this.#until);
    this.#until += buffer.duration;
  }

  close(): void {
    void this.#context.close();
  }
}
