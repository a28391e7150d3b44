// The network in LiteRT.js: the only file that knows the inputs and outputs of the .tflite file.
//
// Signature: `image` (1, S, S, 3) RGB, uint8 0..255 or float32 0..1 -> `vertices_uvd` (1, V, 3), `joints_uvd` (1, 21, 3) and
// either `confidence` (1) or the `heatmaps_N` (1, h, w, 21) that it is read off.

import { isWebGPUSupported, loadAndCompile, loadLiteRt, supportsFeature, Tensor, unloadLiteRt } from "@litertjs/core";

import { confidence } from "./confidence.js";

const MAX_THREADS = 4;

/** What a network may run on, and how the page calls it. */
export const ACCELERATORS = { webgpu: "WebGPU", wasm: "Wasm" };

/**
 * Loads a network, on WebGPU if it can run all of it, else on Wasm, with threads if the page may have them.
 * @param {object} options
 * @param {Uint8Array} options.bytes the .tflite file.
 * @param {object} options.hand hand.json: what the file holds.
 * @param {string} options.wasm folder of LiteRT.js's Wasm files.
 * @param {"webgpu"|"wasm"} options.accelerator what to try first.
 * @param {(text: string) => void} options.note told why something else than asked for is used.
 */
export async function loadModel({ bytes, hand, wasm, accelerator, note }) {
  if (accelerator === "webgpu") {
    const reason = await whyNoWebGpu();
    if (reason === null) {
      try {
        return await compile("webgpu", bytes, hand, wasm);
      } catch (error) {
        console.warn(error);
        note("WebGPU can't run this network here; the processor does instead (Wasm).");
      }
    } else note(`${reason} The network runs on the processor instead (Wasm).`);
  }
  if (await threadsWork()) {
    try {
      return await compile("threads", bytes, hand, wasm);
    } catch (error) {
      console.warn(error);
      note("Wasm's threads don't start here; one does all the work.");
    }
  }
  return await compile("wasm", bytes, hand, wasm);
}

async function whyNoWebGpu() {
  if (!isWebGPUSupported()) return "This browser has no WebGPU.";
  if (!(await navigator.gpu.requestAdapter())) return "WebGPU finds no graphics processor.";
  return null;
}

async function threadsWork() {
  if (!globalThis.crossOriginIsolated || navigator.hardwareConcurrency < 2) return false;
  return (await supportsFeature("threads")) && (await supportsFeature("relaxedSimd"));
}

async function compile(way, bytes, hand, wasm) {
  unloadLiteRt();
  await loadLiteRt(wasm, { threads: way === "threads" });
  const threads = way === "threads" ? Math.min(MAX_THREADS, navigator.hardwareConcurrency) : 1;
  const accelerator = way === "webgpu" ? "webgpu" : "wasm";
  // Half precision would move vertices by millimetres at an arm's length.
  const compiled = await loadAndCompile(bytes, {
    accelerator, cpuOptions: { numThreads: threads }, gpuOptions: { precision: "fp32" },
  });
  const partly = accelerator === "webgpu" && (compiled.options.accelerator !== "webgpu" || !compiled.isFullyAccelerated);
  if (partly) {
    compiled.delete();
    throw new Error("the graphics processor lacks some of its operations");
  }
  return new Model(compiled, hand, accelerator, threads);
}

class Model {
  #compiled;
  #input;
  #outputs;
  #hand;

  constructor(compiled, hand, accelerator, threads) {
    this.#compiled = compiled;
    this.#hand = hand;
    this.accelerator = accelerator;
    this.threads = threads;
    const details = compiled.getInputDetails()[0];
    const Store = details.dtype === "uint8" ? Uint8Array : Float32Array;
    this.#input = { name: details.name, shape: [...details.shape], store: new Store(3 * hand.input_size ** 2) };
    const names = compiled.getOutputDetails().map((detail) => detail.name);
    const heatmaps = names.filter((name) => name.startsWith("heatmaps_")).sort().at(-1);
    this.#outputs = ["vertices_uvd", "joints_uvd", names.includes("confidence") ? "confidence" : heatmaps];
    if (!this.#outputs.every((name) => names.includes(name))) {
      throw new Error(`hand.tflite: expected outputs vertices_uvd, joints_uvd, confidence, got ${names.join(", ")}`);
    }
  }

  /** What it runs on, for people. */
  get name() {
    const threads = this.threads > 1 ? `, ${this.threads} threads` : "";
    return ACCELERATORS[this.accelerator] + threads;
  }

  /**
   * @param {Uint8Array} rgb (S, S, 3) crop.
   * @returns {Promise<{vertices: Float32Array, joints: Float32Array, confidence: number}>} uvd of the crop, and how sharply
   *     the joints were seen, 0..1.
   */
  async run(rgb) {
    const { name, shape, store } = this.#input;
    const scale = store instanceof Float32Array ? 1 / 255 : 1;
    for (let i = 0; i < rgb.length; i++) store[i] = rgb[i] * scale;
    const input = new Tensor(store, shape);
    const outputs = await this.#compiled.run({ [name]: input });
    try {
      const [vertices, joints, last] = await Promise.all(this.#outputs.map((output) => outputs[output].data()));
      return { vertices: vertices.slice(), joints: joints.slice(), confidence: this.#confidence(last) };
    } finally {
      // LiteRT's memory isn't the garbage collector's.
      input.delete();
      for (const output of Object.values(outputs)) output.delete();
    }
  }

  #confidence(values) {
    if (this.#outputs[2] === "confidence") return values[0];
    const joints = this.#hand.joint_names.length;
    const side = Math.sqrt(values.length / joints);
    return confidence(values, [side, side, joints], this.#hand.heatmap_kind);
  }

  delete() {
    this.#compiled.delete();
  }
}
