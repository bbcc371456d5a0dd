"""What can be known of a kernel without running it; each analysis is one function over one stage."""
