# Adds up a profile of DHAT: the allocations below the function `mark`. With -v list=1 it lists
# their sites in place of the sum, each by its innermost frame in `crate` and who called that, with
# the bytes that are held at the end.

/"tbk":/ {
    match($0, /"tbk":[0-9]+/)
    blocks = substr($0, RSTART + 6, RLENGTH - 6)
}
/"eb":/ {
    match($0, /"eb":[0-9]+/)
    bytes = substr($0, RSTART + 5, RLENGTH - 5)
}
/"fs":\[/ {
    list_of_frames = $0
    gsub(/.*"fs":\[|\].*/, "", list_of_frames)
    stack[points] = list_of_frames
    held[points] = bytes
    made[points++] = blocks
}
/"ftbl":/ { in_table = 1; next }
in_table && /^ [[,]"/ {
    frame = $0
    gsub(/^ [[,]"(0x[0-9A-F]+: )?|"$/, "", frame)
    name[names++] = frame
}

function short(frame) {
    gsub(/countersign::|<impl [^>]*>::|::\{closure[^}]*\}/, "", frame)
    return frame
}

END {
    for (point = 0; point < points; point++) {
        depth = split(stack[point], frames, ",")
        marked = found = 0
        site = "(none of its own)"
        for (i = 1; i <= depth; i++) {
            frame = name[frames[i]]
            if (index(frame, mark)) marked = 1
            if (found < 2 && frame ~ "(^|[^_a-z])" crate "::" && frame !~ /library\//) {
                site = found++ ? site " < " short(frame) : short(frame)
            }
        }
        if (marked) {
            sum += made[point]
            at[site] += made[point]
            held_at[site] += held[point]
        }
    }
    if (!list) print sum + 0
    else for (site in at) printf "%6d %6d  %s\n", at[site], held_at[site], site
}
