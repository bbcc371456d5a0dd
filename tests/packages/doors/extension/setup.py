from setuptools import Extension, setup

setup(ext_modules=[Extension("wave.host", ["host.c"])])
