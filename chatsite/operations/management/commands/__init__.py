"""Commands of `./run` and `./run manage`: they parse arguments and call `chatsite.operations`."""
