#!/bin/sh
# Secrets arrive as files. The database's URL holds a password and the program reads it from its environment, so it is
# put there here, for the program alone, and stands in no configuration of the container.
set -eu
if [ -n "${CODEHOST_DATABASE_URL_FILE:-}" ]; then
    if ! CODEHOST_DATABASE_URL=$(cat "$CODEHOST_DATABASE_URL_FILE"); then
        echo "codehost: CODEHOST_DATABASE_URL_FILE names $CODEHOST_DATABASE_URL_FILE, which this user cannot read:" \
            "make the file, and let user $(id -u) read it." >&2
        exit 3
    fi
    export CODEHOST_DATABASE_URL
    unset CODEHOST_DATABASE_URL_FILE
fi
exec codehost "$@"
