// What the renderer's loops share: small vectors, and a build of hot functions for newer processors.
#ifndef TFHAND_RENDERING_KERNEL_H_
#define TFHAND_RENDERING_KERNEL_H_

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

// Hot functions are compiled twice and the processor's own is chosen when the library is loaded. Sums keep their
// order and nothing is fused (-ffp-contract=off), so both give the same bits.
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__)
#define TFHAND_HOT __attribute__((target_clones("avx2", "default")))
#else
#define TFHAND_HOT
#endif
// What they call must become part of them, or it would be built once only.
#if defined(__GNUC__)
#define TFHAND_INLINE inline __attribute__((always_inline))
#define TFHAND_PREFETCH(address) __builtin_prefetch(address)
#else
#define TFHAND_INLINE inline
#define TFHAND_PREFETCH(address)
#endif

namespace tfhand {

struct Vector {
  float x, y, z;
};

TFHAND_INLINE Vector Load(const float* from) { return {from[0], from[1], from[2]}; }
TFHAND_INLINE void Store(Vector v, float* to) { to[0] = v.x, to[1] = v.y, to[2] = v.z; }
TFHAND_INLINE Vector operator+(Vector a, Vector b) { return {a.x + b.x, a.y + b.y, a.z + b.z}; }
TFHAND_INLINE Vector operator-(Vector a, Vector b) { return {a.x - b.x, a.y - b.y, a.z - b.z}; }
TFHAND_INLINE Vector operator*(float s, Vector a) { return {s * a.x, s * a.y, s * a.z}; }
TFHAND_INLINE float Dot(Vector a, Vector b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
TFHAND_INLINE Vector Cross(Vector a, Vector b) {
  return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}
TFHAND_INLINE Vector Unit(Vector a) { return (1 / std::sqrt(std::max(Dot(a, a), 1e-12f))) * a; }
TFHAND_INLINE float Clamp01(float value) { return std::min(std::max(value, 0.0f), 1.0f); }

// exp(x) to 1e-7 of itself, x within -87..88 (Cephes' expf). Unlike the C library's it runs in vector registers, and
// gives the same bits everywhere.
TFHAND_INLINE float Exp(float x) {
  const float bounded = std::min(std::max(x, -87.0f), 88.0f);
  const int32_t power = static_cast<int32_t>(bounded * 1.44269504f + (bounded < 0 ? -0.5f : 0.5f));
  const float rest = (bounded - power * 0.693359375f) + power * 2.12194440e-4f;
  float series = 1.9875691500e-4f * rest + 1.3981999507e-3f;
  series = series * rest + 8.3334519073e-3f;
  series = series * rest + 4.1665795894e-2f;
  series = series * rest + 1.6666665459e-1f;
  series = series * rest + 5.0000001201e-1f;
  const int32_t bits = (power + 127) << 23;
  float scale;
  std::memcpy(&scale, &bits, sizeof scale);
  return (series * rest * rest + rest + 1) * scale;
}

}  // namespace tfhand

#endif  // TFHAND_RENDERING_KERNEL_H_
