"""A run in the browser: a server on this machine alone, and its page.

`explored.py` has all answers, as plain records; `app.py` hands them out; `guard.py` decides to whom.
"""
