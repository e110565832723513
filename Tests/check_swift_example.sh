#!/bin/sh
# Proves that a Swift program can use the package as docs/swift.md says.
#
# usage: Tests/check_swift_example.sh BUILD_FOLDER      (for example .build-test/release, with the example built)
#
#   1. the example learns its shapes and names them;
#   2. every Swift sample of docs/swift.md compiles;
#   3. `import SwiftAlexNet` shows no kernels.
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

# Whether a file compiles against what was built.
compiles() {
  set -- "$1"
  for module in CShims CInstructions COpenBLAS; do
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
echo "check_swift_example: it learns, the page's samples compile, no kernels are shown"
