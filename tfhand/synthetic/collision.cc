// Balls within a hand's skin and the overlaps between them; see collision.py.
#include "../rendering/kernel.h"

// Centres (balls, 3) and radii (balls,), mm, of balls tied to `ties` vertices each: affine combinations of these by
// the weights affine (balls, ties), and `swell` (balls,) times their mean distance. vertices (V, 3), mm; tied (balls,
// ties) indices.
extern "C" void tfhand_balls(const float* vertices, const int32_t* tied, const double* affine, const double* swell,
                             int32_t balls, int32_t ties, double* centres, double* radii) {
  for (int32_t ball = 0; ball < balls; ++ball) {
    const int32_t* own = tied + static_cast<int64_t>(ball) * ties;
    const double* weights = affine + static_cast<int64_t>(ball) * ties;
    double centre[3] = {0, 0, 0}, sum = 0;
    for (int32_t i = 0; i < ties; ++i) {
      for (int k = 0; k < 3; ++k) centre[k] += weights[i] * vertices[3 * own[i] + k];
    }
    for (int32_t i = 0; i < ties; ++i) {
      double square = 0;
      for (int k = 0; k < 3; ++k) {
        const double offset = vertices[3 * own[i] + k] - centre[k];
        square += offset * offset;
      }
      sum += std::sqrt(square);
    }
    std::copy(centre, centre + 3, centres + 3 * ball);
    radii[ball] = swell[ball] * sum / ties;
  }
}

// Of pairs (count, 2) of balls those that overlap by more than `above`, mm, in their order.
// Out, with room for all pairs: their indices, overlaps, and unit vectors (N, 3) from the first ball's centre to the
// second's; number: how many.
extern "C" void tfhand_contacts(const double* centres, const double* radii, const int32_t* pairs, int32_t count,
                                double above, int32_t* indices, double* depths, double* directions, int32_t* number) {
  int32_t found = 0;
  for (int32_t pair = 0; pair < count; ++pair) {
    const int32_t one = pairs[2 * pair], other = pairs[2 * pair + 1];
    const double *from = centres + 3 * one, *to = centres + 3 * other;
    const double x = to[0] - from[0], y = to[1] - from[1], z = to[2] - from[2];
    const double square = x * x + y * y + z * z, reach = radii[one] + radii[other] - above;
    if (!(reach > 0 && square < reach * reach)) continue;
    const double length = std::sqrt(square), shorten = 1 / std::max(length, 1e-6);
    indices[found] = pair, depths[found] = reach + above - length;
    double* direction = directions + 3 * found;
    direction[0] = x * shorten, direction[1] = y * shorten, direction[2] = z * shorten;
    ++found;
  }
  *number = found;
}
