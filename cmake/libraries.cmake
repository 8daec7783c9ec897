# The foreign libraries, each found through pkg-config. Their headers are SYSTEM: our warnings stop at our code.

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

pkg_check_modules(crypto REQUIRED IMPORTED_TARGET libcrypto)
pkg_check_modules(curl REQUIRED IMPORTED_TARGET libcurl)
pkg_check_modules(protobuf-c REQUIRED IMPORTED_TARGET libprotobuf-c)
pkg_check_modules(h2o REQUIRED IMPORTED_TARGET libh2o-evloop)
pkg_check_modules(grpc REQUIRED IMPORTED_TARGET grpc)
pkg_check_modules(mongoc REQUIRED IMPORTED_TARGET libmongoc-1.0)
pkg_check_modules(yaml REQUIRED IMPORTED_TARGET yaml-0.1)
pkg_check_modules(sqlite REQUIRED IMPORTED_TARGET sqlite3)
if(TOLLGATE_TESTS)
    pkg_check_modules(cmocka REQUIRED IMPORTED_TARGET cmocka)
endif()
