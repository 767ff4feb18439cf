# Adds up a profile of callgrind, written with --compress-strings=no --compress-pos=no, by kind of
# work. The first sum is what a change of ours can make grow: all but cryptography and the allocator,
# whose cost depends on what the heap looks like; allocations are counted in its place.
# With -v list=1 it lists functions outside cryptography in place of the sums.

function kind(file, name) {
    if (file ~ /\/ring-[0-9]/ || name ~ /^<?ring::/) {
        return (file name) ~ /sha256|sha2|digest|hmac|hkdf|aes|gcm|aead|ghash/ ? "hashes and AEAD" \
                                                                         : "public keys"
    }
    if ((file name) ~ /webpki|x509_parser|x509-parser|asn1_rs|asn1-rs|untrusted|der_parser|nom::/) {
        return "certificates"
    }
    if (file ~ /\/malloc\.c$/ || name ~ /__r(ust|dl|g)_/) return "allocator"
    if (name ~ /mem(cpy|move|set|cmp)/ || file ~ /raw_vec/) return "moves"
    return "protocol"
}

/^fl=/ { file = substr($0, 4) }
/^fn=/ { name = substr($0, 4); file_of[name] = file; next }
# What a call costs is counted where it is spent.
/^calls=/ { getline; next }
/^[0-9]/ { spent[name] += $2 }

END {
    for (name in spent) {
        group = kind(file_of[name], name)
        sum[group] += spent[name]
        if (list && group != "hashes and AEAD" && group != "public keys" && spent[name] >= 500) {
            printf "%8d  %-12s %s\n", spent[name], group, name
        }
    }
    if (!list) {
        printf "%d\n%d %d %d %d %d %d\n",
            sum["certificates"] + sum["moves"] + sum["protocol"],
            sum["certificates"], sum["moves"], sum["protocol"],
            sum["allocator"], sum["hashes and AEAD"], sum["public keys"]
    }
}
