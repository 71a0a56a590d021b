"""What a person looks at after a fit: plain content first, then its rendering."""
