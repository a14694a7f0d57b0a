//! What seats do, without a Node: threads that take calls are played by the tests.
