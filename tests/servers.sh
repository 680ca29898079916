#!/usr/bin/env bash
# Install the Debian servers that tests talk to, where that is possible; say so where it is not.
set -u
declare -A packages=(
  [Orthanc]=orthanc [storescu]=dcmtk [dciodvfy]=dicom3tools [chromium]=chromium
)
missing=()
for program in "${!packages[@]}"; do
  command -v "$program" >/dev/null || [ -x "/usr/sbin/$program" ] || missing+=("${packages[$program]}")
done
[ -x /usr/lib/postgresql/15/bin/initdb ] || command -v initdb >/dev/null || missing+=(postgresql-15)
[ ${#missing[@]} -eq 0 ] && exit 0
if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
  echo "Installing test servers: ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq && apt-get install -y -qq "${missing[@]}" >/dev/null && exit 0
fi
echo "Not installed: ${missing[*]}. Tests that need them are skipped and say so (in CI they fail)." >&2
