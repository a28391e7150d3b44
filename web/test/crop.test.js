import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

import { boxAround, centreBox, cropInto, defaultIntrinsics, PAD, partFor } from "../src/crop.js";

const { crops, hand } = JSON.parse(readFileSync(new URL("numbers.json", import.meta.url)));

/** RGBA of a part of the picture that tests/web/numbers.py draws. */
function pixels({ x, y, width, height }) {
  const data = new Uint8ClampedArray(4 * width * height);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const [u, v] = [x + column, y + row];
      for (let channel = 0; channel < 3; channel++) {
        const value = 3 * u * u + 5 * v * v + 7 * (channel + 1) * u * v;
        data[4 * (row * width + column) + channel] = Math.floor(value / 64) % 256;
      }
    }
  }
  return data;
}

for (const { box, mirrored, crop, width, height, size } of crops) {
  test(`crop of ${box.side} pixels at ${box.x}, ${box.y}${mirrored ? ", mirrored" : ""} is Python's`, () => {
    const part = partFor(box, size, width, height);
    const out = new Uint8Array(3 * size * size);
    cropInto(out, pixels(part), part, box, size, mirrored);
    const gaps = crop.map((value, i) => Math.abs(value - out[i])).sort((one, other) => other - one);
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
    assert.ok(gaps[0] <= 1 && mean < 0.02, `${gaps.slice(0, 5)} levels apart, ${mean} on average`);
  });
}

test("a crop beside the picture is grey, or nothing", () => {
  assert.equal(partFor({ x: 300, y: 0, side: 20 }, 8, 220, 160), null);
  const box = { x: -30, y: -30, side: 31 };
  const part = partFor(box, 8, 220, 160);
  const out = new Uint8Array(3 * 64);
  cropInto(out, pixels(part), part, box, 8);
  assert.equal(out[0], PAD);
});

test("boxes and cameras are Python's", () => {
  const box = boxAround(hand.points);
  [box.x, box.y, box.side].forEach((value, i) => assert.ok(Math.abs(value - hand.points_box[i]) < 1e-3));
  const found = defaultIntrinsics(640, 480, hand.field_of_view_deg);
  for (const name of Object.keys(hand.intrinsics)) assert.ok(Math.abs(found[name] - hand.intrinsics[name]) < 1e-3);
  assert.deepEqual(centreBox(640, 480), { x: 80, y: 0, side: 480 });
});
