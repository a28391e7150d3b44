"""Things about a hand: worn on it, held by it, in front of it. Meshes like the hand's own, drawn in the same passes."""
