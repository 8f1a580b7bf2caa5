"""Two suites of tests, two channel layers: which keeps which promise?"""
