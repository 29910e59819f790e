"""What a source project says about itself, read from its files and never by running them."""
