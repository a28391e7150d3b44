// Depth maps of a mesh as lights at infinity see it, and how lit points are by them.
//
// A light's frame has rows right, down, forward (away from the light); a map covers the square -extent..extent around
// `centre` in it, row 0 uppermost, sampled at texel centres. A border of one empty texel lies around that square, so
// that points outside need only be moved there.
#ifndef TFHAND_RENDERING_SHADOWS_H_
#define TFHAND_RENDERING_SHADOWS_H_

#include "kernel.h"

namespace tfhand {

constexpr int kMaxTaps = 10;

// Laid out like _Map in shadows.py. Lengths in mm; depth (size, size) along the forward axis from `centre`, infinity
// where nothing is. A tap is an offset across the light (two numbers) and how far behind the map's depth there a
// point still counts as lit; `softness` farther it is fully dark.
struct ShadowMap {
  const float* depth;
  int32_t size, tap_count;
  float frame[9], centre[3];
  float extent, softness;
  float taps[kMaxTaps][3];
};

// The centre of a map in texels, and texels per mm.
TFHAND_INLINE float HalfSize(int size) { return 0.5f * size; }
TFHAND_INLINE float TexelsPerMm(int size, float extent) { return (0.5f * size - 1) / extent; }

// Returns a point in texels (x, y) and mm (z).
TFHAND_INLINE Vector Project(Vector point, const float* frame, const float* centre, float scale, float half) {
  const Vector offset = point - Load(centre);
  return {Dot(Load(frame), offset) * scale + half, Dot(Load(frame + 3), offset) * scale + half,
          Dot(Load(frame + 6), offset)};
}

constexpr int kBlock = 256;

// Returns in `lit` 0..1 how lit up to kBlock points x, y, z (camera frame, mm) are: the mean over taps of the
// bilinearly weighted comparison of their depth with the map (percentage-closer filtering); 1 outside the map.
TFHAND_INLINE void LitShares(const ShadowMap& map, const float* x, const float* y, const float* z, int count,
                      float* __restrict lit) {
  const int size = map.size;
  const float half = HalfSize(size), scale = TexelsPerMm(size, map.extent), sharpness = 1 / map.softness;
  const float limit = size - 1.001f, share = 1.0f / map.tap_count;
  const float* __restrict depth = map.depth;
  float px[kBlock], py[kBlock], pz[kBlock];
  for (int i = 0; i < count; ++i) {
    const Vector p = Project({x[i], y[i], z[i]}, map.frame, map.centre, scale, half);
    px[i] = p.x - 0.5f, py[i] = p.y - 0.5f, pz[i] = p.z, lit[i] = 0;
  }
  for (int t = 0; t < map.tap_count; ++t) {
    const float right = map.taps[t][0] * scale, down = map.taps[t][1] * scale, bias = map.taps[t][2];
    for (int i = 0; i < count; ++i) {
      const float u = std::min(std::max(px[i] + right, 0.0f), limit);
      const float v = std::min(std::max(py[i] + down, 0.0f), limit);
      const int column = static_cast<int>(u), row = static_cast<int>(v), texel = row * size + column;
      const float z_i = pz[i] - bias, across = u - column, along = v - row;
      const float a = Clamp01(1 - (z_i - depth[texel]) * sharpness);
      const float b = Clamp01(1 - (z_i - depth[texel + 1]) * sharpness);
      const float c = Clamp01(1 - (z_i - depth[texel + size]) * sharpness);
      const float d = Clamp01(1 - (z_i - depth[texel + size + 1]) * sharpness);
      const float upper = a + across * (b - a), lower = c + across * (d - c);
      lit[i] += share * (upper + along * (lower - upper));
    }
  }
}

}  // namespace tfhand

#endif  // TFHAND_RENDERING_SHADOWS_H_
