"""`up --demo`: four organizations on one machine, each a whole node of its own.

What it does to them is what their administrators would type: every step is a command.
"""
