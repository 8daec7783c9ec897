# The foreign libraries, each found through pkg-config. Their headers are SYSTEM: our warnings stop at our code.

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

foreach(spec "protobuf-c=libprotobuf-c" "h2o=libh2o-evloop" "grpc=grpc" "sqlite=sqlite3"
             "cmocka=cmocka" "curl=libcurl")
    string(REPLACE "=" ";" spec ${spec})
    list(GET spec 0 name)
    list(GET spec 1 module)
    pkg_check_modules(${name} REQUIRED IMPORTED_TARGET ${module})
endforeach()
