"""The tests; a package so that the wire test bed can be imported as `tests.wire`."""
