import assert from "node:assert/strict";
import test from "node:test";

import { explain, fitted } from "../src/camera.js";
import { Rate } from "../src/rate.js";
import { PATIENCE, Tracker, TRIALS } from "../src/tracker.js";
import { draggedBox, toPicture } from "../src/ui.js";

const seen = (side, confidence, at = 100, signs = { presence: null, knownSide: null }) => (
  { side, confidence, jointsUv: [at, at, at + 100, at + 100], ...signs }
);

function tracker() {
  const made = new Tracker();
  made.resize(640, 480);
  return made;
}

test("a hand is looked for in the middle and followed by its joints", () => {
  const one = tracker();
  assert.deepEqual(one.box, { x: 80, y: 0, side: 480 });
  assert.equal(one.update([seen("right", 0.6), seen("left", 0.4)]).side, "right");
  assert.deepEqual(one.box, { x: 75, y: 75, side: 150 });
  assert.ok(one.found);
});

test("the side that is seen more sharply over some frames is kept", () => {
  const one = tracker();
  assert.deepEqual(one.sides, ["right", "left"]);
  for (let i = 0; i < TRIALS; i++) one.update([seen("right", 0.5), seen("left", i === 2 ? 0.4 : 0.6)]);
  assert.deepEqual(one.sides, ["left"]);
  one.side = "right";
  assert.deepEqual(one.sides, ["right"]);
});

test("frames without a hand don't say which side it is", () => {
  const one = tracker();
  const view = (side, presence, knownSide) => seen(side, 0.5, 100, { presence, knownSide });
  for (let i = 1; i < PATIENCE; i++) assert.equal(one.update([view("right", 0.1, 0.95), view("left", 0.1, 0.05)]), null);
  assert.equal(one.update([view("right", 0.99, 0.3), view("left", 0.99, 0.7)]).side, "left");
});

test("a hand that is gone for some frames is looked for where it was first", () => {
  const one = tracker();
  one.lookAt({ x: 10, y: 20, side: 90 });
  one.side = "right";
  one.update([seen("right", 0.6)]);
  for (let i = 0; i < PATIENCE; i++) {
    assert.ok(one.found);
    assert.equal(one.update([seen("right", 0.1)]), null);
  }
  assert.ok(!one.found);
  assert.deepEqual(one.box, { x: 10, y: 20, side: 90 });
});

test("a network that tells whether there is a hand, and which, is believed", () => {
  const one = tracker();
  const [sure, unsure] = [{ presence: 0.9, knownSide: 0.9 }, { presence: 0.9, knownSide: 0.2 }];
  for (let i = 0; i < TRIALS; i++) {
    assert.equal(one.update([seen("right", 0.9, 100, unsure), seen("left", 0.2, 100, sure)]).side, "left");
  }
  assert.deepEqual(one.sides, ["left"]);
  assert.equal(one.update([seen("left", 0.9, 100, { presence: 0.3, knownSide: 1 })]), null);
});

test("boxes outside of the picture, or of no size, are no hands", () => {
  const one = tracker();
  one.side = "left";
  const pointLike = { ...seen("left", 0.9), jointsUv: [50, 50, 51, 51] };
  for (const estimate of [seen("left", 0.9, 700), pointLike, null]) assert.equal(one.update([estimate]), null);
});

test("frames a second", () => {
  const rate = new Rate();
  assert.equal(rate.value, 0);
  for (let i = 0; i < 100; i++) rate.tick(50 * i);
  assert.ok(Math.abs(rate.value - 20) < 1e-9);
});

test("taps and drags become squares of the picture", () => {
  assert.deepEqual(draggedBox({ x: 10, y: 10 }, { x: 110, y: 60 }, 200), { x: 10, y: -15, side: 100 });
  assert.deepEqual(draggedBox({ x: 100, y: 90 }, { x: 101, y: 90 }, 200), { x: 1, y: -10, side: 200 });
  const event = { clientX: 150, clientY: 30 };
  const shown = { left: 100, top: 10, width: 200, height: 100 };
  assert.deepEqual(toPicture(event, shown, 640, 480, false), { x: 160, y: 96 });
  assert.deepEqual(toPicture(event, shown, 640, 480, true), { x: 480, y: 96 });
});

test("every fault of a camera has words", () => {
  for (const name of ["NotAllowedError", "NotFoundError", "NotReadableError", "OverconstrainedError", "MissingError"]) {
    assert.match(explain({ name }, true), /camera/i);
  }
  assert.match(explain({ name: "NotAllowedError" }, false), /https/);
  assert.match(explain({ name: "Odd", message: "sparks" }, true), /sparks/);
});

test("large pictures are shrunk, small ones are not", () => {
  assert.deepEqual(fitted(4000, 3000), [640, 480]);
  assert.deepEqual(fitted(1080, 1920), [360, 640]);
  assert.deepEqual(fitted(320, 240), [320, 240]);
});
