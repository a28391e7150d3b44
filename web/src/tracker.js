// Where to look next: there is no detector, so a hand is followed by the box of its last joints.

import { boxAround, centreBox } from "./crop.js";

/** Presence under which a frame shows no hand; confidence likewise, where the network does not tell presence. */
export const ABSENT = 0.5;
export const LOST = 0.35;
/** Frames in a row without a hand after which it counts as lost. */
export const PATIENCE = 5;
/** Frames over which both sides are tried before one is kept. */
export const TRIALS = 6;
/** Smallest and largest box, as a share of the picture's shorter side. */
const SIZES = [0.1, 2];

export class Tracker {
  #width = 0;
  #height = 0;
  #start = null;
  #misses = 0;
  #trials = 0;
  #evidence = { right: 0, left: 0 };
  #side = "auto";
  box = null;
  found = false;

  /** Starts anew on pictures of a size. */
  resize(width, height) {
    if (width === this.#width && height === this.#height) return;
    [this.#width, this.#height, this.#start] = [width, height, null];
    this.restart();
  }

  /** @param {"right"|"left"|"auto"} side which hand is shown. */
  set side(side) {
    this.#side = side;
    this.restart();
  }

  /** Looks for the hand in a box (pixels) that the user has drawn, now and when it is lost again; null: in the middle. */
  lookAt(box) {
    this.#start = box;
    this.restart();
  }

  restart() {
    this.box = this.#start ?? centreBox(this.#width, this.#height);
    this.found = false;
    [this.#misses, this.#trials] = [0, 0];
    this.#evidence = { right: 0, left: 0 };
  }

  /** The sides to run the network for: one, or both while it isn't known. */
  get sides() {
    if (this.#side !== "auto") return [this.#side];
    if (this.#trials < TRIALS) return ["right", "left"];
    return [this.#evidence.right >= this.#evidence.left ? "right" : "left"];
  }

  /**
   * Takes what was found in `box`, one estimate for each of `sides`, and moves on.
   * @returns the estimate to show, or null where there is no hand.
   */
  update(estimates) {
    const seen = estimates.filter((estimate) => estimate !== null);
    if (seen.some(showsHand)) for (const estimate of seen) this.#evidence[estimate.side] += evidenceOf(estimate);
    const rank = ({ side }) => this.#evidence[side];
    const best = seen.reduce((one, other) => (one && rank(one) >= rank(other) ? one : other), null);
    const next = best && showsHand(best) ? boxAround(best.jointsUv) : null;
    if (next === null || !this.#plausible(next)) {
      if (++this.#misses >= PATIENCE) this.restart();
      return null;
    }
    if (seen.length > 1) this.#trials++;
    this.#misses = 0;
    this.found = true;
    this.box = next;
    return best;
  }

  #plausible({ x, y, side }) {
    const shorter = Math.min(this.#width, this.#height);
    const [u, v] = [x + side / 2, y + side / 2];
    const inside = u >= 0 && v >= 0 && u <= this.#width && v <= this.#height;
    return inside && side >= SIZES[0] * shorter && side <= SIZES[1] * shorter;
  }
}

function showsHand({ confidence, presence }) {
  return presence === null ? confidence >= LOST : presence >= ABSENT;
}

/** How much speaks for the side that a view was made for: log odds, or how sharply joints are seen. */
function evidenceOf({ confidence, knownSide }) {
  if (knownSide === null) return confidence;
  const share = Math.min(Math.max(knownSide, 1e-4), 1 - 1e-4);
  return Math.log(share / (1 - share));
}
