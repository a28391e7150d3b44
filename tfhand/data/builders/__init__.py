"""The public datasets as tensorflow-datasets builders."""
