-- For wrk: reads one note after another, of those whose paths are the lines of the file $NOTE_PATHS.
local requests = {}
local last = 0

function init()
    for path in io.lines(os.getenv("NOTE_PATHS")) do
        requests[#requests + 1] = wrk.format("GET", path)
    end
end

function request()
    last = last % #requests + 1
    return requests[last]
end
