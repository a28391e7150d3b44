// What the network sees of a picture: the same crop, pixel for pixel but for rounding, as tfhand.inference.network_view.
// Pixel coordinates are continuous: pixel (0, 0) covers 0..1, so a box {x, y, side} spans exactly x..x+side.

/** Grey beyond the picture's borders, as in training. */
export const PAD = 127;
/** How much larger than the hand's own bounding box a crop is made. */
export const EXPAND = 1.5;

/** Square around the middle of points' bounding box; `points`: [u0, v0, u1, v1, ...] pixels. */
export function boxAround(points, expand = EXPAND) {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let i = 0; i < points.length; i += 2) {
    left = Math.min(left, points[i]);
    right = Math.max(right, points[i]);
    top = Math.min(top, points[i + 1]);
    bottom = Math.max(bottom, points[i + 1]);
  }
  const side = Math.max(right - left, bottom - top) * expand;
  return { x: (left + right - side) / 2, y: (top + bottom - side) / 2, side };
}

/** The largest square in the middle of a picture. */
export function centreBox(width, height) {
  const side = Math.min(width, height);
  return { x: (width - side) / 2, y: (height - side) / 2, side };
}

/** Intrinsics {fx, fy, u0, v0} in pixels, for a picture whose camera is unknown. */
export function defaultIntrinsics(width, height, fieldOfViewDeg) {
  const focal = Math.max(width, height) / (2 * Math.tan((fieldOfViewDeg * Math.PI) / 360));
  return { fx: focal, fy: focal, u0: width / 2, v0: height / 2 };
}

/**
 * The part of a picture that a crop needs, whole pixels.
 * @returns {{x, y, width, height, reduction}} or null where the box lies outside; `reduction`: by how much the part is
 *     to be averaged down before it is sampled.
 */
export function partFor(box, size, width, height) {
  const reduction = Math.max(1, Math.trunc(Math.min(box.side / size, Math.max(width, height))));
  const margin = 2 * reduction;
  const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
  const x = clamp(Math.floor(box.x) - margin, 0, width - 1);
  const y = clamp(Math.floor(box.y) - margin, 0, height - 1);
  const right = clamp(Math.ceil(box.x + box.side) + margin, x + 1, width);
  const bottom = clamp(Math.ceil(box.y + box.side) + margin, y + 1, height);
  if (box.x >= width || box.y >= height || box.x + box.side <= 0 || box.y + box.side <= 0) return null;
  return { x, y, width: right - x, height: bottom - y, reduction };
}

/**
 * Crops and resizes.
 * @param pixels (height, width, 4) uint8 RGBA of the part of the picture.
 * @param part from `partFor`.
 * @param box {x, y, side}, pixels of the picture.
 * @param size side of the crop.
 * @param mirrored flips the picture left to right, for the hand that the network doesn't know.
 * @param out Uint8Array (size, size, 3) RGB to fill.
 */
export function cropInto(out, pixels, part, box, size, mirrored = false) {
  const { data, width, height } = part.reduction >= 2 ? shrink(pixels, part) : { data: pixels, ...part };
  // From the crop's pixel centres to the (reduced) part's, both counted from the first pixel's centre.
  const axis = (start, origin, length, reduced) => {
    const step = ((box.side / size) * reduced) / length;
    return { step, offset: ((start - origin) * reduced) / length + step / 2 - 0.5 };
  };
  const across = axis(box.x, part.x, part.width, width);
  const down = axis(box.y, part.y, part.height, height);
  for (let row = 0; row < size; row++) {
    const y = down.offset + row * down.step;
    const top = Math.floor(y);
    for (let column = 0; column < size; column++) {
      const x = across.offset + column * across.step;
      const left = Math.floor(x);
      const place = 3 * (row * size + (mirrored ? size - 1 - column : column));
      blend(out, place, data, width, height, left, top, x - left, y - top);
    }
  }
}

/** Bilinear between four pixels; `right`, `below`: how far from the upper left one. */
function blend(out, place, data, width, height, left, top, right, below) {
  const inside = left >= 0 && top >= 0 && left + 1 < width && top + 1 < height;
  const at = 4 * (top * width + left);
  const next = at + 4 * width;
  for (let channel = 0; channel < 3; channel++) {
    let [a, b, c, d] = [PAD, PAD, PAD, PAD];
    if (inside) {
      a = data[at + channel];
      b = data[at + 4 + channel];
      c = data[next + channel];
      d = data[next + 4 + channel];
    } else {
      const [inRow, inNextRow] = [top >= 0 && top < height, top + 1 >= 0 && top + 1 < height];
      const [inColumn, inNextColumn] = [left >= 0 && left < width, left + 1 >= 0 && left + 1 < width];
      if (inRow && inColumn) a = data[at + channel];
      if (inRow && inNextColumn) b = data[at + 4 + channel];
      if (inNextRow && inColumn) c = data[next + channel];
      if (inNextRow && inNextColumn) d = data[next + 4 + channel];
    }
    const upper = a + (b - a) * right;
    const lower = c + (d - c) * right;
    out[place + channel] = Math.round(upper + (lower - upper) * below);
  }
}

/** Averages areas, `reduction` times smaller: strong reductions would leave pixels out. Only RGB are set. */
function shrink(pixels, part) {
  const width = Math.max(Math.floor(part.width / part.reduction), 1);
  const height = Math.max(Math.floor(part.height / part.reduction), 1);
  const data = new Uint8ClampedArray(4 * width * height);
  const [columns, rows] = [shares(part.width, width), shares(part.height, height)];
  // Whole levels, as there is a picture of bytes here in Python too; OpenCV rounds halves up in means of two by two
  // pixels, and to even numbers, as this array does, in all others.
  const up = part.width === 2 * width && part.height === 2 * height;
  const stripe = new Float32Array(4 * part.width);
  let entry = 0;
  for (let row = 0; row < height; row++) {
    stripe.fill(0);
    for (; entry < rows.to.length && rows.to[entry] === row; entry++) {
      const share = rows.share[entry];
      const start = 4 * part.width * rows.from[entry];
      for (let i = 0; i < stripe.length; i++) stripe[i] += share * pixels[start + i];
    }
    narrow(data, 4 * width * row, stripe, columns, width, up);
  }
  return { data, width, height };
}

function narrow(data, start, stripe, { from, to, share }, width, up) {
  let entry = 0;
  for (let column = 0; column < width; column++) {
    let [red, green, blue] = [0, 0, 0];
    for (; entry < to.length && to[entry] === column; entry++) {
      const at = 4 * from[entry];
      red += share[entry] * stripe[at];
      green += share[entry] * stripe[at + 1];
      blue += share[entry] * stripe[at + 2];
    }
    const at = start + 4 * column;
    data[at] = up ? Math.floor(red + 0.5) : red;
    data[at + 1] = up ? Math.floor(green + 0.5) : green;
    data[at + 2] = up ? Math.floor(blue + 0.5) : blue;
  }
}

/** Which of `from` pixels in a row go into which of `to`, in order, with what share. */
function shares(from, to) {
  const ratio = from / to;
  const found = { from: [], to: [], share: [] };
  for (let place = 0; place < to; place++) {
    const [start, end] = [place * ratio, Math.min((place + 1) * ratio, from)];
    for (let index = Math.floor(start); index < end; index++) {
      const share = (Math.min(index + 1, end) - Math.max(index, start)) / ratio;
      if (share < 1e-9) continue;
      found.from.push(index);
      found.to.push(place);
      found.share.push(share);
    }
  }
  return found;
}
