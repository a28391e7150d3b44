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
  const scale = size / box.side;
  const reduction = Math.max(1, Math.trunc(Math.min(1 / scale, Math.max(width, height))));
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

function blend(out, place, data, width, height, left, top, right, below) {
  const inside = left >= 0 && top >= 0 && left + 1 < width && top + 1 < height;
  const at = 4 * (top * width + left);
  for (let channel = 0; channel < 3; channel++) {
    const pixel = (dx, dy) => {
      const within = inside || (left + dx >= 0 && left + dx < width && top + dy >= 0 && top + dy < height);
      return within ? data[at + 4 * (dy * width + dx) + channel] : PAD;
    };
    const upper = pixel(0, 0) * (1 - right) + pixel(1, 0) * right;
    const lower = pixel(0, 1) * (1 - right) + pixel(1, 1) * right;
    out[place + channel] = Math.round(upper * (1 - below) + lower * below);
  }
}

/** Averages areas, `reduction` times smaller: strong reductions would leave pixels out. */
function shrink(pixels, part) {
  const width = Math.max(Math.floor(part.width / part.reduction), 1);
  const height = Math.max(Math.floor(part.height / part.reduction), 1);
  const narrow = new Float32Array(part.height * width * 4);
  average(pixels, narrow, part.height, part.width, width, part.width * 4, width * 4, 4);
  const small = new Float32Array(height * width * 4);
  average(narrow, small, width, part.height, height, 4, 4, width * 4);
  // Whole levels, as there is a picture of bytes between the two steps in Python too.
  return { data: Uint8ClampedArray.from(small), width, height };
}

/** Means over `from / to` neighbours along one axis; `lines` lines lie `line` apart, their places `step` apart. */
function average(source, target, lines, from, to, line, targetLine, step) {
  const ratio = from / to;
  for (let place = 0; place < to; place++) {
    const [start, end] = [place * ratio, Math.min((place + 1) * ratio, from)];
    for (let index = Math.floor(start); index < end; index++) {
      const share = (Math.min(index + 1, end) - Math.max(index, start)) / ratio;
      if (share < 1e-9) continue;
      for (let each = 0; each < lines; each++) {
        const into = each * targetLine + place * step;
        const read = each * line + index * step;
        for (let channel = 0; channel < 3; channel++) target[into + channel] += share * source[read + channel];
      }
    }
  }
}
