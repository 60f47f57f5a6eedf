#!/bin/sh
# Checks this bundle with sh, openssl, gzip, sha256sum and POSIX tools alone.
# Run it in the folder where the bundle was unpacked: sh check.sh
# It prints a line for each thing that is wrong, and a summary. It ends with 0 only
# if nothing is wrong and everything here is proven.
LC_ALL=C
export LC_ALL
cd "$(dirname "$0")" || exit 2
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
tab=$(printf '\t')
bad=0

wrong() {
	printf 'FAILED  %s\n' "$*"
	bad=$((bad + 1))
}

# plain FILE: its text. gzip fails if the file is cut or if its checksum is wrong.
plain() { gzip -dc <"$1"; }

# sha256 of standard input, in hexadecimal.
sha256() { openssl dgst -sha256 -r | cut -c 1-64; }

# unhex HEX: the bytes.
unhex() {
	# shellcheck disable=SC2059 # the format has octal escapes only
	printf "$(printf '%s' "$1" | awk '
		{ for (i = 1; i < length($0); i += 2) {
			n = (index("0123456789abcdef", substr($0, i, 1)) - 1) * 16 + index("0123456789abcdef", substr($0, i + 1, 1)) - 1
			if (n < 0 || n > 255) exit 1
			printf "\\%03o", n } }')"
}

# hash_of FILE...: the hash of a node of the tree over two others, to standard output.
hash_of() { { printf '\001'; cat "$@"; } | openssl dgst -sha256 -binary; }

# anchored CHAIN: of a proof with anchors, the newest digest of a chain is in the log
# whose checkpoint is here. The tree is that of RFC 6962.
anchored() {
	if [ -z "$1" ] || [ ! -f events.tsv ] || [ ! -f anchors/heads.jsonl ]; then return; fi
	number=0
	while IFS="$tab" read -r place line path; do
		if [ "$place" = "$last_at" ]; then
			number=$line
			steps=$path
		fi
	done <anchors/paths.tsv
	case $number in 0 | *[!0-9]*) wrong "$1: its newest digest here is not anchored"; return ;; esac
	sed -n "${number}p" anchors/heads.jsonl | tr -d '\n' >"$work/head"
	grep -qF "\"$last_hash\"" "$work/head" || wrong "$1: another digest is anchored than its newest one here"
	{ printf '\000'; cat "$work/head"; } | openssl dgst -sha256 -binary >"$work/node"
	for step in $steps; do
		printf '%s' "${step#?:}" | openssl base64 -d -A >"$work/side"
		case $step in
		l:*) hash_of "$work/side" "$work/node" >"$work/up" ;;
		*) hash_of "$work/node" "$work/side" >"$work/up" ;;
		esac
		mv "$work/up" "$work/node"
	done
	[ "$(openssl base64 -A <"$work/node")" = "$(sed -n 3p anchors/checkpoint)" ] ||
		wrong "$1: the checkpoint is not of a log with its newest digest here"
}

# 1. The files are those of the bundle, and no others.
files=$(find . -type f ! -name SHA256SUMS | wc -l)
same=$(sha256sum -c SHA256SUMS 2>/dev/null | grep -c ': OK$')
[ "$((files))" = "$same" ] && [ "$(wc -l <SHA256SUMS)" -eq "$same" ] ||
	wrong "SHA256SUMS: $same of $((files)) files are as they were written"

# 2. The signature of each digest is over four lines: the end of its hour, where it
# was delivered, the hash of its text, and the signature of the digest before it.
digests=0
chains=0
last_chain=
last_at=
last_signature=
while IFS="$tab" read -r file fingerprint end at previous signature before; do
	digests=$((digests + 1))
	plain "$file" >"$work/digest" || { wrong "$file: damaged gzip"; continue; }
	hash=$(sha256 <"$work/digest")
	if [ "$signature" = - ]; then
		wrong "$file: no signature at hand"
		continue
	fi
	printf '%s\n%s\n%s\n%s' "$end" "$at" "$hash" "$previous" >"$work/signed"
	unhex "$signature" >"$work/signature"
	openssl dgst -sha256 -verify "keys/$fingerprint.pem" -signature "$work/signature" "$work/signed" >/dev/null 2>&1 ||
		wrong "$file: the signature is not one of key $fingerprint"
	name=${file##*/}
	chain="${file%%AWSLogs/*} ${name%_*}" # all but the time; digests of backfill stand alone
	if [ "$chain" != "$last_chain" ]; then
		chains=$((chains + 1))
		anchored "$last_chain"
	elif [ "$before" = - ]; then
		printf 'NOTE    %s: the chain starts again here\n' "$file"
	elif [ "$before" != "$last_at" ]; then
		wrong "$file: the digest before it, $before, is not here"
	elif [ "$previous" != "$last_signature" ]; then
		wrong "$file: names another signature of the digest before it"
	fi
	last_chain=$chain
	last_hash=$hash
	last_at=$at
	last_signature=$signature
	tr -d '\n' <"$work/digest" | tr '{}' '\n\n' >>"$work/listed"
done <digests.tsv
anchored "$last_chain"
[ "$digests" -gt 0 ] || wrong "there is no digest, so nothing is proven"
printf 'digests    %s, chains %s\n' "$digests" "$chains"

# 3. Each log file here has the hash that a digest lists.
logs=0
find archive -name '*.json.gz' ! -path '*/CloudTrail-Digest/*' | sort >"$work/logs"
while read -r file; do
	logs=$((logs + 1))
	plain "$file" >"$work/log" || { wrong "$file: damaged gzip"; continue; }
	grep -F "$(sha256 <"$work/log")" "$work/listed" | grep -qF "$(basename "$file")" ||
		wrong "$file: no digest lists it with this hash"
done <"$work/logs"
printf 'log files  %s\n' "$logs"

# brackets: those of JSON from standard input, one a line; a quote if it ends in a string.
brackets() { sed 's/\\.//g; s/"[^"]*"//g' | tr -cd '{}[]"' | fold -w 1; }

# inside: standard input ends in a list of one object, where a record begins.
inside() { brackets | awk '/[[{]/ { open++ } /[]}]/ { open-- } /"/ { bad = 1 } END { exit open != 2 || bad }'; }

# whole: standard input is one object.
whole() { brackets | awk '/[[{]/ { if (NR > 1 && !open) bad = 1; open++ } /[]}]/ { open-- } /"/ { bad = 1 } END { exit open != 0 || bad || !NR }'; }

# 4. Each event is a record of its log file, at its position. That the bytes are there is
# not enough: a call can have parameters that look like an event.
if [ -f events.tsv ]; then
	events=0
	while IFS="$tab" read -r file log offset length id; do
		events=$((events + 1))
		plain "$log" | tail -c "+$((offset + 1))" | head -c "$length" | cmp -s - "$file" ||
			wrong "$file: is not in $log at $offset"
		plain "$log" | head -c "$offset" | inside && whole <"$file" ||
			wrong "$file: is not a record of $log, but a part of one"
		[ "$id" = - ] || grep -qF "\"$id\"" "$file" || wrong "$file: is not event $id"
	done <events.tsv
	printf 'events     %s\n' "$events"
fi

# The keys prove as much as the way by which they came.
for key in keys/*.pem; do
	[ -f "$key" ] && printf 'key        %s\n' "$(basename "$key" .pem)"
done
echo 'Compare the keys with those of: aws cloudtrail list-public-keys'
if [ "$bad" -gt 0 ]; then
	echo "FAILED: $bad"
	exit 1
fi
echo OK
