"""Who calls: keys, what is known of their holders, and where a request carries its credentials."""
