from setuptools import Extension, setup

setup(ext_modules=[Extension("ripple.host", ["host.c"])])
