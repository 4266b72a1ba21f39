"""run_unittest.py LABEL FOLDER: unittest discovery that ends with `N passed, N failed, N skipped`.

Runs in the Python under test. Each skip is noted in the skip ledger as `LABEL test`.
"""

import os
import sys
import unittest


class Result(unittest.TextTestResult):
    passed = 0

    def addSuccess(self, test):
        super().addSuccess(test)
        self.passed += 1

    def addExpectedFailure(self, test, err):
        super().addExpectedFailure(test, err)
        self.passed += 1


def main(label, folder):
    suite = unittest.defaultTestLoader.discover(folder)
    result = unittest.TextTestRunner(stream=sys.stdout, resultclass=Result, buffer=True).run(suite)

    ledger = os.environ.get("STATIC_ASSETS_TEST_SKIPS")
    for test, reason in result.skipped:
        if ledger:
            with open(ledger, "a") as file:
                file.write("{} {}\t{}\n".format(label, test.id(), " ".join(reason.split())))

    # A test whose sub-tests fail is one failed test.
    failures = [test for test, _ in result.failures + result.errors] + result.unexpectedSuccesses
    failed = {getattr(test, "test_case", test).id() for test in failures}
    if not result.testsRun and not failed:
        print("no test was found in", folder)
        failed = {folder}
    print("{} passed, {} failed, {} skipped".format(result.passed, len(failed), len(result.skipped)))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
