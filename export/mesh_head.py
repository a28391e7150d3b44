"""The Graph CNN and the pose regressor of a trained network in the form that runs fastest on phones."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import scipy.sparse as sp

from export.folding import fold_batch_norms, norm_scale_shift
from export.windows import WindowedProduct, narrow_order
from tfhand.layers import ChebConv
from tfhand.models.graph_topology import COARSE_LEVEL, CONV_LEVELS

if TYPE_CHECKING:
    from tfhand.models import GraphTopology, HandMeshNet

#: Rows of a block of a graph operator. On one AVX-512 core 32 to 128 take the same time; fewer make smaller files.
BLOCK_ROWS = 32
#: Name scope of ops on coordinates, which 8 bits are too few for.
READOUT = "readout"


class MeshHead:
    """Outputs of the heat-map stage -> vertices and joints, equal to the network's own layers but for rounding.

    What differs from training: fake places are left out; real ones are in an order of narrow band, so that a product
    with a Laplacian is a few small dense ones (`WindowedProduct`); batch norms are folded into the graph
    convolutions; features of a graph are laid out (B, F, P) between products with matrices over places.

    Args:
        model: the trained network.
        rows: of a block, see `WindowedProduct`; None for full matrices.

    Call arguments:
        features: dict of the mesh stage's inputs.

    Returns:
        Vertices (B, V, 3) in the template's order; and (B, 3, V) in the head's own, for `LinearPose`.

    Raises:
        ValueError: a graph that couples real places with fake ones.
    """

    def __init__(self, model: HandMeshNet, rows: int | None = BLOCK_ROWS):
        stage, topology = model.mesh_stage, model.topology
        orders = narrow_orders(topology)
        self.laplacians, self.upsamplings = {}, {}
        above = COARSE_LEVEL
        for level in sorted(CONV_LEVELS, reverse=True):
            parents = orders[level] >> (above - level)
            columns = np.argsort(orders[above])[np.searchsorted(np.sort(orders[above]), parents)]
            entries = (np.ones(len(parents), np.float32), (np.arange(len(parents)), columns))
            self.upsamplings[level] = WindowedProduct(sp.csr_matrix(entries, shape=(len(parents), len(orders[above]))), rows)
            operator = topology.laplacians[level].csr
            self.laplacians[level] = WindowedProduct(operator[orders[level]][:, orders[level]], rows)
            above = level
        self.order, coarse = orders[0], orders[COARSE_LEVEL]
        self.vertex_of_row = topology.permutation[self.order]  # vertex of each of the head's rows
        self.row_of_vertex = np.argsort(self.vertex_of_row).astype(np.int32)
        self._read_weights(model, coarse)
        outputs = {"hidden": stage.get_layer("mesh_fc_0_relu").output}
        if model.preset.mesh.joint_anchors:
            outputs["joints"] = stage.get_layer("mesh_joints").output
            self.anchors = stage.get_layer("mesh_anchors").get_weights()[0][:, self.order]  # (21, V)
        self.encoder = fold_batch_norms(keras.Model(stage.input, outputs))

    def _read_weights(self, model: HandMeshNet, coarse: np.ndarray) -> None:
        stage, config, places = model.mesh_stage, model.preset.mesh, model.topology.num_places
        kernel, bias = stage.get_layer("mesh_fc_1").get_weights()
        shape = (places >> COARSE_LEVEL, config.coarse)
        # Only the outputs of coarse places that hold a real vertex.
        self.coarse_kernel = kernel.reshape(len(kernel), *shape)[:, coarse].reshape(len(kernel), -1)
        self.coarse_bias = bias.reshape(shape)[coarse].ravel()
        self.coarse_shape = (len(coarse), config.coarse)
        self.convolutions = {level: [] for level in sorted(CONV_LEVELS, reverse=True)}
        for level, widths in zip(self.convolutions, config.filters, strict=True):
            for i in range(len(widths)):
                name = f"mesh_cheb_{places >> level}_{i}"
                self.convolutions[level].append(GraphConvolution(stage.get_layer(name), stage.get_layer(f"{name}_bn")))
        self.last = GraphConvolution(stage.get_layer("mesh_uvd"))

    def __call__(self, features: dict[str, Any]) -> tuple[Any, Any]:
        import tensorflow as tf

        encoded = self.encoder(features, training=False)
        with tf.name_scope("graph_cnn"):
            x = tf.matmul(encoded["hidden"], self.coarse_kernel) + self.coarse_bias
            x = _swap(tf.reshape(x, (-1, *self.coarse_shape)))
            for level, convolutions in self.convolutions.items():
                x = self.upsamplings[level](x)
                for convolution in convolutions:
                    x = tf.nn.relu(convolution(x, self.laplacians[level]))
            x = self.last(x, self.laplacians[0])
        with tf.name_scope(READOUT):
            if "joints" in encoded:
                x = x + tf.matmul(_swap(encoded["joints"]), self.anchors)
            return tf.gather(_swap(x), self.row_of_vertex, axis=1), x


class GraphConvolution:
    """A trained `ChebConv` with the batch norm after it, on features laid out (B, F, P).

    Args:
        layer: the convolution.
        norm: the batch norm after it, or None.
    """

    def __init__(self, layer: ChebConv, norm: keras.layers.BatchNormalization | None = None):
        weights = [value.astype(np.float64) for value in layer.get_weights()]
        kernel, bias = weights[0], weights[1] if layer.use_bias else np.zeros(layer.filters)
        if norm is not None:
            scale, shift = norm_scale_shift(norm)
            kernel, bias = kernel * scale, bias * scale + shift
        self.order, self.filters = layer.order, layer.filters
        self.kernel = kernel.reshape(layer.order, -1, layer.filters).astype(np.float32)  # (K, F_in, F_out)
        self.bias = bias.astype(np.float32)

    def __call__(self, x: Any, laplacian: WindowedProduct) -> Any:
        """(B, F_in, P) -> (B, F_out, P); the sums of `ChebConv`, by Clenshaw's recurrence unless it widens."""
        import tensorflow as tf

        features = self.kernel.shape[1]
        if self.order > 1 and self.filters <= features:
            kernel = self.kernel.transpose(1, 0, 2).reshape(features, -1)
            # The bias joins the product of T_0, where it costs nothing.
            bias = np.concatenate([self.bias, np.zeros((self.order - 1) * self.filters, np.float32)])
            products = tf.split(_swap(tf.matmul(_swap(x), kernel) + bias), self.order, axis=1)
            last, before = products[-1], None
            for product in reversed(products[1:-1]):
                term = product + 2.0 * laplacian(last)
                last, before = (term if before is None else term - before), last
            outputs = products[0] + laplacian(last)
            return outputs if before is None else outputs - before
        terms = [x]
        if self.order > 1:
            terms.append(laplacian(x))
        for _ in range(2, self.order):
            terms.append(2.0 * laplacian(terms[-1]) - terms[-2])
        kernel = self.kernel.reshape(-1, self.filters)
        return _swap(tf.matmul(_swap(tf.concat(terms, axis=1)), kernel) + self.bias)


class LinearPose:
    """The pose regressor as the one affine map that it is while its pooling is a mean.

    Args:
        model: the trained network, `preset.pose.pooling` "mean".
        vertex_of_row: (V,) order of the vertices in the input, see `MeshHead`.
        depth_only: whether only the joints' d are wanted.

    Call arguments:
        x: (B, 3, V) u, v, d.

    Returns:
        (B, 21, 3) u, v, d, or (B, 21, 1) d.
    """

    def __init__(self, model: HandMeshNet, vertex_of_row: np.ndarray, depth_only: bool):
        import tensorflow as tf

        regressor = model.pose_stage
        outputs = math.prod(regressor.output.shape[1:])
        # The rows of an affine map's matrix are its gradients, one output a sample.
        places = tf.zeros((outputs, *regressor.input.shape[1:]))
        with tf.GradientTape() as tape:
            tape.watch(places)
            joints = regressor(places, training=False)
            picked = tf.linalg.trace(tf.reshape(joints, (outputs, outputs)))
        gradients = tape.gradient(picked, places).numpy()  # (outputs, P, 3)
        matrix = gradients[:, model.topology.place_of_vertex[vertex_of_row]].transpose(2, 1, 0)
        matrix = matrix.reshape(-1, *joints.shape[1:])  # (3 * V, 21, 3 or 1)
        constant = joints[0].numpy()
        if depth_only:
            matrix, constant = matrix[..., -1:], constant[..., -1:]
        self.shape = constant.shape
        self.matrix = np.ascontiguousarray(matrix.reshape(len(matrix), -1))
        self.constant = constant.ravel()

    def __call__(self, x: Any) -> Any:
        import tensorflow as tf

        flat = tf.reshape(x, (-1, len(self.matrix)))
        return tf.reshape(tf.matmul(flat, self.matrix) + self.constant, (-1, *self.shape))


def narrow_orders(topology: GraphTopology) -> dict[int, np.ndarray]:
    """The real nodes of each level in an order in which neighbours, and parents and children, are near each other.

    The finest level is ordered by reverse Cuthill-McKee, coarser ones by where their vertices went.

    Raises:
        ValueError: a graph that couples real places with fake ones.
    """
    real = topology.mask
    for level, operator in topology.laplacians.items():
        nodes = _real_nodes(real, level)
        if operator.csr[nodes].nnz != operator.csr[nodes][:, nodes].nnz:
            raise ValueError(f"topology: expected fake places without neighbours, level {level} has some that have.")
    finest = narrow_order(topology.laplacians[0].csr, np.flatnonzero(real))
    positions = np.full(len(real), np.nan)
    positions[finest] = np.arange(len(finest))
    orders = {0: finest}
    for level in (*CONV_LEVELS, COARSE_LEVEL):
        if level:
            nodes = _real_nodes(real, level)
            centres = np.nanmean(positions.reshape(-1, 2**level)[nodes], axis=1)
            orders[level] = nodes[np.argsort(centres, kind="stable")]
    return orders


def _real_nodes(real: np.ndarray, level: int) -> np.ndarray:
    """Nodes of a level of the tree that have a real vertex below them."""
    return np.flatnonzero(real.reshape(-1, 2**level).any(axis=1))


def _swap(x: Any) -> Any:
    import tensorflow as tf

    return tf.transpose(x, (0, 2, 1))
