"""Networks for images of any size and for plain vectors."""
