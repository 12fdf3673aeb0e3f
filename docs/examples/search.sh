#!/bin/sh
# Searches the newest commit of every repository in a data directory with git alone.
# usage: search.sh DATA_DIR [PATTERN]
data=${1:?usage: search.sh DATA_DIR [PATTERN]}
pattern=${2:-'class .*Meta(type)'}

if [ ! -d "$data/repos" ]; then
  echo "There are no repositories in $data/repos: check the directory, or run codehost sync." >&2
  exit 1
fi

find "$data/repos" -type d -name '*.git' -prune | sort | while read -r repository; do
  name=${repository#"$data/repos/"}
  git --git-dir="$repository" grep -n -I -e "$pattern" latest | sed "s|^latest:|${name%.git}: |"
done
