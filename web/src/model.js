// The network in LiteRT.js: the only file that knows the inputs and outputs of the .tflite file.
//
// Signature: `image` (1, S, S, 3) uint8 RGB -> `vertices_uvd` (1, V, 3), `joints_uvd` (1, 21, 3), `confidence` (1), and where
// the network tells `presence` (1), `known_side` (1).

import { isWebGPUSupported, loadAndCompile, loadLiteRt, supportsFeature, Tensor, unloadLiteRt } from "@litertjs/core";

const OUTPUTS = ["vertices_uvd", "joints_uvd", "confidence"];
const SIGNS = ["presence", "known_side"];
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
  #names;

  constructor(compiled, hand, accelerator, threads) {
    this.#compiled = compiled;
    this.accelerator = accelerator;
    this.threads = threads;
    const details = compiled.getInputDetails()[0];
    this.#input = { name: details.name, shape: [...details.shape], store: new Uint8Array(3 * hand.input_size ** 2) };
    const names = compiled.getOutputDetails().map((detail) => detail.name);
    if (!OUTPUTS.every((name) => names.includes(name))) {
      throw new Error(`hand.tflite: expected outputs ${OUTPUTS.join(", ")}, got ${names.join(", ")}`);
    }
    this.#names = [...OUTPUTS, ...SIGNS.filter((name) => names.includes(name))];
  }

  /** What it runs on, for people. */
  get name() {
    const threads = this.threads > 1 ? `, ${this.threads} threads` : "";
    return ACCELERATORS[this.accelerator] + threads;
  }

  /**
   * @param {Uint8Array} rgb (S, S, 3) crop.
   * @returns {Promise<{vertices: Float32Array, joints: Float32Array, confidence: number, presence: number|null,
   *     knownSide: number|null}>} uvd of the crop; how sharply the joints were seen, how surely there is a hand and, if so, one
   *     of the network's side, 0..1; the last two null where the network does not tell.
   */
  async run(rgb) {
    const { name, shape, store } = this.#input;
    store.set(rgb);
    const input = new Tensor(store, shape);
    const outputs = await this.#compiled.run({ [name]: input });
    try {
      const values = await Promise.all(this.#names.map((output) => outputs[output].data()));
      const [vertices, joints, [confidence], [presence] = [null], [knownSide] = [null]] = values;
      return { vertices: vertices.slice(), joints: joints.slice(), confidence, presence, knownSide };
    } finally {
      // LiteRT's memory isn't the garbage collector's.
      input.delete();
      for (const output of Object.values(outputs)) output.delete();
    }
  }

  delete() {
    this.#compiled.delete();
  }
}
