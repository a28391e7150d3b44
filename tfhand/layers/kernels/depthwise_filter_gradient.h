// Gradient of the filters of a depthwise convolution of pictures (B, H, W, C), for CPUs.
//
// Sixteen channels at a time: their places are copied together, with the padding around them, and the size * size
// sums stay in vector registers while all places of a picture go by.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

#include "tensorflow/core/framework/op.h"
#include "tensorflow/core/framework/op_kernel.h"
#include "tensorflow/core/framework/shape_inference.h"

namespace tfhand {
namespace {

constexpr int kLanes = 16;
using Lanes = float __attribute__((vector_size(kLanes * sizeof(float))));

Lanes Load(const float* from) {
  Lanes value;
  std::memcpy(&value, from, sizeof(value));
  return value;
}

// Copies `lanes` of `channels` channels of `places` places to rows of kLanes.
void Pack(const float* from, int64_t places, int64_t channels, int lanes, float* to) {
  if (lanes == kLanes) {  // a size that the compiler knows
    for (int64_t k = 0; k < places; ++k, from += channels, to += kLanes) std::memcpy(to, from, sizeof(Lanes));
  } else {
    for (int64_t k = 0; k < places; ++k, from += channels, to += kLanes) std::copy(from, from + lanes, to);
  }
}

// Adds one picture's share to the sums (size, size, kLanes); `image` is padded, `columns` places a row.
template <int size>
void Add(const float* image, const float* slopes, int out_rows, int out_columns, int columns, int stride, float* sums) {
  Lanes totals[size * size];
  for (int k = 0; k < size * size; ++k) totals[k] = Load(sums + k * kLanes);
  for (int row = 0; row < out_rows; ++row) {
    const float* corner = image + static_cast<int64_t>(row) * stride * columns * kLanes;
    for (int column = 0; column < out_columns; ++column, slopes += kLanes, corner += stride * kLanes) {
      const Lanes slope = Load(slopes);
#pragma GCC unroll 5
      for (int i = 0; i < size; ++i) {
#pragma GCC unroll 5
        for (int j = 0; j < size; ++j) totals[i * size + j] += Load(corner + (i * columns + j) * kLanes) * slope;
      }
    }
  }
  for (int k = 0; k < size * size; ++k) std::memcpy(sums + k * kLanes, &totals[k], sizeof(Lanes));
}

using tensorflow::errors::InvalidArgument;
using tensorflow::shape_inference::DimensionHandle;
using tensorflow::shape_inference::InferenceContext;

REGISTER_OP("TfhandDepthwiseFilterGradient")
    .Input("images: float")
    .Input("slopes: float")
    .Output("gradient: float")
    .Attr("size: int")
    .Attr("stride: int >= 1")
    .Attr("before: list(int) >= 2")
    .SetShapeFn([](InferenceContext* context) {
      tensorflow::shape_inference::ShapeHandle images;
      TF_RETURN_IF_ERROR(context->WithRank(context->input(0), 4, &images));
      int size;
      TF_RETURN_IF_ERROR(context->GetAttr("size", &size));
      const DimensionHandle side = context->MakeDim(size);
      context->set_output(0, context->MakeShape({side, side, context->Dim(images, 3), context->MakeDim(1)}));
      return absl::OkStatus();
    });

class DepthwiseFilterGradient : public tensorflow::OpKernel {
 public:
  explicit DepthwiseFilterGradient(tensorflow::OpKernelConstruction* context) : OpKernel(context) {
    OP_REQUIRES_OK(context, context->GetAttr("size", &size_));
    OP_REQUIRES_OK(context, context->GetAttr("stride", &stride_));
    OP_REQUIRES_OK(context, context->GetAttr("before", &before_));
    OP_REQUIRES(context, (size_ == 3 || size_ == 5) && before_[0] >= 0 && before_[1] >= 0,
                InvalidArgument("expected size 3 or 5 and before >= 0, got ", size_, ", ", before_[0], ", ", before_[1]));
  }

  void Compute(tensorflow::OpKernelContext* context) override {
    const tensorflow::Tensor &images = context->input(0), &slopes = context->input(1);
    OP_REQUIRES(context, images.dims() == 4 && slopes.dims() == 4 && images.dim_size(0) == slopes.dim_size(0) &&
                             images.dim_size(3) == slopes.dim_size(3),
                InvalidArgument("expected images and slopes (B, H, W, C) of equal B and C, got ",
                                images.shape().DebugString(), " and ", slopes.shape().DebugString()));
    tensorflow::Tensor* gradient = nullptr;
    const int64_t channels = images.dim_size(3);
    OP_REQUIRES_OK(context, context->allocate_output(0, {size_, size_, channels, 1}, &gradient));
    float* result = gradient->flat<float>().data();
    auto work = [&](int64_t first, int64_t last) {
      for (int64_t block = first; block < last; ++block) Block(images, slopes, block * kLanes, result);
    };
    const int64_t cost = slopes.dim_size(0) * slopes.dim_size(1) * slopes.dim_size(2) * size_ * size_;
    auto* pool = context->device()->tensorflow_cpu_worker_threads()->workers;
    pool->ParallelFor((channels + kLanes - 1) / kLanes, cost, work);
  }

 private:
  // The channels from `first` on, for all pictures.
  void Block(const tensorflow::Tensor& images, const tensorflow::Tensor& slopes, int64_t first, float* result) const {
    const int64_t height = images.dim_size(1), width = images.dim_size(2), channels = images.dim_size(3);
    const int out_rows = slopes.dim_size(1), out_columns = slopes.dim_size(2);
    const int64_t rows = int64_t{out_rows - 1} * stride_ + size_, columns = int64_t{out_columns - 1} * stride_ + size_;
    const int64_t used_rows = std::min(height, rows - before_[0]), used_columns = std::min(width, columns - before_[1]);
    const int lanes = std::min<int64_t>(kLanes, channels - first);
    std::vector<float> padded(rows * columns * kLanes), packed(int64_t{out_rows} * out_columns * kLanes);
    std::vector<float> sums(size_ * size_ * kLanes);
    const float* image = images.flat<float>().data() + first;
    const float* slope = slopes.flat<float>().data() + first;
    const int64_t places = int64_t{out_rows} * out_columns;
    for (int64_t k = 0; k < images.dim_size(0); ++k) {
      for (int64_t row = 0; row < used_rows; ++row) {
        float* to = padded.data() + ((row + before_[0]) * columns + before_[1]) * kLanes;
        Pack(image + row * width * channels, used_columns, channels, lanes, to);
      }
      Pack(slope, places, channels, lanes, packed.data());
      (size_ == 5 ? Add<5> : Add<3>)(padded.data(), packed.data(), out_rows, out_columns, columns, stride_, sums.data());
      image += height * width * channels;
      slope += places * channels;
    }
    for (int tap = 0; tap < size_ * size_; ++tap) {
      std::copy_n(sums.data() + tap * kLanes, lanes, result + tap * channels + first);
    }
  }

  int size_, stride_;
  std::vector<int> before_;
};

REGISTER_KERNEL_BUILDER(Name("TfhandDepthwiseFilterGradient").Device(tensorflow::DEVICE_CPU), DepthwiseFilterGradient);

}  // namespace
}  // namespace tfhand
