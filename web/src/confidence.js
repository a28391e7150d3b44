// How sharply the joints were seen: tfhand.inference.confidence.

/** Half the side of the window around a peak, as a share of the heat-map's side. */
const WINDOW = 1 / 16;

/**
 * Mean over the joints, 0..1.
 * @param maps (height, width, joints).
 * @param kind "logits": the share of the spatial soft-max that lies around its peak; "gaussian": the peak's height.
 */
export function confidence(maps, [height, width, joints], kind) {
  const [radiusY, radiusX] = [Math.max(height * WINDOW, 1), Math.max(width * WINDOW, 1)];
  let sum = 0;
  for (let joint = 0; joint < joints; joint++) {
    let peak = 0;
    for (let place = 1; place < height * width; place++) {
      if (maps[place * joints + joint] > maps[peak * joints + joint]) peak = place;
    }
    const highest = maps[peak * joints + joint];
    if (kind === "gaussian") {
      sum += Math.min(Math.max(highest, 0), 1);
      continue;
    }
    const [row, column] = [Math.floor(peak / width), peak % width];
    let [near, all] = [0, 0];
    for (let place = 0; place < height * width; place++) {
      const share = Math.exp(maps[place * joints + joint] - highest);
      all += share;
      const within = Math.abs(Math.floor(place / width) - row) <= radiusY && Math.abs((place % width) - column) <= radiusX;
      if (within) near += share;
    }
    sum += near / all;
  }
  return sum / joints;
}
