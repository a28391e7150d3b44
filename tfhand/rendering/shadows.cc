// Draws the depth maps of shadows.h, looks shadows up, and sums the light of the surroundings.
//
// Shadows need no face numbers, weights or perspective, so this is a smaller loop than the picture's.
#include "shadows.h"

#include <limits>
#include <vector>

using tfhand::Clamp01;
using tfhand::Dot;
using tfhand::Load;
using tfhand::Vector;

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// A mesh as a light sees it, in texels and mm.
struct Projected {
  std::vector<float> x, y, z;

  explicit Projected(int32_t count) : x(count), y(count), z(count) {}

  TFHAND_INLINE void Set(const float* vertices, const float* frame, const float* centre, float scale, float half) {
    const int count = static_cast<int>(x.size());
    float *to_x = x.data(), *to_y = y.data(), *to_z = z.data();
    for (int i = 0; i < count; ++i) {
      const Vector p = tfhand::Project(Load(vertices + 3 * i), frame, centre, scale, half);
      to_x[i] = p.x, to_y[i] = p.y, to_z[i] = p.z;
    }
  }

  TFHAND_INLINE Vector operator[](int32_t i) const { return {x[i], y[i], z[i]}; }
};

// Texels whose centres lie within the bounds of a triangle: columns first..last, rows top..bottom.
struct Bounds {
  int first, last, top, bottom;
};

// Lowers `nearest` (and raises `farthest`, if there is one) to the depths of a triangle wherever it covers the centre
// of a texel.
template <bool kBothSides>
TFHAND_INLINE void Draw(Vector a, Vector b, Vector c, Bounds bounds, int size, float* nearest, float* farthest) {
  const float area = (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
  if (!(std::fabs(area) > 1e-9f)) return;
  // The shares u and v of corners b and c are linear in the texel; so is the depth.
  const float inverse = 1.0f / area;
  const float u_x = (c.y - a.y) * inverse, u_y = (a.x - c.x) * inverse;
  const float v_x = (a.y - b.y) * inverse, v_y = (b.x - a.x) * inverse;
  const float to_b = b.z - a.z, to_c = c.z - a.z, left = 0.5f - a.x;
  for (int row = bounds.top; row <= bounds.bottom; ++row) {
    const float y = row + 0.5f - a.y;
    const float u_row = u_y * y + u_x * left, v_row = v_y * y + v_x * left;
    float* __restrict near_line = nearest + static_cast<int64_t>(row) * size;
    float* __restrict far_line = kBothSides ? farthest + static_cast<int64_t>(row) * size : nullptr;
    for (int column = bounds.first; column <= bounds.last; ++column) {
      const float u = u_row + u_x * column, v = v_row + v_x * column;
      const bool inside = (u >= 0) & (v >= 0) & (u + v <= 1);
      const float z = a.z + u * to_b + v * to_c;
      near_line[column] = std::min(near_line[column], inside ? z : kInfinity);
      if (kBothSides) far_line[column] = std::max(far_line[column], inside ? z : -kInfinity);
    }
  }
}

// Draws all faces. Most cover no texel of a small map: their bounds are found many at a time, and the few drawn.
template <bool kBothSides>
TFHAND_INLINE void DrawAll(const Projected& mesh, const int32_t* faces, int32_t face_count, int size, float* nearest,
                           float* farthest) {
  constexpr int kFaces = 256;
  int first[kFaces], last[kFaces], top[kFaces], bottom[kFaces];
  const float *x = mesh.x.data(), *y = mesh.y.data(), high = size - 1.0f;
  for (int32_t begin = 0; begin < face_count; begin += kFaces) {
    const int count = std::min(kFaces, face_count - begin);
    const int32_t* corners = faces + 3 * static_cast<int64_t>(begin);
    for (int i = 0; i < count; ++i) {
      const int a = corners[3 * i], b = corners[3 * i + 1], c = corners[3 * i + 2];
      const float low_x = std::min(std::min(x[a], x[b]), x[c]), high_x = std::max(std::max(x[a], x[b]), x[c]);
      const float low_y = std::min(std::min(y[a], y[b]), y[c]), high_y = std::max(std::max(y[a], y[b]), y[c]);
      // Texel i has its centre at i + 0.5; the border stays empty. Numbers are positive, so that casts round down.
      first[i] = static_cast<int>(std::min(std::max(low_x + 0.5f, 1.0f), high));
      top[i] = static_cast<int>(std::min(std::max(low_y + 0.5f, 1.0f), high));
      last[i] = static_cast<int>(std::min(std::max(high_x + 0.5f, 1.0f), high)) - 1;
      bottom[i] = static_cast<int>(std::min(std::max(high_y + 0.5f, 1.0f), high)) - 1;
    }
    for (int i = 0; i < count; ++i) {
      if (first[i] > last[i] || top[i] > bottom[i]) continue;
      const int32_t* face = corners + 3 * i;
      Draw<kBothSides>(mesh[face[0]], mesh[face[1]], mesh[face[2]], {first[i], last[i], top[i], bottom[i]}, size,
                       nearest, farthest);
    }
  }
}

// One axis of the surroundings: the radiance of both ends, and the nearest depths seen from the first with the farthest
// after them.
struct Axis {
  const float *frame, *first, *second;
  const float* depths;
  int size;
};

// Adds what comes from the end of an axis that each vertex faces to irradiance (3, V), and its visible and its whole
// cosine-weighted share. `bounced` comes from what hides the end. No branches, so that it runs in vector registers.
TFHAND_INLINE void AddAxis(const Axis& axis, const float* vertices, const float* normals, int32_t count,
                           const float* bounced, const float* centre, float extent, float weight, float lift,
                           float bias, float softness, float* irradiance, float* visible, float* total) {
  const int size = axis.size;
  const float half = tfhand::HalfSize(size), scale = tfhand::TexelsPerMm(size, extent), sharpness = 1 / softness;
  const float limit = size - 1.001f;
  const float* __restrict depths = axis.depths;
  float frame[9], middle[3], first_light[3], second_light[3], hidden_light[3];
  std::copy(axis.frame, axis.frame + 9, frame);
  std::copy(centre, centre + 3, middle);
  std::copy(axis.first, axis.first + 3, first_light);
  std::copy(axis.second, axis.second + 3, second_light);
  std::copy(bounced, bounced + 3, hidden_light);
#pragma GCC ivdep
  for (int32_t i = 0; i < count; ++i) {
    const Vector normal = Load(normals + 3 * i), lifted = Load(vertices + 3 * i) + lift * normal;
    const float forward = Dot(normal, Load(frame + 6));
    const bool first = forward < 0;
    const Vector p = tfhand::Project(lifted, frame, middle, scale, half);
    const float x = std::min(std::max(p.x - 0.5f, 0.0f), limit), y = std::min(std::max(p.y - 0.5f, 0.0f), limit);
    const int column = static_cast<int>(x), row = static_cast<int>(y);
    const int texel = row * size + column + (first ? 0 : size * size);
    const float sign = first ? 1.0f : -1.0f, u = x - column, v = y - row;
    const float a = Clamp01(1 - (sign * (p.z - depths[texel]) - bias) * sharpness);
    const float b = Clamp01(1 - (sign * (p.z - depths[texel + 1]) - bias) * sharpness);
    const float c = Clamp01(1 - (sign * (p.z - depths[texel + size]) - bias) * sharpness);
    const float d = Clamp01(1 - (sign * (p.z - depths[texel + size + 1]) - bias) * sharpness);
    const float upper = a + u * (b - a), lower = c + u * (d - c), seen = upper + v * (lower - upper);
    const float share = weight * std::fabs(forward);
    for (int k = 0; k < 3; ++k) {
      const float light = first ? first_light[k] : second_light[k];
      irradiance[k * count + i] += share * (seen * light + (1 - seen) * hidden_light[k]);
    }
    visible[i] += share * seen;
    total[i] += share;
  }
}

}  // namespace

// vertices (V, 3) and faces (F, 3), camera frame, mm: drawn into depth (size, size) as shadows.h has it.
extern "C" TFHAND_HOT void tfhand_depth_map(const float* vertices, int32_t vertex_count, const int32_t* faces,
                                            int32_t face_count, const float* frame, const float* centre,
                                            float extent, int32_t size, float* depth) {
  std::fill(depth, depth + static_cast<int64_t>(size) * size, kInfinity);
  Projected mesh(vertex_count);
  mesh.Set(vertices, frame, centre, tfhand::TexelsPerMm(size, extent), tfhand::HalfSize(size));
  DrawAll<false>(mesh, faces, face_count, size, depth, nullptr);
}

// lit (N,) of points (N, 3), camera frame, mm: see LitShares.
extern "C" TFHAND_HOT void tfhand_lit_share(const tfhand::ShadowMap* map, const float* points, int64_t count,
                                            float* lit) {
  float x[tfhand::kBlock], y[tfhand::kBlock], z[tfhand::kBlock];
  for (int64_t first = 0; first < count; first += tfhand::kBlock) {
    const int size = static_cast<int>(std::min<int64_t>(tfhand::kBlock, count - first));
    for (int i = 0; i < size; ++i) {
      const float* point = points + 3 * (first + i);
      x[i] = point[0], y[i] = point[1], z[i] = point[2];
    }
    tfhand::LitShares(*map, x, y, z, size, lit + first);
  }
}

// Sums the light of surroundings that come from the axes' two ends each, as far as vertices see them.
// vertices, normals (V, 3), camera frame, mm; frames (A, 3, 3) of views along the axes (shadows.h), whose first end is
// against forward; radiance (2 A, 3) linear RGB of the first ends, then of the others; bounced (3,) radiance of what
// hides an end. One drawing serves both ends of an axis: its nearest depths the first, its farthest the other.
// Out: irradiance (3, V), 1 for an open surface under radiance 1; openness (V,) cosine-weighted visible share.
extern "C" TFHAND_HOT void tfhand_ambient(const float* vertices, const float* normals, int32_t vertex_count,
                                          const int32_t* faces, int32_t face_count, const float* frames,
                                          int32_t axis_count, const float* radiance, const float* bounced,
                                          const float* centre, float extent, int32_t size, float lift, float bias,
                                          float softness, float* irradiance, float* openness) {
  Projected mesh(vertex_count);
  const size_t texels = static_cast<size_t>(size) * size, vertex_total = vertex_count;
  std::vector<float> depths(2 * texels), total(vertex_total, 0.0f);
  std::fill(irradiance, irradiance + 3 * vertex_total, 0.0f);
  std::fill(openness, openness + vertex_total, 0.0f);
  for (int32_t axis = 0; axis < axis_count; ++axis) {
    const float* frame = frames + 9 * axis;
    mesh.Set(vertices, frame, centre, tfhand::TexelsPerMm(size, extent), tfhand::HalfSize(size));
    std::fill(depths.begin(), depths.begin() + texels, kInfinity);
    std::fill(depths.begin() + texels, depths.end(), -kInfinity);
    DrawAll<true>(mesh, faces, face_count, size, depths.data(), depths.data() + texels);
    AddAxis({frame, radiance + 3 * axis, radiance + 3 * (axis + axis_count), depths.data(), size}, vertices, normals,
            vertex_count, bounced, centre, extent, 2.0f / axis_count, lift, bias, softness, irradiance, openness,
            total.data());
  }
  for (int32_t i = 0; i < vertex_count; ++i) openness[i] /= std::max(total[i], 1e-3f);
}
