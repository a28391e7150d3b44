// All kernels in one: reading TensorFlow's headers takes longer than compiling any of them.
#include "casts.h"
#include "depthwise_filter_gradient.h"
#include "graph_product.h"
