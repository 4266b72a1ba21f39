# What the stubs share: where the program is. Sourced, by bash.
# shellcheck shell=bash

buildpack=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
case $(uname -m) in
x86_64) architecture=amd64 ;;
aarch64) architecture=arm64 ;;
*) architecture=$(uname -m) ;;
esac
program=$buildpack/dist/static-assets-linux-$architecture

die() {
	printf ' !     %s\n' "$@" >&2
	exit 1
}

refuse_cloud_native() {
	if [[ -n ${CNB_BUILDPACK_DIR:-} ]]; then
		die "static assets: this is the classic buildpack of Heroku, not a Cloud Native Buildpack." \
			"Use static-assets-linux-$architecture.cnb of a release, or the one that script/package leaves in dist/."
	fi
}

# install_program CACHE_DIR: from dist/, else from the cache of the app, else as bin/pin says.
install_program() {
	local cached=${1:+$1/static-assets/program}
	if [[ -x $program ]]; then
		return
	fi
	local version base_url sha256_amd64 sha256_arm64
	# shellcheck source=bin/pin
	source "$buildpack/bin/pin"
	if [[ -z $version ]]; then
		die "static assets: this copy of the buildpack has no program: dist/ is empty, and bin/pin names no release." \
			"Where Rust is, make it, and add the buildpack as the archive that this leaves in dist/:" \
			"  script/package" \
			"  heroku buildpacks:add https://…/static-assets-heroku.tgz"
	fi
	local sum=sha256_$architecture
	sum=${!sum:-}
	if [[ -z $sum ]]; then
		die "static assets: release $version has no program for $architecture: amd64 and arm64 only."
	fi
	mkdir -p "$buildpack/dist"
	if [[ -n $cached ]] && is_program "$sum" "$cached"; then
		cp "$cached" "$program"
		return
	fi
	fetch "$base_url/static-assets-linux-$architecture" "$sum"
	if [[ -n $cached ]]; then
		mkdir -p "${cached%/*}"
		cp "$program" "$cached"
	fi
}

# fetch URL SHA256 [LIST [PROTOCOLS]]: nothing is run before its checksum is the one in LIST.
fetch() {
	local url=$1 sum=$2 list=${3:-bin/pin} protocols=${4:-=https,file}
	printf '       Fetching %s\n' "$url"
	if ! curl --proto "$protocols" --fail --silent --show-error --location --retry 5 --retry-connrefused --connect-timeout 10 \
		--max-time 300 --output "$program.part" "$url"; then
		die "static assets: $url could not be fetched (see above)." \
			"Build again. Without the network: the .tgz that script/package leaves in dist/ carries the program."
	fi
	if ! is_program "$sum" "$program.part"; then
		rm "$program.part"
		die "static assets: what is at $url is not what $list names (SHA-256 $sum)." \
			"Nothing of it was run. Is a proxy in between, or the release another one? $list has to fit it."
	fi
	chmod +x "$program.part"
	mv "$program.part" "$program"
}

is_program() {
	[[ -f $2 ]] && printf '%s  %s\n' "$1" "$2" | sha256sum --check --status
}
