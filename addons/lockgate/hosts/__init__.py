"""Programs that carry exchanges to the chains and answers back."""
