"""The mathematics, torch only: encoder, decoder, prior, cluster posterior, objective, networks."""
