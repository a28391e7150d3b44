// Light reflected by points on a hand: diffuse skin with light spreading under it, and a specular surface.
//
// Everything is linear RGB and in the camera frame (x right, y down, z forward), lengths in mm. Values interpolated
// from vertices come and go as rows of length N, one a quantity, so that both these loops and NumPy run along them.
#include "shadows.h"

using tfhand::Clamp01;
using tfhand::Dot;
using tfhand::Load;
using tfhand::Unit;
using tfhand::Vector;

namespace {

// How far diffuse light wraps around the terminator, and how much the fine relief is blurred, per channel: red light
// travels farthest under the skin (d'Eon and Luebke, GPU Gems 3, chapter 14, for the order of magnitude).
constexpr float kWrap[3] = {0.34f, 0.14f, 0.08f}, kBlur[3] = {0.75f, 0.4f, 0.25f};
// Shadows are looked up this far off the surface, mm.
constexpr float kLift = 1.2f;

TFHAND_INLINE float Fifth(float x) { return x * x * x * x * x; }

// The cosine of light on the relief, given that on the smooth surface: where light grazes the surface, what rises from
// it shades what lies behind, so that no facet sparkles far beyond the terminator.
TFHAND_INLINE float Sheltered(float n_relief, float n_smooth) {
  return std::min(n_relief, 0.06f + 1.6f * std::max(n_smooth, -0.1f));
}

// Specular reflection of one light, times the cosine: GGX with Schlick's Fresnel (Walter et al. 2007).
TFHAND_INLINE float Specular(Vector normal, Vector view, Vector light, float n_l, float n_v, float roughness,
                             float f0) {
  const Vector half = Unit(view + light);
  const float n_h = Clamp01(Dot(normal, half)), v_h = Clamp01(Dot(view, half));
  const float alpha = roughness * roughness, alpha2 = alpha * alpha, k = 0.5f * alpha;
  const float spread = n_h * n_h * (alpha2 - 1) + 1;
  // The visibility term divides by n_l and n_v; the cosine n_l is multiplied back in.
  const float visibility = n_l / ((n_l * (1 - k) + k) * (n_v * (1 - k) + k));
  return alpha2 / (4 * spread * spread) * visibility * (f0 + (1 - f0) * Fifth(1 - v_h));
}

// Radiance in a unit direction from an octahedral map (size, size, 3), bilinearly (Engelhardt and Dachsbacher,
// "Octahedron environment maps", 2008): the upper hemisphere, z >= 0, in the inner diamond.
TFHAND_INLINE Vector Environment(const float* map, int size, Vector direction) {
  const float sum = std::fabs(direction.x) + std::fabs(direction.y) + std::fabs(direction.z);
  float x = direction.x / sum, y = direction.y / sum;
  if (direction.z < 0) {
    const float folded = (1 - std::fabs(y)) * (x < 0 ? -1.0f : 1.0f);
    y = (1 - std::fabs(x)) * (y < 0 ? -1.0f : 1.0f);
    x = folded;
  }
  const float column = (0.5f * x + 0.5f) * (size - 1), row = (0.5f * y + 0.5f) * (size - 1);
  const int left = std::min(static_cast<int>(column), size - 2), top = std::min(static_cast<int>(row), size - 2);
  const float u = column - left, v = row - top;
  const float *upper = map + 3 * (top * size + left), *lower = upper + 3 * size;
  return (1 - v) * ((1 - u) * Load(upper) + u * Load(upper + 3)) + v * ((1 - u) * Load(lower) + u * Load(lower + 3));
}

// What tfhand_shade takes, but for the lights.
struct Input {
  int64_t count;
  const float *points, *values;
  int32_t ambient_row;
  const float *albedo, *slope_x, *slope_y, *roughness, *f0, *shine;

  TFHAND_INLINE float Value(int row, int64_t i) const { return values[row * count + i]; }
  TFHAND_INLINE Vector Values(int row, int64_t i) const {
    return {Value(row, i), Value(row + 1, i), Value(row + 2, i)};
  }
};

struct Light {
  Vector direction, colour;
  const tfhand::ShadowMap* shadow;
};

// Skin's softness as factors per channel; a shadow's edge bleeds red: `bleed` raises what is seen in half shadow.
struct Softness {
  float wrap[3], scale[3], blur[3], bleed[3];

  TFHAND_INLINE explicit Softness(float amount) {
    for (int k = 0; k < 3; ++k) {
      wrap[k] = amount * kWrap[k], blur[k] = amount * kBlur[k];
      scale[k] = 1 / (1 + wrap[k]), bleed[k] = 0.5f * blur[k];
    }
  }
};

// Vectors of a block of samples, one array a coordinate: loops over them run in vector registers.
struct Vectors {
  float x[tfhand::kBlock], y[tfhand::kBlock], z[tfhand::kBlock];

  TFHAND_INLINE Vector operator[](int j) const { return {x[j], y[j], z[j]}; }
  TFHAND_INLINE void Set(int j, Vector v) { x[j] = v.x, y[j] = v.y, z[j] = v.z; }
};

// Samples are shaded in blocks that stay in the nearest cache.
struct Block {
  int64_t first;
  int count;
  Vectors point, view, smooth, bent, glossy;
  float irradiance[3][tfhand::kBlock], gloss[3][tfhand::kBlock];
};

TFHAND_INLINE void Begin(const Input& input, Block* block) {
#pragma GCC ivdep
  for (int j = 0; j < block->count; ++j) {
    const int64_t i = block->first + j;
    const Vector point = Load(input.points + 3 * i), smooth = input.Values(0, i);
    const Vector bent = Unit(smooth - input.slope_x[i] * input.Values(3, i) - input.slope_y[i] * input.Values(6, i));
    block->point.Set(j, point);
    block->view.Set(j, Unit(-1 * point));
    block->smooth.Set(j, smooth);
    block->bent.Set(j, bent);
    // The gloss of many facets within a pixel lies between the smooth surface's and the relief's.
    block->glossy.Set(j, Unit(smooth + bent));
  }
  for (int k = 0; k < 3; ++k) {
    for (int j = 0; j < block->count; ++j) {
      block->irradiance[k][j] = input.Value(input.ambient_row + k, block->first + j), block->gloss[k][j] = 0;
    }
  }
}

// Returns in `seen` the share of a light that reaches each sample. Shadows are looked up, all together, only where the
// light would arrive without.
TFHAND_INLINE void See(const Light& light, const Softness& soft, const Block& block, float* seen) {
  std::fill(seen, seen + block.count, light.shadow ? 0.0f : 1.0f);
  if (!light.shadow) return;
  int facing[tfhand::kBlock], count = 0;
  float x[tfhand::kBlock], y[tfhand::kBlock], z[tfhand::kBlock], lit[tfhand::kBlock];
  for (int j = 0; j < block.count; ++j) {
    const float n_smooth = Dot(block.smooth[j], light.direction), n_bent = Dot(block.bent[j], light.direction);
    float most = Dot(block.glossy[j], light.direction);
    for (int k = 0; k < 3; ++k) most = std::max(most, n_bent + (n_smooth - n_bent) * soft.blur[k] + soft.wrap[k]);
    const Vector lifted = block.point[j] + kLift * block.smooth[j];
    facing[count] = j, x[count] = lifted.x, y[count] = lifted.y, z[count] = lifted.z;
    count += most > 0;
  }
  tfhand::LitShares(*light.shadow, x, y, z, count, lit);
  for (int n = 0; n < count; ++n) seen[facing[n]] = lit[n];
}

TFHAND_INLINE void Add(const Input& input, const Light& light, const Softness& soft, Block* block) {
  float seen[tfhand::kBlock];
  See(light, soft, *block, seen);
  const float *roughness = input.roughness + block->first, *f0 = input.f0 + block->first;
  const float colour[3] = {light.colour.x, light.colour.y, light.colour.z};
#pragma GCC ivdep
  for (int j = 0; j < block->count; ++j) {
    const Vector view = block->view[j], glossy = block->glossy[j];
    const float n_smooth = Dot(block->smooth[j], light.direction);
    const float n_bent = Sheltered(Dot(block->bent[j], light.direction), n_smooth);
    const float n_l = std::max(Sheltered(Dot(glossy, light.direction), n_smooth), 0.0f);
    const float n_v = std::max(Dot(glossy, view), 0.05f);
    const float glint = seen[j] * Specular(glossy, view, light.direction, n_l, n_v, roughness[j], f0[j]);
    for (int k = 0; k < 3; ++k) {
      const float cosine = (n_bent + (n_smooth - n_bent) * soft.blur[k] + soft.wrap[k]) * soft.scale[k];
      block->irradiance[k][j] += std::max(cosine, 0.0f) * seen[j] * (1 + (1 - seen[j]) * soft.bleed[k]) * colour[k];
      block->gloss[k][j] += glint * colour[k];
    }
  }
}

// Adds the mirrored surroundings, less of them for rough surfaces (Lagarde's fit of Fresnel), and writes the colours.
TFHAND_INLINE void Finish(const Input& input, const float* environment, int size, Block* block, float* colours,
                          double* total) {
#pragma GCC ivdep
  for (int j = 0; j < block->count; ++j) {
    const int64_t i = block->first + j;
    const Vector glossy = block->glossy[j], view = block->view[j];
    const float n_v = Dot(glossy, view), f0 = input.f0[i], grazing = std::max(1 - input.roughness[i], f0);
    const float share = (f0 + 0.5f * (grazing - f0) * Fifth(1 - Clamp01(n_v))) * input.Value(input.ambient_row + 3, i);
    const Vector mirror = share * Environment(environment, size, 2 * n_v * glossy - view);
    block->gloss[0][j] += mirror.x, block->gloss[1][j] += mirror.y, block->gloss[2][j] += mirror.z;
  }
  for (int k = 0; k < 3; ++k) {
    for (int j = 0; j < block->count; ++j) {
      const int64_t i = block->first + j;
      total[k] += block->irradiance[k][j];
      colours[3 * i + k] = block->irradiance[k][j] * input.albedo[k * input.count + i] +
                           block->gloss[k][j] * input.shine[i];
    }
  }
}

}  // namespace

// Shades N samples at points (N, 3).
// values: rows normal x, y, z; tangents x, y, z of the relief's first coordinate, then of its second; then, from row
// `ambient_row` on, ambient irradiance r, g, b and openness. albedo (3, N); the relief's slopes, roughness and
// reflectance at normal incidence f0 (N,); shine (N,) factor on specular light.
// Lights: directions (L, 3) towards them, colours (L, 3), shadows (L,), each null for none. environment (size, size,
// 3): see Environment. softness: 0 (chalk) .. 1 (soft skin).
// Out: colours (N, 3); total (3,) sum of the irradiance.
extern "C" TFHAND_HOT void tfhand_shade(int64_t count, const float* points, const float* values, int32_t ambient_row,
                                        const float* albedo, const float* slope_x, const float* slope_y,
                                        const float* roughness, const float* f0, const float* shine,
                                        int32_t light_count, const float* directions, const float* light_colours,
                                        const tfhand::ShadowMap* const* shadows, const float* environment,
                                        int32_t environment_size, float softness, float* colours, double* total) {
  const Input input = {count, points, values, ambient_row, albedo, slope_x, slope_y, roughness, f0, shine};
  const Softness soft(softness);
  Block block;
  std::fill(total, total + 3, 0.0);
  for (int64_t first = 0; first < count; first += tfhand::kBlock) {
    block.first = first, block.count = static_cast<int>(std::min<int64_t>(tfhand::kBlock, count - first));
    Begin(input, &block);
    for (int l = 0; l < light_count; ++l) {
      Add(input, {Load(directions + 3 * l), Load(light_colours + 3 * l), shadows[l]}, soft, &block);
    }
    Finish(input, environment, environment_size, &block, colours, total);
  }
}
