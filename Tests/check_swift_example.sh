#!/bin/sh
# Proves that a Swift program can use the package as docs/swift.md says.
#
# usage: Tests/check_swift_example.sh BUILD_FOLDER      (for example .build-test/release, with the examples built)
#
#   1. examples/swift learns its shapes and names them;
#   2. examples/SwiftProgram loads models that Python wrote and prints the bits that Python predicts;
#   3. every Swift sample of docs/swift.md compiles;
#   4. `import SwiftAlexNet` shows no kernels.
set -eu

build=${1:?usage: check_swift_example.sh BUILD_FOLDER}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

fail() {
  echo "check_swift_example: $1" >&2
  exit 1
}

"$build/Shapes" >"$scratch/output" || fail "the example ended with an error: $(cat "$scratch/output")"
cat "$scratch/output"
grep -qE '^a circle: circle [0-9.]+ %' "$scratch/output" || fail "the example does not name a circle"
error=$(sed -nE 's/^top-1 error ([0-9.]+) %.*/\1/p' "$scratch/output")
awk -v error="${error:-100}" 'BEGIN { exit !(error <= 10) }' || fail "the example errs in $error %, expected 10 or fewer"

# What Python said of these files, on portable kernels: python/tests/golden/make_model_files.py.
models=python/tests/golden/models
for model in "$models"/*.safetensors; do
  SWIFTALEXNET_ISA=portable SWIFTALEXNET_GEMM=swift \
    "$build/Classify" "$model" "$models/image.rgb" 18 18 >"$scratch/output" || fail "Classify refused $model"
  diff "${model%.safetensors}.txt" "$scratch/output" || fail "Classify does not print Python's bits for $model"
done
head -c 2000 "$model" >"$scratch/short.safetensors"
if "$build/Classify" "$scratch/short.safetensors" "$models/image.rgb" 18 18 2>"$scratch/messages"; then
  fail "Classify loads a file that was cut short"
fi
grep -q 'short.safetensors is damaged: it is cut short' "$scratch/messages" || fail "$(cat "$scratch/messages")"

# Whether a file compiles against what was built.
compiles() {
  set -- "$1"
  for module in CShims CInstructions COpenBLAS CForkGate; do
    set -- "$@" -Xcc "-fmodule-map-file=$build/$module.build/module.modulemap"
  done
  "${SWIFT:-swift}c" -typecheck -swift-version 6 -I "$build/Modules" "$@" 2>"$scratch/messages"
}

awk '/^```swift$/ { inside = 1; next } /^```$/ { inside = 0 } inside' docs/swift.md >"$scratch/samples.swift"
grep -q 'import SwiftAlexNet' "$scratch/samples.swift" || fail "found no samples in docs/swift.md"
compiles "$scratch/samples.swift" || fail "samples of docs/swift.md do not compile: $(cat "$scratch/messages")"

for name in Convolution Dense ComputeContext KernelRegistry ThreadPool AlignedBuffer TensorMemory; do
  printf 'import SwiftAlexNet\nlet it = %s.self\n' "$name" >"$scratch/hidden.swift"
  if compiles "$scratch/hidden.swift"; then fail "import SwiftAlexNet shows $name"; fi
  grep -q "cannot find '$name' in scope" "$scratch/messages" || fail "$(cat "$scratch/messages")"
done
echo "check_swift_example: it learns, Python's models give the same bits, the page's samples compile, no kernels are shown"
