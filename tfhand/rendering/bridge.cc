// A plain C door to the rasteriser of tensorflow-graphics, so that it runs on NumPy arrays without TensorFlow.
//
// Compiled together with rasterize_triangles_impl.cc from the installed tensorflow-graphics wheel.
// Besides calling it, this clears the buffers before and turns its results into ours after: -1 where no
// triangle is, and depth in the units of `depths` instead of the kernel's normalised z.
#include <algorithm>
#include <cstdint>

#include "rasterize_triangles_impl.h"

extern "C" void tfhand_rasterize(const float* clip_vertices, const float* depths,
                                 const int32_t* triangles, int32_t triangle_count,
                                 int32_t width, int32_t height, int32_t* face_ids,
                                 float* barycentric, float* depth) {
  const int64_t pixels = static_cast<int64_t>(width) * height;
  std::fill(face_ids, face_ids + pixels, 0);
  std::fill(barycentric, barycentric + 3 * pixels, 0.0f);
  std::fill(depth, depth + pixels, 1.0f);
  RasterizeTrianglesImpl(clip_vertices, triangles, triangle_count, width, height, 1,
                         FaceCullingMode::kNone, face_ids, depth, barycentric);
  for (int64_t i = 0; i < pixels; ++i) {
    if (depth[i] == 1.0f) {
      face_ids[i] = -1;
      depth[i] = 0.0f;
      continue;
    }
    const int32_t* corner = triangles + 3 * face_ids[i];
    const float* weight = barycentric + 3 * i;
    depth[i] = weight[0] * depths[corner[0]] + weight[1] * depths[corner[1]] +
               weight[2] * depths[corner[2]];
  }
}
