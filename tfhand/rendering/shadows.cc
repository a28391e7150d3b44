// Depth maps of a mesh as lights at infinity see it, and how lit points are by them.
//
// Shadows need no face numbers, weights or perspective, so this is a much smaller loop than the picture's
// rasteriser. The light's frame has rows right, down, forward (away from the light); a map covers the square
// -extent..extent around `centre` in it, texel (0, 0) at its upper left, sampled at texel centres.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace {

struct Point {
  float x, y, z;
};

// Returns a point in texels (x, y) and mm (z).
inline Point Project(const float* point, const float* frame, const float* centre, float scale, float half) {
  const float x = point[0] - centre[0], y = point[1] - centre[1], z = point[2] - centre[2];
  return {(frame[0] * x + frame[1] * y + frame[2] * z) * scale + half,
          (frame[3] * x + frame[4] * y + frame[5] * z) * scale + half,
          frame[6] * x + frame[7] * y + frame[8] * z};
}

}  // namespace

// depth: (size, size), mm along the light's forward axis from `centre`; infinity where nothing is.
extern "C" void tfhand_depth_map(const float* vertices, int32_t vertex_count, const int32_t* triangles,
                                 int32_t triangle_count, const float* frame, const float* centre,
                                 float extent, int32_t size, float* depth) {
  std::fill(depth, depth + static_cast<int64_t>(size) * size, std::numeric_limits<float>::infinity());
  const float half = 0.5f * size, scale = half / extent;
  std::vector<Point> projected(vertex_count);
  for (int32_t i = 0; i < vertex_count; ++i) {
    projected[i] = Project(vertices + 3 * i, frame, centre, scale, half);
  }
  for (int32_t t = 0; t < triangle_count; ++t) {
    const Point &a = projected[triangles[3 * t]], &b = projected[triangles[3 * t + 1]],
                &c = projected[triangles[3 * t + 2]];
    const float area = (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
    if (!(std::fabs(area) > 1e-9f)) continue;
    const float low_x = std::min({a.x, b.x, c.x}), high_x = std::max({a.x, b.x, c.x});
    const float low_y = std::min({a.y, b.y, c.y}), high_y = std::max({a.y, b.y, c.y});
    if (!(high_x > 0 && high_y > 0 && low_x < size && low_y < size)) continue;
    const int first_x = std::max(0, static_cast<int>(std::ceil(low_x - 0.5f)));
    const int last_x = std::min(size - 1, static_cast<int>(std::floor(high_x - 0.5f)));
    const int first_y = std::max(0, static_cast<int>(std::ceil(low_y - 0.5f)));
    const int last_y = std::min(size - 1, static_cast<int>(std::floor(high_y - 0.5f)));
    const float inverse = 1.0f / area;
    for (int row = first_y; row <= last_y; ++row) {
      const float y = row + 0.5f - a.y;
      float* line = depth + static_cast<int64_t>(row) * size;
      for (int column = first_x; column <= last_x; ++column) {
        const float x = column + 0.5f - a.x;
        const float u = (x * (c.y - a.y) - y * (c.x - a.x)) * inverse;
        const float v = (y * (b.x - a.x) - x * (b.y - a.y)) * inverse;
        if (u < 0 || v < 0 || u + v > 1) continue;
        line[column] = std::min(line[column], a.z + u * (b.z - a.z) + v * (c.z - a.z));
      }
    }
  }
}

// lit[i] in 0..1: the mean over `taps` (offset in mm across the light, bias in mm) of the bilinearly weighted
// comparison of point i with the map; `softness` mm behind the map's depth it is fully dark.
extern "C" void tfhand_lit_share(const float* points, int64_t count, const float* depth, int32_t size,
                                 const float* frame, const float* centre, float extent, const float* taps,
                                 int32_t tap_count, float softness, float* lit) {
  const float half = 0.5f * size, scale = half / extent, sharpness = 1 / softness;
  for (int64_t i = 0; i < count; ++i) {
    const Point p = Project(points + 3 * i, frame, centre, scale, half);
    float total = 0;
    for (int32_t t = 0; t < tap_count; ++t) {
      const float x = p.x + taps[3 * t] * scale - 0.5f, y = p.y + taps[3 * t + 1] * scale - 0.5f;
      // Rounds down whatever is above -1; below that any negative number will do.
      const int column = static_cast<int>(x + 1) - 1, row = static_cast<int>(y + 1) - 1;
      if (column < 0 || row < 0 || column + 1 >= size || row + 1 >= size) {
        total += 1;
        continue;
      }
      const float* upper = depth + static_cast<int64_t>(row) * size + column;
      const float* lower = upper + size;
      const float z = p.z - taps[3 * t + 2];
      auto compare = [&](float seen) { return std::clamp(1 - (z - seen) * sharpness, 0.0f, 1.0f); };
      const float u = x - column, v = y - row;
      total += (1 - v) * ((1 - u) * compare(upper[0]) + u * compare(upper[1])) +
               v * ((1 - u) * compare(lower[0]) + u * compare(lower[1]));
    }
    lit[i] = total / tap_count;
  }
}
