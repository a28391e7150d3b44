"""Depth maps of meshes in TensorFlow, differentiable with respect to the vertices.

Which triangle each pixel sees is found without gradients by one of two backends (`compiled_triangles`,
`tensor_triangles`); how deep the pixel is there is one differentiable step that they share (`plane_depth`).
`renderer.render_depth` puts them together. Unlike the rest of `tfhand.rendering`, the modules of this folder
import TensorFlow; this file doesn't.
"""
