"""The AWS adapter and its resource types, against moto over HTTP and against faults on the wire."""
