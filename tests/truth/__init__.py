"""An AWS organization planted with facts, and what each control test must say of it, written down apart from the tests.

A resource is drawn with some of its population's traits. A trait says what it changes in the provider's answers, and
of which tests it decides the outcome. Neither reads a definition of ours: they are AWS's documentation once more.
"""
