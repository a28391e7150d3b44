// What a surface is like at its vertices and at the samples of a picture: normals, gradients, attributes, textures.
//
// Camera frame (x right, y down, z forward), mm. What is interpolated at samples comes as rows of length N, one a
// quantity, so that NumPy and loops here run along them.
#include <vector>

#include "kernel.h"

using tfhand::Cross;
using tfhand::Dot;
using tfhand::Load;
using tfhand::Store;
using tfhand::Unit;
using tfhand::Vector;

// Area-weighted unit normals (V, 3) and gradients (V, 6) of two coordinates atlas (V, 2) over the surface (their x, y,
// z for the first, then for the second; clipped to -2..2), from vertices (V, 3), mm, and faces (F, 3).
extern "C" void tfhand_frames(const float* vertices, const float* atlas, int32_t vertex_count, const int32_t* faces,
                              int32_t face_count, float* normals, float* tangents) {
  std::vector<float> area(vertex_count, 0.0f);
  std::fill(normals, normals + 3 * static_cast<int64_t>(vertex_count), 0.0f);
  std::fill(tangents, tangents + 6 * static_cast<int64_t>(vertex_count), 0.0f);
  for (int32_t i = 0; i < face_count; ++i) {
    const int32_t* face = faces + 3 * i;
    const float *first = atlas + 2 * face[0], *second = atlas + 2 * face[1], *third = atlas + 2 * face[2];
    const Vector a = Load(vertices + 3 * face[0]);
    const Vector to_b = Load(vertices + 3 * face[1]) - a, to_c = Load(vertices + 3 * face[2]) - a;
    const Vector cross = Cross(to_b, to_c);
    const float size = std::sqrt(Dot(cross, cross) + 1e-6f);
    // grad u = (du_b (to_c x n) + du_c (n x to_b)) / |n|^2 with n = to_b x to_c, weighted by |n|.
    const Vector dual_b = (1 / size) * Cross(to_c, cross), dual_c = (1 / size) * Cross(cross, to_b);
    const Vector x = (second[0] - first[0]) * dual_b + (third[0] - first[0]) * dual_c;
    const Vector y = (second[1] - first[1]) * dual_b + (third[1] - first[1]) * dual_c;
    for (int k = 0; k < 3; ++k) {
      float *normal = normals + 3 * face[k], *tangent = tangents + 6 * face[k];
      Store(Load(normal) + cross, normal);
      Store(Load(tangent) + x, tangent);
      Store(Load(tangent + 3) + y, tangent + 3);
      area[face[k]] += size;
    }
  }
  for (int32_t i = 0; i < vertex_count; ++i) {
    float* normal = normals + 3 * i;
    const Vector sum = Load(normal);
    Store((1 / std::max(std::sqrt(Dot(sum, sum)), 1e-6f)) * sum, normal);
    for (int k = 0; k < 6; ++k) {
      float& value = tangents[6 * i + k];
      value = std::min(std::max(value / area[i], -2.0f), 2.0f);
    }
  }
}

// Interpolates vertex attributes (V, channels) at samples: their faces, (N,), and weights of the corners, (N, 3).
// The first three channels are a normal: made unit, and turned to the camera where it points well away.
// points (N, 3) camera frame. Out: values (channels, N); footprint (N,), mm of surface across a pixel of focal length
// `focal` pixels.
extern "C" TFHAND_HOT void tfhand_surface_at(const float* attributes, int32_t channels, const int32_t* faces,
                                             const int32_t* face_ids, const float* barycentric, const float* points,
                                             int64_t count, float focal, float* values, float* footprint) {
  for (int64_t i = 0; i < count; ++i) {
    const int32_t* corner = faces + 3 * static_cast<int64_t>(face_ids[i]);
    const float* weight = barycentric + 3 * i;
    const float *a = attributes + static_cast<int64_t>(corner[0]) * channels,
                *b = attributes + static_cast<int64_t>(corner[1]) * channels,
                *c = attributes + static_cast<int64_t>(corner[2]) * channels;
    const auto value = [&](int k) { return weight[0] * a[k] + weight[1] * b[k] + weight[2] * c[k]; };
    for (int k = 3; k < channels; ++k) values[k * count + i] = value(k);
    Vector normal = Unit({value(0), value(1), value(2)});
    const Vector view = Unit(-1 * Load(points + 3 * i));
    if (Dot(normal, view) < -0.2f) normal = -1 * normal;
    values[i] = normal.x, values[count + i] = normal.y, values[2 * count + i] = normal.z;
    footprint[i] = points[3 * i + 2] / (focal * std::max(Dot(normal, view), 0.12f));
  }
}

// An image (rows, columns, 4) at points x, y (N,) in texels, bilinearly: out (4, N). wraps: it repeats; otherwise its
// border goes on for ever. Places are found for a block of points first, so that memory can be asked for them early.
extern "C" TFHAND_HOT void tfhand_texture_at(const float* image, int32_t rows, int32_t columns, const float* x,
                                             const float* y, int64_t count, int32_t wraps, float* out) {
  constexpr int kBlock = 128;
  int32_t texel[kBlock], right[kBlock], down[kBlock];
  float u[kBlock], v[kBlock];
  const float wide = wraps ? columns : 0.0f, tall = wraps ? rows : 0.0f;
  const float per_column = 1.0f / columns, per_row = 1.0f / rows;
  // A repeating image's points lie below its size, whatever rounding makes of them.
  const float high_x = wraps ? columns * 0.9999999f : columns - 1.0f, high_y = wraps ? rows * 0.9999999f : rows - 1.0f;
  for (int64_t begin = 0; begin < count; begin += kBlock) {
    const int size = static_cast<int>(std::min<int64_t>(kBlock, count - begin));
    for (int i = 0; i < size; ++i) {
      float px = x[begin + i], py = y[begin + i];
      px = std::min(std::max(px - std::floor(px * per_column) * wide, 0.0f), high_x);
      py = std::min(std::max(py - std::floor(py * per_row) * tall, 0.0f), high_y);
      const int column = static_cast<int>(px), row = static_cast<int>(py);
      texel[i] = 4 * (row * columns + column), u[i] = px - column, v[i] = py - row;
      // At the last column and row the neighbour is the first one, or the same.
      right[i] = column < columns - 1 ? 4 : (wraps ? 4 - 4 * columns : 0);
      down[i] = row < rows - 1 ? 4 * columns : (wraps ? 4 * columns - 4 * columns * rows : 0);
    }
    for (int i = 0; i < size; ++i) {
      TFHAND_PREFETCH(image + texel[i]);
      TFHAND_PREFETCH(image + texel[i] + down[i]);
    }
    for (int i = 0; i < size; ++i) {
      const float *a = image + texel[i], *b = a + right[i], *c = a + down[i], *d = c + right[i];
      const float upper = 1 - v[i], left = 1 - u[i];
      for (int k = 0; k < 4; ++k) {
        out[k * count + begin + i] = upper * (left * a[k] + u[i] * b[k]) + v[i] * (left * c[k] + u[i] * d[k]);
      }
    }
  }
}
