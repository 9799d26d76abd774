"""The documents, and the modules that write those of their pages that come from the code.

For: `python -m docs.generate`. Not for: anything that runs in a federation; it is not shipped.
May be imported by: nobody but the tests.
"""
