"""The tests of a script that ctest runs: sys.exit(run_tests())."""

import sys
import unittest


def run_tests():
    """Runs the tests of the main module, each by its name; gives the exit status. No tests are a failure."""
    result = unittest.main(argv=sys.argv[:1], verbosity=2, exit=False).result
    return 0 if result.wasSuccessful() and result.testsRun > 0 else 1
