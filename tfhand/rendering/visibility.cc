// Which face of a mesh each sample of a picture sees: at pixel centres and at two by two points in every pixel.
//
// Homogeneous rasterisation (Olano and Greer, "Triangle scan conversion using 2D homogeneous coordinates", 1997):
// for a ray (x, y, 1) from the camera, edge i of the triangle a, b, c is the plane (b x c), (c x a), (a x b) through
// the camera, and its value at the ray, over the determinant a . (b x c), is the weight of the opposite corner over
// the depth. So triangles that reach behind the camera need no clipping, and 1 / depth is the weights' sum. Planes
// are found in double precision; two triangles at an edge get planes that are exact negatives of each other, and
// edges count as inside, so no crack opens between them.
#include <limits>
#include <vector>

#include "kernel.h"

namespace {

// A linear function of rays: value = x * ray.x + y * ray.y + c.
struct Plane {
  float x, y, c;
};

// Corner weights over the depth times a positive constant, and 1 / depth, as functions of the ray.
struct FacePlanes {
  Plane corner[3];
  Plane inverse_depth;
};

struct Bounds {
  float low_u, low_v, high_u, high_v;

  void Add(float u, float v) {
    low_u = std::min(low_u, u), high_u = std::max(high_u, u);
    low_v = std::min(low_v, v), high_v = std::max(high_v, v);
  }
};

struct Camera {
  float fx, fy, u0, v0;
};

// A grid of samples, `scale` a pixel each way, with the rays' x of its columns and y of its rows.
struct Grid {
  int width, height, scale;
  std::vector<float> x, y;
  int32_t* face_ids;
  float* inverse_depth;

  Grid(const Camera& camera, int width, int height, int scale, int32_t* face_ids, float* inverse_depth)
      : width(scale * width), height(scale * height), scale(scale), x(scale * width), y(scale * height),
        face_ids(face_ids), inverse_depth(inverse_depth) {
    for (int i = 0; i < this->width; ++i) x[i] = ((i + 0.5f) / scale - camera.u0) / camera.fx;
    for (int i = 0; i < this->height; ++i) y[i] = ((i + 0.5f) / scale - camera.v0) / camera.fy;
    const int64_t count = static_cast<int64_t>(this->width) * this->height;
    std::fill(face_ids, face_ids + count, -1);
    std::fill(inverse_depth, inverse_depth + count, 0.0f);
  }
};

// Returns false for triangles of no volume with the camera, which cover nothing.
bool FindPlanes(const float* a, const float* b, const float* c, FacePlanes* planes) {
  const double corners[3][3] = {{a[0], a[1], a[2]}, {b[0], b[1], b[2]}, {c[0], c[1], c[2]}};
  double normals[3][3];
  for (int i = 0; i < 3; ++i) {
    const double *p = corners[(i + 1) % 3], *q = corners[(i + 2) % 3];
    for (int k = 0; k < 3; ++k) {
      const int m = (k + 1) % 3, n = (k + 2) % 3;
      normals[i][k] = p[m] * q[n] - p[n] * q[m];
    }
  }
  const double* first = normals[0];
  const double determinant = corners[0][0] * first[0] + corners[0][1] * first[1] + corners[0][2] * first[2];
  if (!(std::fabs(determinant) > 1e-6)) return false;
  const double sign = determinant > 0 ? 1 : -1, inverse = 1 / determinant;
  double sum[3];
  for (int k = 0; k < 3; ++k) sum[k] = (normals[0][k] + normals[1][k] + normals[2][k]) * inverse;
  for (int i = 0; i < 3; ++i) {
    planes->corner[i] = {static_cast<float>(sign * normals[i][0]), static_cast<float>(sign * normals[i][1]),
                         static_cast<float>(sign * normals[i][2])};
  }
  planes->inverse_depth = {static_cast<float>(sum[0]), static_cast<float>(sum[1]), static_cast<float>(sum[2])};
  return true;
}

// Returns the pixels that the part of a triangle behind the near plane may touch.
Bounds FindBounds(const float* const corners[3], const Camera& camera, float near_mm) {
  const float infinity = std::numeric_limits<float>::infinity();
  Bounds bounds = {infinity, infinity, -infinity, -infinity};
  const auto add = [&](float x, float y, float z) {
    bounds.Add(camera.fx * x / z + camera.u0, camera.fy * y / z + camera.v0);
  };
  for (int i = 0; i < 3; ++i) {
    const float *p = corners[i], *q = corners[(i + 1) % 3];
    if (p[2] >= near_mm) add(p[0], p[1], p[2]);
    if ((p[2] >= near_mm) != (q[2] >= near_mm)) {
      const float t = (near_mm - p[2]) / (q[2] - p[2]);
      add(p[0] + t * (q[0] - p[0]), p[1] + t * (q[1] - p[1]), near_mm);
    }
  }
  return bounds;
}

TFHAND_INLINE int Bounded(float value, int high) {
  return static_cast<int>(std::min(std::max(value, 0.0f), static_cast<float>(high)));
}

// Draws one face into a grid. The loop over columns has no branches, so that it runs in vector registers.
TFHAND_INLINE void Draw(const FacePlanes& planes, int32_t id, const Bounds& bounds, float nearest, const Grid& grid) {
  // Sample i lies at i + 0.5; the bounds' rounding must not lose one at the border.
  constexpr float kBefore = 0.51f, kAfter = 0.49f;
  const int first = Bounded(std::ceil(bounds.low_u * grid.scale - kBefore), grid.width);
  const int last = Bounded(std::floor(bounds.high_u * grid.scale - kAfter) + 1, grid.width);
  const int top = Bounded(std::ceil(bounds.low_v * grid.scale - kBefore), grid.height);
  const int bottom = Bounded(std::floor(bounds.high_v * grid.scale - kAfter) + 1, grid.height);
  const Plane a = planes.corner[0], b = planes.corner[1], c = planes.corner[2], w = planes.inverse_depth;
  const float* __restrict x = grid.x.data();
  for (int row = top; row < bottom; ++row) {
    const float y = grid.y[row];
    const float in_a = a.y * y + a.c, in_b = b.y * y + b.c, in_c = c.y * y + c.c, in_w = w.y * y + w.c;
    const int64_t start = static_cast<int64_t>(row) * grid.width;
    int32_t* __restrict ids = grid.face_ids + start;
    float* __restrict seen = grid.inverse_depth + start;
    for (int i = first; i < last; ++i) {
      const float inverse = w.x * x[i] + in_w;
      const bool hit = (a.x * x[i] + in_a >= 0) & (b.x * x[i] + in_b >= 0) & (c.x * x[i] + in_c >= 0) &
                       (inverse > seen[i]) & (inverse <= nearest);
      seen[i] = hit ? inverse : seen[i];
      ids[i] = hit ? id : ids[i];
    }
  }
}

}  // namespace

// vertices (V, 3) camera frame (x right, y down, z forward), mm; faces (F, 3); intrinsics fx, fy, u0, v0 in pixels.
// Out, for pixel centres (height, width) and for the points at quarters and three quarters of pixels (2 height,
// 2 width): the nearest face, -1 for none, and 1 / depth, 1/mm, 0 for none. planes (F, 12): see FacePlanes.
extern "C" TFHAND_HOT void tfhand_visibility(const float* vertices, const int32_t* faces, int32_t face_count,
                                             const float* intrinsics, int32_t width, int32_t height, float near_mm,
                                             float* planes, int32_t* centre_ids, float* centre_inverse,
                                             int32_t* fine_ids, float* fine_inverse) {
  const Camera camera = {intrinsics[0], intrinsics[1], intrinsics[2], intrinsics[3]};
  const Grid centres(camera, width, height, 1, centre_ids, centre_inverse);
  const Grid fine(camera, width, height, 2, fine_ids, fine_inverse);
  FacePlanes* found = reinterpret_cast<FacePlanes*>(planes);
  for (int32_t id = 0; id < face_count; ++id) {
    const float* const corners[3] = {vertices + 3 * faces[3 * id], vertices + 3 * faces[3 * id + 1],
                                     vertices + 3 * faces[3 * id + 2]};
    const Bounds bounds = FindBounds(corners, camera, near_mm);
    if (!(bounds.high_u > 0 && bounds.high_v > 0 && bounds.low_u < width && bounds.low_v < height)) continue;
    if (!FindPlanes(corners[0], corners[1], corners[2], &found[id])) continue;
    Draw(found[id], id, bounds, 1 / near_mm, centres);
    Draw(found[id], id, bounds, 1 / near_mm, fine);
  }
}
