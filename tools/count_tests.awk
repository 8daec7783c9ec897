# Reads ctest's LastTest.log; prints each suite's closing line, then "passed N failed M" as the last line.
# A cmocka program counts with each of its tests, a Python one with each it ran, any other suite as one. What was skipped
# counts as neither.

/^[0-9]+\/[0-9]+ Testing: / {
    name = $3
    in_output = passed = failed = 0
    closing = ""
    can_run = 1
    next
}
/^Command: ""$/ { can_run = 0; closing = "the program is missing" }
/^Output:$/ { in_output = 1; next }
/^<end of output>$/ { in_output = 0; next }

in_output && /^\[ +(PASSED|FAILED) +\] [0-9]+ test/ {
    match($0, /\] [0-9]+/)
    number = substr($0, RSTART + 2, RLENGTH - 2)
    if (/PASSED/) passed += number
    else failed += number
    next
}
in_output && /^Ran [0-9]+ tests? in / { passed += $2; next }
in_output && /^(FAILED|OK) \(/ {
    line = $0
    while (match(line, /(failures|errors|skipped)=[0-9]+/)) {
        number = substr(line, RSTART, RLENGTH)
        sub(/.*=/, "", number)
        failed += substr(line, RSTART, 1) == "s" ? 0 : number
        passed -= number
        line = substr(line, RSTART + RLENGTH)
    }
    next
}
in_output && NF > 0 && !/^-+$/ { closing = $0 }

/^Test (Passed|Failed)/ {
    ok = /^Test Passed/ && can_run && failed == 0
    if (passed + failed > 0) {
        closing = passed " passed, " failed " failed"
    } else {
        passed = ok
    }
    if (!ok && failed == 0) {
        failed = 1
    }
    printf "  %-6s %-32s %s\n", ok ? "ok" : "FAILED", name, closing
    all_passed += passed
    all_failed += failed
}

END { printf "passed %d failed %d\n", all_passed, all_failed }
