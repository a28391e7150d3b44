"""Parts of `trainers.evaluate`: datasets by name, running the network, files and pictures."""
