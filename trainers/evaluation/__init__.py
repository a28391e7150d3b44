"""Parts of `trainers.evaluate`: running the network, files and pictures."""
