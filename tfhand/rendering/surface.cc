// What a surface is like at its vertices and at the samples of a picture: normals, gradients, attributes.
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
