#!/usr/bin/env bash
# What Redrive does, on one small run: demo.sh REDRIVE
set -euo pipefail
redrive=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
archive=$folder/demo.redrive

show() {
    printf '\n$ redrive %s\n' "${*//"$folder"/.}"
    "$redrive" "$@"
}

cat > "$folder/notes.txt" <<'NOTES'
a trace is one file
a replay needs nothing else
NOTES

show record -o "$archive" -- bash -c "date +%s.%N; echo \$RANDOM; sort -r $folder/notes.txt | tr a-z A-Z"
rm "$folder/notes.txt"
echo
echo "The input is deleted now.  The replay shows the same time and the same random number all the same:"
show replay "$archive"
show info "$archive"
show ps "$archive"
printf '\n$ redrive dump --syscall openat ./demo.redrive | tail -5\n'
"$redrive" dump --syscall openat "$archive" | tail -5
