// Frames a second, over the last second or so.

const WINDOW_MS = 1500;

export class Rate {
  #times = [];

  /** Counts a frame at a time in ms; returns frames a second, 0 after the first frame. */
  tick(now) {
    this.#times.push(now);
    while (this.#times.length > 2 && now - this.#times[0] > WINDOW_MS) this.#times.shift();
    return this.value;
  }

  get value() {
    const span = this.#times.at(-1) - this.#times[0];
    return this.#times.length > 1 ? (1000 * (this.#times.length - 1)) / span : 0;
  }

  clear() {
    this.#times = [];
  }
}
