// float32 to bfloat16 and back, for CPUs: TensorFlow's own casts are compiled for processors without wide registers.
#pragma once

#include <cstdint>
#include <cstring>

#include "tensorflow/core/framework/common_shape_fns.h"
#include "tensorflow/core/framework/op.h"
#include "tensorflow/core/framework/op_kernel.h"
#include "tensorflow/core/framework/shape_inference.h"

namespace tfhand {
namespace {

// Rounds to the nearest, ties to even; NaN stays NaN.
void Narrow(const float* from, int64_t count, uint16_t* to) {
  for (int64_t k = 0; k < count; ++k) {
    uint32_t bits;
    std::memcpy(&bits, from + k, sizeof(bits));
    const uint32_t rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
    to[k] = (bits & 0x7fffffff) > 0x7f800000 ? (bits >> 16) | 0x40 : rounded;
  }
}

void Widen(const uint16_t* from, int64_t count, float* to) {
  for (int64_t k = 0; k < count; ++k) {
    const uint32_t bits = static_cast<uint32_t>(from[k]) << 16;
    std::memcpy(to + k, &bits, sizeof(bits));
  }
}

REGISTER_OP("TfhandNarrow").Input("values: float").Output("narrow: bfloat16")
    .SetShapeFn(tensorflow::shape_inference::UnchangedShape);
REGISTER_OP("TfhandWiden").Input("narrow: bfloat16").Output("values: float")
    .SetShapeFn(tensorflow::shape_inference::UnchangedShape);

template <typename From, typename To, typename FromBits, typename ToBits, void (*convert)(const FromBits*, int64_t, ToBits*)>
class Cast : public tensorflow::OpKernel {
 public:
  using OpKernel::OpKernel;

  void Compute(tensorflow::OpKernelContext* context) override {
    const tensorflow::Tensor& input = context->input(0);
    tensorflow::Tensor* output = nullptr;
    OP_REQUIRES_OK(context, context->allocate_output(0, input.shape(), &output));
    const auto* from = reinterpret_cast<const FromBits*>(input.flat<From>().data());
    auto* to = reinterpret_cast<ToBits*>(output->flat<To>().data());
    auto work = [&](int64_t first, int64_t last) { convert(from + first, last - first, to + first); };
    context->device()->tensorflow_cpu_worker_threads()->workers->ParallelFor(input.NumElements(), 2, work);
  }
};

using tensorflow::bfloat16;
REGISTER_KERNEL_BUILDER(Name("TfhandNarrow").Device(tensorflow::DEVICE_CPU), Cast<float, bfloat16, float, uint16_t, Narrow>);
REGISTER_KERNEL_BUILDER(Name("TfhandWiden").Device(tensorflow::DEVICE_CPU), Cast<bfloat16, float, uint16_t, float, Widen>);

}  // namespace
}  // namespace tfhand
