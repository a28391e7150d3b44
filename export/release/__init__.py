"""Parts of `export.pytorch_checkpoint`: the files of the authors' release, and what each of them is in our network."""
