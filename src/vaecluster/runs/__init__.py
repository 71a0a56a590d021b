"""What a fit on the command line leaves behind."""
