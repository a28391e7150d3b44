"""The hand: template, rig and graph maths (numpy and scipy only)."""

from tfhand.mesh.coarsening import HandGraph, coarsen
from tfhand.mesh.template import LABELS, HandTemplate, PosedHand

__all__ = ["LABELS", "HandGraph", "HandTemplate", "PosedHand", "coarsen"]
