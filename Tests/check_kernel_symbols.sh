#!/bin/sh
# Proves that no code of one instruction set can run in place of another's.
#
# usage: Tests/check_kernel_symbols.sh BUILD_FOLDER      (for example .build/release)
#
# The linker keeps one of several weak symbols of the same name, whichever comes first. A weak symbol that two
# kernel targets could both emit (a specialised generic, a helper of the standard library) would so be executed
# with the wrong instructions. Hence, for every kernel target:
#   1. its objects define no weak symbol but its own functions (their names hold the module's, or a type's of the
#      module) and Swift's `__swift_…`;
#   2. no other object defines one of its functions;
#   3. its objects call no `fmaf`: that is what a multiply-add becomes where the instruction is missing.
set -eu

build=${1:?usage: check_kernel_symbols.sh BUILD_FOLDER}
status=0

complain() {
  echo "check_kernel_symbols: $1" >&2
  echo "$2" | sed 's/^/    /' | head -20 >&2
  status=1
}

names=$(mktemp -d)
trap 'rm -rf "$names"' EXIT

# Functions that some objects define, a line each: the mangled name, then the same in words.
functions() {
  kinds=$1
  shift
  nm "$@" | awk -v kinds="$kinds" 'NF == 3 && index(kinds, $2) { print $3 }' | sort -u >"$names/.mangled"
  "${SWIFT:-swift}" demangle <"$names/.mangled" | paste -d ' ' "$names/.mangled" -
}

for folder in "$build"/*.build; do
  ls "$folder"/*.o >/dev/null 2>&1 || continue  # A target that was planned and not built.
  functions TtWw "$folder"/*.o >"$names/$(basename "$folder" .build)"
done

found=0
for folder in "$build"/Kernels*.build; do
  target=$(basename "$folder" .build)
  case $target in Kernels | KernelsTests) continue ;; esac
  found=$((found + 1))
  # A function is the target's own if it is declared there, as $s15KernelsPortable…, or is a template made of one of its
  # types, such as KernelsPortable.Portable.
  own="(^|[^A-Za-z0-9_])(\\\$s${#target}$target|$target\\.)"

  weak=$(functions W "$folder"/*.o | grep -v '^__swift_' | grep -vE "$own" || true)
  [ -z "$weak" ] || complain "$target defines weak symbols that other objects may define too:" "$weak"

  calls=$(nm -u "$folder"/*.o | grep -w 'fmaf' || true)
  [ -z "$calls" ] || complain "$target calls fmaf:" "$calls"

  for other in "$names"/*; do
    [ "$(basename "$other")" = "$target" ] && continue
    strays=$(grep -E "$own" "$other" || true)
    [ -z "$strays" ] || complain "$(basename "$other") holds functions of $target:" "$strays"
  done
done

[ "$found" -gt 0 ] || complain "no kernel target in $build" ""
[ "$status" -ne 0 ] || echo "check_kernel_symbols: $found kernel targets, no shared code"
exit "$status"
