// From the network's crop coordinates to millimetres: tfhand.geometry.uvd_to_xyz and tfhand.inference.placement.

const RANGE = [1.5, 400];
const GRID = 200;
const ROUNDS = 4;

/**
 * [fx / w, fy / h, (u0 - x) / w, (v0 - y) / h, ax, ay] of a crop, of the mirrored one if asked.
 * @param depthAxis what depths run along: "crop", the ray (ax, ay, 1) through the crop's middle, or "camera", (0, 0, 1).
 */
export function cropCamera(intrinsics, box, mirrored = false, depthAxis = "camera") {
  const u = (intrinsics.u0 - box.x) / box.side;
  const [fx, fy] = [intrinsics.fx / box.side, intrinsics.fy / box.side];
  const [cx, cy] = [mirrored ? 1 - u : u, (intrinsics.v0 - box.y) / box.side];
  const turned = depthAxis === "crop";
  return [fx, fy, cx, cy, turned ? (0.5 - cx) / fx : 0, turned ? (0.5 - cy) / fy : 0];
}

/** Points so wild that their ray points away from the axis of depths stay before the camera. */
const MIN_AXIS_DEPTH = 0.1;

/** From the camera to where the ray of u, v has a depth of 1 along the axis of depths. */
function rayOf(u, v, [fx, fy, cx, cy, ax, ay]) {
  const [x, y] = [(u - cx) / fx, (v - cy) / fy];
  const depth = Math.max((1 + ax * x + ay * y) / Math.hypot(ax, ay, 1), MIN_AXIS_DEPTH);
  return [x / depth, y / depth, 1 / depth];
}

/**
 * The root depth, in hand scales and along the axis of depths, at which bones have the proportions of an average hand.
 * @param uvd (21, 3) joints in the crop.
 * @param camera from `cropCamera`.
 * @param bones [[start, end], ...]; `proportions`: their lengths in hand scales.
 */
export function rootDepthInScales(uvd, camera, bones, proportions) {
  const slopes = new Float64Array(bones.length * 3);
  const offsets = new Float64Array(bones.length * 3);
  bones.forEach(([start, end], bone) => {
    const ray = (joint) => rayOf(uvd[3 * joint], uvd[3 * joint + 1], camera);
    const [from, to] = [ray(start), ray(end)];
    for (let axis = 0; axis < 3; axis++) {
      slopes[3 * bone + axis] = to[axis] - from[axis];
      offsets[3 * bone + axis] = to[axis] * uvd[3 * end + 2] - from[axis] * uvd[3 * start + 2];
    }
  });
  const error = (depth) => {
    let sum = 0;
    for (let bone = 0; bone < bones.length; bone++) {
      const along = (axis) => depth * slopes[3 * bone + axis] + offsets[3 * bone + axis];
      sum += (Math.hypot(along(0), along(1), along(2)) - proportions[bone]) ** 2;
    }
    return sum;
  };
  let [low, high] = RANGE.map(Math.log);
  let best = low;
  for (let round = 0; round < ROUNDS; round++) {
    const step = (high - low) / (GRID - 1);
    let least = Infinity;
    let place = 0;
    for (let index = 0; index < GRID; index++) {
      const found = error(Math.exp(low + index * step));
      if (found < least) [least, place] = [found, index];
    }
    best = low + place * step;
    [low, high] = [low + Math.max(place - 1, 0) * step, low + Math.min(place + 1, GRID - 1) * step];
  }
  return Math.exp(best);
}

/**
 * Un-projects points: camera frame (x right, y down, z forward), mm.
 * @param uvd (N, 3) crop coordinates, depth behind the wrist in hand scales.
 * @param rootDepthMm the wrist's depth along the axis of depths, as from `rootDepthInScales`.
 * @param mirrored whether the crop was mirrored; the points come out as the camera saw them.
 */
export function uvdToXyz(uvd, camera, rootDepthMm, handScaleMm, mirrored = false) {
  const xyz = new Float32Array(uvd.length);
  for (let i = 0; i < uvd.length; i += 3) {
    const depth = uvd[i + 2] * handScaleMm + rootDepthMm;
    const [x, y, z] = rayOf(uvd[i], uvd[i + 1], camera);
    xyz[i] = (mirrored ? -x : x) * depth;
    xyz[i + 1] = y * depth;
    xyz[i + 2] = z * depth;
  }
  return xyz;
}

/** Pixels [u0, v0, u1, v1, ...] of the picture for points of a crop. */
export function toPixels(uvd, box, mirrored = false) {
  const pixels = new Float32Array((uvd.length / 3) * 2);
  for (let i = 0; i < uvd.length / 3; i++) {
    const u = uvd[3 * i];
    pixels[2 * i] = box.x + (mirrored ? 1 - u : u) * box.side;
    pixels[2 * i + 1] = box.y + uvd[3 * i + 1] * box.side;
  }
  return pixels;
}
