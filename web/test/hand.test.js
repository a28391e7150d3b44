import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

import { toGlb } from "../src/glb.js";
import { cropCamera, rootDepthInScales, toPixels, uvdToXyz } from "../src/placement.js";

const numbers = JSON.parse(readFileSync(new URL("numbers.json", import.meta.url)));
const { hand } = numbers;

function near(found, expected, tolerance) {
  assert.equal(found.length, expected.length);
  expected.forEach((value, i) => assert.ok(Math.abs(found[i] - value) <= tolerance, `${i}: ${found[i]}, Python ${value}`));
}

test("cameras of crops are Python's", () => {
  for (const { box, mirrored, camera, width, height } of numbers.crops) {
    const intrinsics = { fx: Math.max(width, height) / (2 * Math.tan(Math.PI / 6)), u0: width / 2, v0: height / 2 };
    near(cropCamera({ ...intrinsics, fy: intrinsics.fx }, box, mirrored), [...camera, 0, 0], 1e-5);
  }
});

test("the root depth and the points in millimetres are Python's", () => {
  const camera = cropCamera(hand.intrinsics, hand.box, false, "crop");
  const depth = rootDepthInScales(hand.uvd, camera, hand.bones, hand.proportions);
  assert.ok(Math.abs(depth / hand.root_depth - 1) < 1e-4, `${depth}, Python ${hand.root_depth}`);
  near(uvdToXyz(hand.uvd, camera, 45 * hand.root_depth, 45), hand.xyz, 1e-2);
});

test("points that are seen behind the camera stay before it", () => {
  const camera = cropCamera({ fx: 500, fy: 500, u0: 320, v0: 240 }, { x: 370, y: 30, side: 260 }, false, "crop");
  const [, , z] = uvdToXyz([-5, 6, 0], camera, 500, 45);
  assert.ok(Math.abs(z - 500 / 0.1) < 1e-6);
});

test("depths along the optical axis are z", () => {
  const xyz = uvdToXyz(hand.uvd, cropCamera(hand.intrinsics, hand.box, false, "camera"), 500, 45);
  hand.uvd.forEach((d, i) => i % 3 === 2 && assert.ok(Math.abs(xyz[i] - (500 + 45 * d)) < 1e-3));
});

test("a mirrored crop gives the mirrored hand", () => {
  const centred = { ...hand.intrinsics, u0: hand.box.x + hand.box.side / 2 };
  const xyz = (flip) => uvdToXyz(hand.uvd, cropCamera(centred, hand.box, flip, "crop"), 500, 45, flip);
  const [plain, mirrored] = [xyz(false), xyz(true)];
  near(mirrored, Array.from(plain, (value, i) => (i % 3 ? value : -value)), 1e-3);
  const pixels = toPixels([0.25, 0.5, 0], { x: 10, y: 20, side: 100 }, true);
  assert.deepEqual([...pixels], [85, 70]);
});

test("GLB files are Python's", () => {
  const found = parse(toGlb(numbers.glb.vertices, numbers.glb.faces));
  const expected = parse(Buffer.from(numbers.glb.file, "base64"));
  near(found.floats, expected.floats, 1e-6);
  assert.deepEqual(found.indices, expected.indices);
  const accessors = [found, expected].map(({ json }) => json.accessors.splice(0, 1)[0]);
  for (const name of ["min", "max"]) near(accessors[0][name], accessors[1][name], 1e-6);
  assert.deepEqual(found.json, expected.json);
});

function parse(file) {
  const bytes = new Uint8Array(file).slice();
  const view = new DataView(bytes.buffer);
  assert.deepEqual([0, 4, 8].map((at) => view.getUint32(at, true)), [0x46546c67, 2, bytes.length]);
  const length = view.getUint32(12, true);
  const json = JSON.parse(new TextDecoder().decode(bytes.slice(20, 20 + length)));
  const { byteOffset, byteLength } = json.bufferViews[2];
  const body = bytes.slice(28 + length);
  return {
    json,
    floats: [...new Float32Array(body.buffer, 0, byteOffset / 4)],
    indices: [...new Uint32Array(body.buffer, byteOffset, byteLength / 4)],
  };
}
