# Two INTERFACE targets carry every compiler flag: tollgate_warnings and tollgate_build. Nothing is set globally.

add_library(tollgate_warnings INTERFACE)
target_compile_options(tollgate_warnings INTERFACE
    -Wall -Wextra -Wshadow -Wconversion -Wvla -Wformat=2 -Wnull-dereference
    $<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes>
    $<$<COMPILE_LANG_AND_ID:C,Clang>:-Wthread-safety>
    $<$<BOOL:${TOLLGATE_WERROR}>:-Werror>)

add_library(tollgate_build INTERFACE)
target_include_directories(tollgate_build INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_definitions(tollgate_build INTERFACE _GNU_SOURCE)
target_compile_options(tollgate_build INTERFACE -fno-omit-frame-pointer)
# pkg-config names every library that gRPC itself stands on; only what we call is linked.
target_link_options(tollgate_build INTERFACE -Wl,--as-needed)
if(TOLLGATE_SANITIZE)
    target_compile_options(tollgate_build INTERFACE
        -fsanitize=${TOLLGATE_SANITIZE} -fno-sanitize-recover=all)
    target_link_options(tollgate_build INTERFACE -fsanitize=${TOLLGATE_SANITIZE})
else()
    # Hardening. The sanitizers bring checks of their own, which fortified functions would hide from.
    target_compile_options(tollgate_build INTERFACE $<$<CONFIG:Release>:
        -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection -fcf-protection -fPIE>)
    target_link_options(tollgate_build INTERFACE $<$<CONFIG:Release>:
        -pie -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack>)
endif()
if(TOLLGATE_FUZZ)
    # Coverage for libFuzzer to steer by; the targets themselves link it (tests/fuzz).
    target_compile_options(tollgate_build INTERFACE -fsanitize=fuzzer-no-link)
endif()
