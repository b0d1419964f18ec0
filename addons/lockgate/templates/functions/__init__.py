"""The functions that templates may call: one file per subject, each with a tuple FUNCTIONS."""
