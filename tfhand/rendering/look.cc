// What the hand's surface is like at the samples of a picture: colour, relief, gloss; skin, nails and sleeve.
//
// Values interpolated from vertices come as rows of length N, one a quantity, and results go out likewise. Lengths in
// mm, colours linear RGB. Samples are worked on in blocks that stay in the nearest cache.
#include "kernel.h"

using tfhand::Clamp01;
using tfhand::Exp;

namespace {

constexpr int kBlock = 128;
// Pores, wrinkles and fine relief fade where a pixel covers more than 1 mm of skin; creases and veins, where 2.5 mm.
constexpr float kCoarse = 1 / (2.5f * 2.5f);
// What a vein takes of red, green and blue at full strength: it looks bluish because red reaches it and is kept.
constexpr float kVeinShade[3] = {0.20f, 0.09f, 0.03f};
constexpr float kNailEdge[3] = {0.72f, 0.66f, 0.56f};
// Reflectance at normal incidence of skin (index of refraction 1.4) and of nails.
constexpr float kSkinF0 = 0.028f, kNailF0 = 0.045f;

// Laid out like _Texture in look.py; see texture.SkinTexture. Images have four channels: maps (2 rows, columns), back
// (rows, columns), noise and age (tile, tile). Texels per mm: of maps and back; of noise at scale 1 and age.
struct Texture {
  const float *maps, *back, *noise, *age;
  int32_t rows, columns, tile;
  float origin[2], per_mm, tile_per_mm;
};

// Laid out like _Skin in look.py; see skin.SkinParams and skin.skin_albedo: albedo is floor + base * exp(-(absorbed by
// melanin and blood)), where base has what the yellow pigment leaves. tile_shift: of the tiles, texels; noise_per_mm:
// texels of the noise. vein_shift: the map of veins is sheared by the first and moved by the second, mm. vein_colour:
// how strongly their colour shows. has_polish: 0 or 1. stripes: their number per mm along x and y, 0 for none.
struct Skin {
  float base[3], floor[3], per_melanin[3], per_blood[3];
  float melanin, blood, palm_lightness, mottling, crease_depth, relief, roughness, shine;
  float veins, vein_colour, hair, wrinkles, spots, nail_paleness, nail_tip_mm, has_polish;
  float polish[3], sleeve[2][3], stripes[2], tile_shift[2], noise_per_mm, vein_shift[2];
};

// Rows of N samples.
struct Input {
  const float *x, *y, *side, *redness, *pigment, *behind_tip, *footprint;
  const uint8_t* cloth;
};

struct Output {
  float *albedo[3], *slope_x, *slope_y, *roughness, *f0, *shine;
};

// An image (rows, columns, 4) that repeats, or whose border goes on for ever.
struct Image {
  const float* texels;
  int32_t rows, columns;
  bool wraps;
};

// Four channels at each of a block's points.
using Texels = float[kBlock][4];

// Looks up x, y (count,), texels, bilinearly. Places are found first, so that memory can be asked for them early.
TFHAND_INLINE void LookUp(const Image& image, const float* x, const float* y, int count, Texels& found) {
  int32_t texel[kBlock], right[kBlock], down[kBlock];
  float u[kBlock], v[kBlock];
  const int32_t rows = image.rows, columns = image.columns;
  const float wide = image.wraps ? columns : 0.0f, tall = image.wraps ? rows : 0.0f;
  const float per_column = 1.0f / columns, per_row = 1.0f / rows;
  // A repeating image's points lie below its size, whatever rounding makes of them.
  const float high_x = image.wraps ? columns * 0.9999999f : columns - 1.0f;
  const float high_y = image.wraps ? rows * 0.9999999f : rows - 1.0f;
  // At the last column and row the neighbour is the first one, or the same.
  const int32_t last_right = image.wraps ? 4 - 4 * columns : 0;
  const int32_t last_down = image.wraps ? 4 * columns - 4 * columns * rows : 0;
  for (int i = 0; i < count; ++i) {
    const float px = std::min(std::max(x[i] - std::floor(x[i] * per_column) * wide, 0.0f), high_x);
    const float py = std::min(std::max(y[i] - std::floor(y[i] * per_row) * tall, 0.0f), high_y);
    const int column = static_cast<int>(px), row = static_cast<int>(py);
    texel[i] = 4 * (row * columns + column), u[i] = px - column, v[i] = py - row;
    right[i] = column < columns - 1 ? 4 : last_right;
    down[i] = row < rows - 1 ? 4 * columns : last_down;
  }
  for (int i = 0; i < count; ++i) {
    TFHAND_PREFETCH(image.texels + texel[i]);
    TFHAND_PREFETCH(image.texels + texel[i] + down[i]);
  }
  for (int i = 0; i < count; ++i) {
    const float *a = image.texels + texel[i], *b = a + right[i], *c = a + down[i], *d = c + right[i];
    const float upper = 1 - v[i], left = 1 - u[i];
    for (int k = 0; k < 4; ++k) {
      found[i][k] = upper * (left * a[k] + u[i] * b[k]) + v[i] * (left * c[k] + u[i] * d[k]);
    }
  }
}

// Height, slopes and nails of a block: the palm's map lies above that of the back.
TFHAND_INLINE void LookUpMaps(const Texture& texture, const Input& input, int64_t first, int count, Texels& found) {
  float x[kBlock], y[kBlock];
  const float lowest = texture.rows - 1.0f;
  for (int j = 0; j < count; ++j) {
    const int64_t i = first + j;
    x[j] = (input.x[i] - texture.origin[0]) * texture.per_mm;
    y[j] = std::min(std::max((input.y[i] - texture.origin[1]) * texture.per_mm, 0.0f), lowest);
    y[j] += input.side[i] > 0 ? texture.rows : 0.0f;
  }
  LookUp({texture.maps, 2 * texture.rows, texture.columns, false}, x, y, count, found);
}

// Mottles, blush and slopes of the fine relief of a block, other ones on palm and back.
TFHAND_INLINE void LookUpNoise(const Texture& texture, const Skin& skin, const Input& input, int64_t first, int count,
                               Texels& found) {
  float x[kBlock], y[kBlock];
  for (int j = 0; j < count; ++j) {
    const int64_t i = first + j;
    const float apart = input.side[i] > 0 ? 0.37f * texture.tile : 0.0f;
    x[j] = input.x[i] * skin.noise_per_mm + skin.tile_shift[0] + apart;
    y[j] = input.y[i] * skin.noise_per_mm + skin.tile_shift[1] + apart;
  }
  LookUp({texture.noise, texture.tile, texture.tile, true}, x, y, count, found);
}

// Colour, relief and gloss of skin. Out: back (kBlock,), 1 on bare skin of the back, less towards its border. No
// branches, so that the loops run in vector registers.
TFHAND_INLINE void CoverInSkin(const Skin& skin, const Input& input, int64_t first, int count, const Texels& maps,
                               const Texels& noise, const Output& out, float* __restrict back) {
  float melanin[kBlock], blood[kBlock], kept[kBlock];
  const float *side = input.side + first, *pigment = input.pigment + first, *redness = input.redness + first,
              *footprints = input.footprint + first;
  const uint8_t* cloth = input.cloth + first;
  float *slope_x = out.slope_x + first, *slope_y = out.slope_y + first, *roughness = out.roughness + first,
        *f0 = out.f0 + first, *shine = out.shine + first;
#pragma GCC ivdep
  for (int j = 0; j < count; ++j) {
    const float nail = maps[j][3], bare = 1 - nail, footprint = footprints[j] * footprints[j];
    const float share = 1 - static_cast<float>(cloth[j]);
    const float depth = skin.crease_depth * bare * std::min(3 * std::fabs(side[j]), 1.0f) / (1 + footprint * kCoarse);
    const float groove = std::max(-maps[j][0] * depth, 0.0f);
    const float mottles = 1 + 0.07f * skin.mottling * noise[j][0], blush = 1 + 0.16f * skin.mottling * noise[j][1];
    const float contrast = 1 + skin.palm_lightness * (pigment[j] - 1);
    melanin[j] = std::max(skin.melanin * contrast * mottles * (1 - 0.55f * nail) * (1 + 0.35f * groove), 0.0f);
    blood[j] = std::max(skin.blood * blush + redness[j] + 0.5f * groove - skin.nail_paleness * nail, 0.0f);
    kept[j] = 1 - std::min(0.3f * groove, 0.6f);
    const float fine = skin.relief * bare * share / (1 + footprint);
    slope_x[j] = maps[j][1] * (depth * share) + noise[j][2] * fine;
    slope_y[j] = maps[j][2] * (depth * share) + noise[j][3] * fine;
    const float rough = skin.roughness * (1 + 0.08f * noise[j][0]) * (1 - 0.35f * nail);
    roughness[j] = std::min(std::max(rough, 0.2f), 0.9f);
    f0[j] = kSkinF0 + (kNailF0 - kSkinF0) * nail;
    shine[j] = skin.shine * share;
    back[j] = side[j] * bare * share;
  }
  for (int k = 0; k < 3; ++k) {
    float* __restrict albedo = out.albedo[k] + first;
    const float base = skin.base[k], floor = skin.floor[k];
    const float per_melanin = skin.per_melanin[k], per_blood = skin.per_blood[k];
    for (int j = 0; j < count; ++j) {
      albedo[j] = kept[j] * (floor + base * Exp(-(per_melanin * melanin[j] + per_blood * blood[j])));
    }
  }
}

// The samples of a block that lie on the back, and how much they do.
struct Chosen {
  int count;
  int64_t sample[kBlock];
  float x[kBlock], y[kBlock], share[kBlock], footprint[kBlock];
};

TFHAND_INLINE void Choose(const Input& input, int64_t first, int count, const float* back, Chosen* chosen) {
  chosen->count = 0;
  for (int j = 0; j < count; ++j) {
    const int64_t i = first + j;
    const int place = chosen->count;
    chosen->sample[place] = i, chosen->x[place] = input.x[i], chosen->y[place] = input.y[i];
    chosen->share[place] = std::min(3 * back[j], 1.0f);
    chosen->footprint[place] = input.footprint[i] * input.footprint[i];
    chosen->count += back[j] > 0;
  }
}

// Adds veins and hair.
TFHAND_INLINE void AddVeins(const Texture& texture, const Skin& skin, const Chosen& chosen, const Output& out) {
  float x[kBlock], y[kBlock];
  Texels back;
  for (int j = 0; j < chosen.count; ++j) {
    const float moved = chosen.x[j] + skin.vein_shift[0] * chosen.y[j] + skin.vein_shift[1];
    x[j] = (moved - texture.origin[0]) * texture.per_mm, y[j] = (chosen.y[j] - texture.origin[1]) * texture.per_mm;
  }
  LookUp({texture.back, texture.rows, texture.columns, false}, x, y, chosen.count, back);
  for (int j = 0; j < chosen.count; ++j) {
    const int64_t i = chosen.sample[j];
    const float relief = skin.veins * chosen.share[j] / (1 + chosen.footprint[j] * kCoarse);
    out.slope_x[i] += relief * back[j][1], out.slope_y[i] += relief * back[j][2];
    const float shown = skin.vein_colour * chosen.share[j] * back[j][0];
    const float bare = 1 - 0.75f * skin.hair * chosen.share[j] * back[j][3];
    for (int k = 0; k < 3; ++k) out.albedo[k][i] *= (1 - kVeinShade[k] * shown) * bare;
  }
}

// Adds wrinkles and spots.
TFHAND_INLINE void AddAge(const Texture& texture, const Skin& skin, const Chosen& chosen, const Output& out) {
  float x[kBlock], y[kBlock];
  Texels age;
  for (int j = 0; j < chosen.count; ++j) {
    x[j] = chosen.x[j] * texture.tile_per_mm + skin.tile_shift[0];
    y[j] = chosen.y[j] * texture.tile_per_mm + skin.tile_shift[1];
  }
  LookUp({texture.age, texture.tile, texture.tile, true}, x, y, chosen.count, age);
  for (int j = 0; j < chosen.count; ++j) {
    const int64_t i = chosen.sample[j];
    const float relief = skin.wrinkles * chosen.share[j] / (1 + chosen.footprint[j]);
    out.slope_x[i] += relief * age[j][0], out.slope_y[i] += relief * age[j][1];
    const float lit = 1 - 0.18f * skin.wrinkles * chosen.share[j] * age[j][2];
    const float spot = 0.16f * skin.spots * chosen.share[j] * age[j][3];
    for (int k = 0; k < 3; ++k) out.albedo[k][i] *= lit * (spot > 0 ? Exp(-skin.per_melanin[k] * spot) : 1.0f);
  }
}

// Gives nails polish or a pale free edge, and a dark line where they meet the skin.
TFHAND_INLINE void PaintNail(const Skin& skin, float nail, float behind_tip, int64_t i, const Output& out) {
  const float inside = Clamp01((nail - 0.5f) * 4), rim = Clamp01(1 - std::fabs(nail - 0.45f) * 3.2f);
  const float edge = 0.6f * inside * Clamp01((skin.nail_tip_mm - behind_tip) * 2 + 1);
  for (int k = 0; k < 3; ++k) {
    float& colour = out.albedo[k][i];
    if (skin.has_polish > 0) {
      colour += inside * (skin.polish[k] - colour);
    } else if (skin.nail_tip_mm > 0) {
      colour += edge * (kNailEdge[k] - colour);
    }
    colour *= 1 - 0.3f * rim;
  }
}

TFHAND_INLINE void PaintSleeve(const Skin& skin, float x, float y, int64_t i, const Output& out) {
  const float stripe = std::floor(x * skin.stripes[0] + y * skin.stripes[1]);
  const bool second = (skin.stripes[0] > 0 || skin.stripes[1] > 0) && std::fmod(stripe, 2.0f) == 0;
  for (int k = 0; k < 3; ++k) out.albedo[k][i] = skin.sleeve[second][k];
}

}  // namespace

// values (6, N): atlas x, y; side, 1 on the back and -1 on the palm; blood; melanin; distance behind the nail's tip.
// cloth (N,): 1 on the sleeve. footprint (N,): mm of skin across a pixel.
// Out (8, N): albedo r, g, b; slopes of the relief along x and y; roughness; reflectance at normal incidence; factor
// on specular light.
extern "C" TFHAND_HOT void tfhand_look(const Texture* texture, const Skin* skin, const float* values,
                                       const uint8_t* cloth, const float* footprint, int64_t count, float* look) {
  const Input input = {values, values + count, values + 2 * count, values + 3 * count, values + 4 * count,
                       values + 5 * count, footprint, cloth};
  const Output out = {{look, look + count, look + 2 * count}, look + 3 * count, look + 4 * count, look + 5 * count,
                      look + 6 * count, look + 7 * count};
  const bool veined = skin->veins > 0 || skin->hair > 0, aged = skin->wrinkles > 0 || skin->spots > 0;
  Texels maps, noise;
  float back[kBlock];
  Chosen chosen;
  for (int64_t first = 0; first < count; first += kBlock) {
    const int size = static_cast<int>(std::min<int64_t>(kBlock, count - first));
    LookUpMaps(*texture, input, first, size, maps);
    LookUpNoise(*texture, *skin, input, first, size, noise);
    CoverInSkin(*skin, input, first, size, maps, noise, out, back);
    if (veined || aged) {
      Choose(input, first, size, back, &chosen);
      if (veined) AddVeins(*texture, *skin, chosen, out);
      if (aged) AddAge(*texture, *skin, chosen, out);
    }
    for (int j = 0; j < size; ++j) {
      const int64_t i = first + j;
      if (maps[j][3] > 0) PaintNail(*skin, maps[j][3], input.behind_tip[i], i, out);
      if (cloth[i]) PaintSleeve(*skin, input.x[i], input.y[i], i, out);
    }
  }
}
