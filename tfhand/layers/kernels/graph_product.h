// Product of a sparse matrix over a graph's places with features (B, P, F), for CPUs.
#pragma once

#include <algorithm>
#include <cstdint>

#include "tensorflow/core/framework/op.h"
#include "tensorflow/core/framework/op_kernel.h"
#include "tensorflow/core/framework/shape_inference.h"

namespace tfhand {
namespace {

using tensorflow::errors::InvalidArgument;

// One sample: rows of `width` neighbours with their weights, of which those of 0 only fill the table.
void Multiply(const float* features, const int32_t* neighbours, const float* weights, int64_t places, int64_t width,
              int64_t count, float* sums) {
  for (int64_t place = 0; place < places; ++place, sums += count, neighbours += width, weights += width) {
    std::fill_n(sums, count, 0.0f);
    for (int64_t k = 0; k < width; ++k) {
      const float weight = weights[k];
      if (weight == 0.0f) continue;
      const float* from = features + neighbours[k] * count;
      float* __restrict to = sums;
      for (int64_t feature = 0; feature < count; ++feature) to[feature] += weight * from[feature];
    }
  }
}

REGISTER_OP("TfhandGraphProduct")
    .Input("features: float")
    .Input("neighbours: int32")
    .Input("weights: float")
    .Output("sums: float")
    .SetShapeFn([](tensorflow::shape_inference::InferenceContext* context) {
      tensorflow::shape_inference::ShapeHandle features;
      TF_RETURN_IF_ERROR(context->WithRank(context->input(0), 3, &features));
      context->set_output(0, features);
      return absl::OkStatus();
    });

class GraphProduct : public tensorflow::OpKernel {
 public:
  using OpKernel::OpKernel;

  void Compute(tensorflow::OpKernelContext* context) override {
    const tensorflow::Tensor &features = context->input(0), &table = context->input(1), &weights = context->input(2);
    OP_REQUIRES(context, features.dims() == 3 && table.dims() == 2 && table.shape() == weights.shape() &&
                             table.dim_size(0) == features.dim_size(1),
                InvalidArgument("expected features (B, P, F), neighbours and weights (P, D), got ",
                                features.shape().DebugString(), ", ", table.shape().DebugString(), ", ",
                                weights.shape().DebugString()));
    const auto neighbours = table.flat<int32_t>();
    const int64_t places = features.dim_size(1), width = table.dim_size(1), count = features.dim_size(2);
    for (int64_t k = 0; k < neighbours.size(); ++k) {
      OP_REQUIRES(context, neighbours(k) >= 0 && neighbours(k) < places,
                  InvalidArgument("expected neighbours below ", places, ", got ", neighbours(k)));
    }
    tensorflow::Tensor* sums = nullptr;
    OP_REQUIRES_OK(context, context->allocate_output(0, features.shape(), &sums));
    const float* from = features.flat<float>().data();
    float* to = sums->flat<float>().data();
    auto work = [&](int64_t first, int64_t last) {
      for (int64_t k = first * places * count; k < last * places * count; k += places * count) {
        Multiply(from + k, neighbours.data(), weights.flat<float>().data(), places, width, count, to + k);
      }
    };
    auto* pool = context->device()->tensorflow_cpu_worker_threads()->workers;
    pool->ParallelFor(features.dim_size(0), places * width * count, work);
  }
};

REGISTER_KERNEL_BUILDER(Name("TfhandGraphProduct").Device(tensorflow::DEVICE_CPU), GraphProduct);

}  // namespace
}  // namespace tfhand
