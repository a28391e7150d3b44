// A camera's work on every pixel: the hand before its background, and from light to the values of a file.
//
// Pictures are (rows, columns, 3); light is linear RGB, 1 for white.
#include <vector>

#include "kernel.h"

// light = background's light, from its 8-bit values by `table` (256,), where the hand leaves it free (alpha, one a
// pixel), and `exposure` times the hand's rgb, premultiplied.
extern "C" TFHAND_HOT void tfhand_compose(const uint8_t* background, const float* table, const float* alpha,
                                          const float* rgb, float exposure, int64_t pixels, float* light) {
  for (int64_t i = 0; i < pixels; ++i) {
    const float free = 1 - alpha[i];
    for (int k = 0; k < 3; ++k) light[3 * i + k] = table[background[3 * i + k]] * free + exposure * rgb[3 * i + k];
  }
}

// White balance `gains` (3,) with `vignetting` (loss at the middle of the borders is half of it, in the corners all),
// `saturation` about the luminance, noise of deviation read_noise + shot_noise * sqrt(light), and the tone curve:
// `tones` (levels,) of light 0..brightest. noise: unit deviation, noise_stride numbers a row.
extern "C" TFHAND_HOT void tfhand_expose(const float* light, int32_t rows, int32_t columns, const float* gains,
                                         float vignetting, float saturation, const float* noise, int64_t noise_stride,
                                         float read_noise, float shot_noise, const uint8_t* tones, int32_t levels,
                                         float brightest, uint8_t* image) {
  const float scale = (levels - 1) / brightest, highest = levels - 1.0f;
  const int count = 3 * columns;
  std::vector<float> clean(count);
  std::vector<int32_t> level(count);
  for (int32_t row = 0; row < rows; ++row) {
    const float* line = light + static_cast<int64_t>(row) * count;
    const float* grain = noise + row * noise_stride;
    const float y = 2.0f * row / std::max(rows - 1, 1) - 1, step = 2.0f / std::max(columns - 1, 1);
    for (int32_t column = 0; column < columns; ++column) {
      const float x = step * column - 1, falloff = 1 - 0.5f * vignetting * (x * x + y * y);
      const float red = line[3 * column] * falloff * gains[0], green = line[3 * column + 1] * falloff * gains[1],
                  blue = line[3 * column + 2] * falloff * gains[2];
      const float grey = 0.2126f * red + 0.7152f * green + 0.0722f * blue;
      clean[3 * column] = grey + saturation * (red - grey);
      clean[3 * column + 1] = grey + saturation * (green - grey);
      clean[3 * column + 2] = grey + saturation * (blue - grey);
    }
    for (int i = 0; i < count; ++i) {
      const float value = std::max(clean[i], 0.0f);
      const float noisy = value + grain[i] * (read_noise + shot_noise * std::sqrt(value));
      level[i] = static_cast<int32_t>(std::min(std::max(noisy * scale, 0.0f), highest));
    }
    uint8_t* out = image + static_cast<int64_t>(row) * count;
    for (int i = 0; i < count; ++i) out[i] = tones[level[i]];
  }
}
