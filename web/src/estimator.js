// One hand in one picture, in millimetres: the page's counterpart of tfhand.HandEstimator.

import { cropInto, defaultIntrinsics, partFor } from "./crop.js";
import { cropCamera, rootDepthInScales, toPixels, uvdToXyz } from "./placement.js";

export class HandEstimator {
  #model;
  #hand;
  #crop;

  /** @param model from `loadModel`; `hand`: hand.json. */
  constructor(model, hand) {
    this.#model = model;
    this.#hand = hand;
    this.#crop = new Uint8Array(3 * hand.input_size ** 2);
  }

  /**
   * @param {CanvasRenderingContext2D} picture what to look at.
   * @param box {x, y, side} pixels.
   * @param {"right"|"left"} side which hand it is.
   * @returns {Promise<object|null>} null where the box lies outside of the picture. Else the hand in the camera's frame (x
   *     right, y down, z forward, mm): verticesMm, jointsMm; jointsUv in pixels; side, box, confidence, presence, knownSide
   *     (see `Model.run`).
   */
  async estimate(picture, box, side) {
    const { width, height } = picture.canvas;
    const size = this.#hand.input_size;
    const part = partFor(box, size, width, height);
    if (part === null) return null;
    const mirrored = side !== this.#hand.hand_side;
    const pixels = picture.getImageData(part.x, part.y, part.width, part.height).data;
    cropInto(this.#crop, pixels, part, box, size, mirrored);
    const { vertices, joints, ...signs } = await this.#model.run(this.#crop);
    const intrinsics = defaultIntrinsics(width, height, this.#hand.field_of_view_deg);
    const camera = cropCamera(intrinsics, box, mirrored, this.#hand.depth_axis);
    const scale = this.#hand.default_scale_mm;
    const depth = scale * rootDepthInScales(joints, camera, this.#hand.bones, this.#hand.bone_proportions);
    return {
      verticesMm: uvdToXyz(vertices, camera, depth, scale, mirrored),
      jointsMm: uvdToXyz(joints, camera, depth, scale, mirrored),
      jointsUv: toPixels(joints, box, mirrored),
      side,
      box,
      ...signs,
    };
  }
}
