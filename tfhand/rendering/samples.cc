// Which points of a picture are shaded, where on the mesh they lie, and how their colours become pixels.
#include "kernel.h"

namespace {

enum Kind : uint8_t { kEmpty = 0, kInner = 1, kEdge = 2 };

// A linear function of rays, as in visibility.cc.
TFHAND_INLINE float At(const float* plane, float x, float y) { return plane[0] * x + plane[1] * y + plane[2]; }

}  // namespace

// Sorts pixels, from what tfhand_visibility found: all four fine points on surfaces less than edge_mm apart in depth,
// and the centre too: one sample; some of them, or farther apart: an edge; none.
// Out (height, width): kinds; coverage of the mesh and of its first hand_faces faces, in quarters; depth of these at
// pixel centres, mm, 0 for none. counts: pixels of one sample, samples in pixels with an edge.
extern "C" TFHAND_HOT void tfhand_sort_pixels(const int32_t* centre_ids, const float* centre_inverse,
                                              const int32_t* fine_ids, const float* fine_inverse, int32_t width,
                                              int32_t height, int32_t hand_faces, float edge_mm, uint8_t* kinds,
                                              float* coverage, float* hand_coverage, float* hand_depth,
                                              int32_t* counts) {
  int32_t inner = 0, edge = 0;
  for (int64_t row = 0; row < height; ++row) {
    for (int64_t column = 0; column < width; ++column) {
      const int64_t pixel = row * width + column, corner = 4 * row * width + 2 * column;
      const int64_t quad[4] = {corner, corner + 1, corner + 2 * width, corner + 2 * width + 1};
      kinds[pixel] = kEmpty;
      coverage[pixel] = hand_coverage[pixel] = hand_depth[pixel] = 0;
      // -1 has all bits set, no face's number has the sign's.
      const int32_t fine = fine_ids[quad[0]] & fine_ids[quad[1]] & fine_ids[quad[2]] & fine_ids[quad[3]];
      if ((fine & centre_ids[pixel]) < 0) continue;
      int covered = 0, hand = 0;
      for (const int64_t i : quad) {
        covered += fine_ids[i] >= 0;
        hand += static_cast<uint32_t>(fine_ids[i]) < static_cast<uint32_t>(hand_faces);
      }
      coverage[pixel] = 0.25f * covered;
      hand_coverage[pixel] = 0.25f * hand;
      const bool on_hand = static_cast<uint32_t>(centre_ids[pixel]) < static_cast<uint32_t>(hand_faces);
      hand_depth[pixel] = on_hand ? 1 / centre_inverse[pixel] : 0.0f;
      if (covered == 0) continue;
      kinds[pixel] = kEdge;
      if (covered == 4 && centre_ids[pixel] >= 0) {
        float nearest = fine_inverse[corner], farthest = nearest;
        for (const int64_t i : quad) {
          nearest = std::max(nearest, fine_inverse[i]), farthest = std::min(farthest, fine_inverse[i]);
        }
        if (1 / farthest - 1 / nearest < edge_mm) kinds[pixel] = kInner;
      }
      kinds[pixel] == kInner ? inner += 1 : edge += covered;
    }
  }
  counts[0] = inner, counts[1] = edge;
}

// Lists the samples, those of pixels with one sample first: face, weights of its corners (sum 1), point in the camera
// frame, mm, and flat index of the pixel. planes, centre_ids, fine_ids, kinds: as found before.
extern "C" void tfhand_list_samples(const uint8_t* kinds, const int32_t* centre_ids, const int32_t* fine_ids,
                                    int32_t width, int32_t height, int32_t inner_count, const float* planes,
                                    const float* intrinsics, int32_t* face_ids, float* barycentric, float* points,
                                    int32_t* pixels) {
  int64_t inner = 0, edge = inner_count;
  const auto list = [&](int64_t place, int32_t face, float u, float v, int32_t pixel) {
    const float* plane = planes + 12 * static_cast<int64_t>(face);
    const float x = (u - intrinsics[2]) / intrinsics[0], y = (v - intrinsics[3]) / intrinsics[1];
    const float a = At(plane, x, y), b = At(plane + 3, x, y), c = At(plane + 6, x, y);
    const float share = 1 / std::max(a + b + c, 1e-30f), depth = 1 / At(plane + 9, x, y);
    face_ids[place] = face;
    tfhand::Store({a * share, b * share, c * share}, barycentric + 3 * place);
    tfhand::Store({x * depth, y * depth, depth}, points + 3 * place);
    pixels[place] = pixel;
  };
  for (int32_t row = 0; row < height; ++row) {
    for (int32_t column = 0; column < width; ++column) {
      const int32_t pixel = row * width + column;
      if (kinds[pixel] == kInner) list(inner++, centre_ids[pixel], column + 0.5f, row + 0.5f, pixel);
      if (kinds[pixel] != kEdge) continue;
      for (int i = 0; i < 4; ++i) {
        const int32_t fine_row = 2 * row + i / 2, fine_column = 2 * column + i % 2;
        const int32_t face = fine_ids[static_cast<int64_t>(fine_row) * 2 * width + fine_column];
        if (face >= 0) list(edge++, face, 0.5f * fine_column + 0.25f, 0.5f * fine_row + 0.25f, pixel);
      }
    }
  }
}

// Averages colours (N, 3) of samples into a picture (pixels, 3), which must be zero before: the first inner_count
// samples fill their pixel, the others a quarter of it.
extern "C" void tfhand_resolve(const float* colours, const int32_t* pixels, int32_t count, int32_t inner_count,
                               float* picture) {
  for (int32_t i = 0; i < count; ++i) {
    const float share = i < inner_count ? 1.0f : 0.25f;
    float* to = picture + 3 * static_cast<int64_t>(pixels[i]);
    for (int k = 0; k < 3; ++k) to[k] += share * colours[3 * static_cast<int64_t>(i) + k];
  }
}
