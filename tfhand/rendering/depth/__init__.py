"""Depth maps of meshes in TensorFlow, differentiable with respect to the vertices.

Which triangle each pixel sees is found without gradients by one of two backends (`compiled_triangles`,
`tensor_triangles`); how deep the pixel is there (`plane_depth`), and where the surface there goes across the picture
(`surface_points`), are differentiable steps that they share.
`renderer.render_depth` puts them together. Unlike the rest of `tfhand.rendering`, the modules of this folder
import TensorFlow; this file doesn't.
"""
