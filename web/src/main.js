// Camera or photograph -> network -> mesh over the picture: how the parts are joined.

import "./style.css";

import { Camera, drawPhoto, explain } from "./camera.js";
import { defaultIntrinsics } from "./crop.js";
import { HandEstimator } from "./estimator.js";
import { toGlb } from "./glb.js";
import { ACCELERATORS, loadModel } from "./model.js";
import { keepOffline } from "./offline.js";
import { Rate } from "./rate.js";
import { Tracker, TRIALS } from "./tracker.js";
import { Page, save } from "./ui.js";
import { HandView, STYLES, windings } from "./view.js";

const MODEL = "model/";
/** Looks at a photograph: to find out the side, and to settle the box. */
const PHOTO_ROUNDS = TRIALS + 3;

const page = new Page(
  { camera, turn, photo, style, side, accelerator, again, save: saveMesh, lookAt },
  STYLES,
  ACCELERATORS,
);
const tracker = new Tracker();
const rate = new Rate();
const source = new Camera(page.video, () => {
  page.say("camera", "The camera was taken away. Press Camera to start it again.");
  page.showRunning(false);
});
let hand, bytes, model, estimator, overlay, orbit;
let facing = "user";
let shown = null;
let frames = 0;
let watchers = [];
let looking = Promise.resolve();

start();

async function start() {
  try {
    hand = await (await fetched(`${MODEL}hand.json`)).json();
    bytes = new Uint8Array(await (await fetched(`${MODEL}hand.tflite`)).arrayBuffer());
    overlay = new HandView(page.overlay, hand, false);
    orbit = new HandView(page.orbit, hand, true);
    page.onResize = () => [overlay, orbit].forEach((view) => view.render());
    page.fit();
    const wanted = new URLSearchParams(location.search).get("run");
    await useAccelerator(Object.hasOwn(ACCELERATORS, wanted ?? "") ? wanted : "webgpu");
  } catch (error) {
    page.say("start", `The page can't start: ${error.message}`);
    return;
  }
  document.documentElement.dataset.offline = await keepOffline((text) => page.say("offline", text));
}

async function fetched(path) {
  const response = await fetch(path).catch((error) => ({ ok: false, status: error.message }));
  if (!response.ok) throw new Error(`${path} can't be loaded (${response.status}). \`tfhand demo\` puts it there.`);
  return response;
}

async function useAccelerator(wanted) {
  page.enable(false);
  page.showRuntime(`starting ${ACCELERATORS[wanted]}`);
  page.say("runtime", null);
  model?.delete();
  model = await loadModel({
    bytes, hand, wasm: new URL(LITERT_WASM, location.href).href, accelerator: wanted,
    note: (text) => page.say("runtime", text),
  });
  estimator = new HandEstimator(model, hand);
  page.showRuntime(model.name, model.accelerator);
  page.enable(true);
}

/** One look at the picture in `page.frame`. */
async function look() {
  const { width, height } = page.frame.canvas;
  tracker.resize(width, height);
  const { box } = tracker;
  const estimates = [];
  for (const one of tracker.sides) estimates.push(await estimator.estimate(page.frame, box, one));
  // The user may have pointed elsewhere meanwhile.
  if (box !== tracker.box) return;
  shown = tracker.update(estimates);
  page.showBox(tracker.box);
  page.showHand(shown);
  if (shown) {
    overlay.setPicture(defaultIntrinsics(width, height, hand.field_of_view_deg), width, height);
    for (const view of [overlay, orbit]) view.show(shown);
  } else for (const view of [overlay, orbit]) view.clear();
  frames++;
  for (const tell of watchers.splice(0)) tell(report());
}

/** Runs one task after the other, since two looks at once would share a network; whether it ended well. */
function inTurn(task) {
  const done = looking.then(task).then(
    () => true,
    (error) => {
      const other = model?.accelerator === "webgpu" ? " Wasm may do, below." : "";
      page.say("run", `Something went wrong: ${error.message}${other}`);
      return false;
    },
  );
  looking = done;
  return done;
}

async function camera() {
  if (source.running) {
    source.stop();
    page.showRunning(false);
    return;
  }
  await openCamera();
}

async function openCamera() {
  page.say("camera", null);
  page.say("run", null);
  try {
    await source.start(facing);
  } catch (error) {
    source.stop();
    page.showRunning(false);
    page.say("camera", explain(error));
    return;
  }
  if (!source.running) return;
  page.showRunning(true);
  page.mirror(source.facesUser);
  tracker.lookAt(null);
  rate.clear();
  await inTurn(watch);
}

async function watch() {
  try {
    while (await source.frame()) {
      const before = `${page.frame.canvas.width} ${page.frame.canvas.height}`;
      source.drawInto(page.frame);
      if (before !== `${page.frame.canvas.width} ${page.frame.canvas.height}`) page.fit();
      await look();
      page.showRate(rate.tick(performance.now()));
    }
  } catch (error) {
    // A camera that nobody looks through is turned off.
    source.stop();
    page.showRunning(false);
    throw error;
  }
}

async function turn() {
  facing = facing === "user" ? "environment" : "user";
  source.stop();
  await looking;
  await openCamera();
}

async function photo(file) {
  source.stop();
  page.showRunning(false);
  page.say("photo", null);
  await inTurn(async () => {
    try {
      await drawPhoto(page.frame, file);
    } catch (error) {
      return page.say("photo", error.message);
    }
    page.mirror(false);
    page.fit();
    tracker.resize(page.frame.canvas.width, page.frame.canvas.height);
    tracker.lookAt(null);
    rate.clear();
    page.showRate(0);
    await settle();
  });
}

/** Looks at a still picture until box and side have come to rest. */
async function settle() {
  for (let round = 0; round < PHOTO_ROUNDS; round++) await look();
}

function style(name) {
  for (const view of [overlay, orbit]) if (view) view.style = name;
}

async function refresh() {
  if (!source.running && frames) await inTurn(settle);
}

function side(name) {
  tracker.side = name;
  refresh();
}

function again() {
  lookAt(null);
}

function lookAt(box) {
  if (!frames) return;
  tracker.lookAt(box);
  refresh();
}

async function accelerator(name) {
  const running = source.running;
  source.stop();
  if ((await inTurn(() => useAccelerator(name))) && running) await openCamera();
}

function saveMesh() {
  if (shown) save(toGlb(shown.verticesMm, windings(hand)[shown.side].array), "hand.glb", "model/gltf-binary");
}

/** What is on the screen, for tests and the curious: the picture's pixels as PNG, and the hand found in them. */
function report() {
  const plain = shown && { ...shown };
  for (const name of ["verticesMm", "jointsMm", "jointsUv"]) if (plain) plain[name] = Array.from(plain[name]);
  return { picture: page.frame.canvas.toDataURL("image/png"), hand: plain, frames };
}

globalThis.tfhand = {
  /** The next frame that is looked at, or of a still picture the last. */
  snapshot: () => (source.running ? new Promise((resolve) => watchers.push(resolve)) : looking.then(report)),
  stats: () => ({ frames, fps: rate.value, runtime: model?.name, webgl: [overlay, orbit].map((view) => view?.memory) }),
};
