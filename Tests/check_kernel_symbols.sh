#!/bin/sh
# Proves that no code of one instruction set can run in place of another's.
#
# usage: Tests/check_kernel_symbols.sh BUILD_FOLDER      (for example .build/release)
#
# The linker keeps one of several weak symbols of the same name, whichever comes first. A weak symbol that two
# kernel targets could both emit (a specialised generic, a helper of the standard library) would so be executed
# with the wrong instructions. Hence, for every kernel target:
#   1. its objects define no weak symbol but its own functions (their names hold the module's) and Swift's `__swift_…`;
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

found=0
for folder in "$build"/Kernels*.build; do
  target=$(basename "$folder" .build)
  case $target in Kernels | KernelsTests) continue ;; esac
  found=$((found + 1))
  # In a mangled name the module stands behind its length: $s15KernelsPortable…
  own="\$s${#target}${target}"

  weak=$(nm "$folder"/*.o | awk '$2 == "W" { print $3 }' | sort -u | grep -v '^__swift_' | grep -vF "$own" || true)
  [ -z "$weak" ] || complain "$target defines weak symbols that other objects may define too:" "$weak"

  calls=$(nm -u "$folder"/*.o | grep -w 'fmaf' || true)
  [ -z "$calls" ] || complain "$target calls fmaf:" "$calls"

  for other in "$build"/*.build; do
    [ "$other" = "$folder" ] && continue
    ls "$other"/*.o >/dev/null 2>&1 || continue  # A target that was planned and not built.
    strays=$(nm "$other"/*.o | awk '$2 ~ /^[TtWw]$/ { print $3 }' | grep -F "$own" | sort -u || true)
    [ -z "$strays" ] || complain "$(basename "$other" .build) holds functions of $target:" "$strays"
  done
done

[ "$found" -gt 0 ] || complain "no kernel target in $build" ""
[ "$status" -ne 0 ] || echo "check_kernel_symbols: $found kernel targets, no shared code"
exit "$status"
