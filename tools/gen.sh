#!/bin/sh
# Makes everything in gen/ from proto/: tools/gen.sh PLUGIN OUT_DIR
#
# PLUGIN is the program protoc-gen-tollgate. OUT_DIR is filled with what belongs into gen/ beside its CMakeLists.txt;
# what stands there already is overwritten, never removed. The well-known types come from Debian's libprotobuf-dev
# and libprotoc-dev, all else from proto/.
set -eu

if [ $# -ne 2 ]; then
    echo "usage: $0 PLUGIN OUT_DIR" >&2
    exit 2
fi
plugin=$1
out=$2
proto=$(dirname "$0")/../proto
well_known=/usr/include

# Every file whose messages something here uses.
messages="
    google/api/annotations.proto
    google/api/http.proto
    google/api/httpbody.proto
    google/protobuf/any.proto
    google/protobuf/compiler/plugin.proto
    google/protobuf/descriptor.proto
    google/protobuf/duration.proto
    google/protobuf/empty.proto
    google/protobuf/field_mask.proto
    google/protobuf/struct.proto
    google/protobuf/timestamp.proto
    google/protobuf/wrappers.proto
    google/rpc/error_details.proto
    google/rpc/status.proto
    grpc/reflection/v1/reflection.proto
    library/v1/library.proto
    notes/v1/notes.proto
    tollgate/access.proto
    tollgate/admin.proto
    tollgate/options.proto"

# Those with services, and those whose messages travel in an Any and must be known by their descriptor.
services="
    google/rpc/error_details.proto
    google/rpc/status.proto
    library/v1/library.proto
    notes/v1/notes.proto
    tollgate/admin.proto"

mkdir -p "$out"
# shellcheck disable=SC2086 # the lists are meant to be split
protoc -I "$proto" -I "$well_known" --c_out="$out" $messages
# shellcheck disable=SC2086
protoc -I "$proto" -I "$well_known" --plugin=protoc-gen-tollgate="$plugin" --tollgate_out="$out" $services
