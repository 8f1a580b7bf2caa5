"""The Django project that tests run in, and which projects there are."""

from common.conf.embedded import ROOT

PROJECTS = sorted(path.parent.name for path in ROOT.glob("*/settings.py"))
