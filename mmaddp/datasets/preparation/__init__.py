"""Makes the embedded data sets; used by tools/dataset_converters only."""
