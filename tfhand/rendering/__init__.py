"""Pictures of hands on the CPU: rasteriser, skin shading, backgrounds and camera effects.

The order of a picture: geometry -> `Fragments` (`rasterizer`) -> `RenderedHand` (`renderer`) -> over a
background (`background`) -> through a camera (`camera_effects`). Nothing here imports TensorFlow unless
`kernel.load_op` is called, except the differentiable depth maps of `depth`.
"""
